#include "command/health.hpp"

#include <algorithm>

namespace troupe {

namespace {

std::string seconds_of(std::int64_t ms) {
  return std::to_string(ms / 1'000) + " s";
}

/// A new leader does not know what the others have until they have answered it.
bool is_known(const member_status& m) {
  return m.match.value != 0;
}

member_health assess_member(const cluster_status& status, const member_status& m) {
  member_health out{m.id, member_state::unknown, 0};
  if (status.role != node_role::leader) return out;
  if (is_known(m)) out.lag = status.commit.value - std::min(status.commit.value, m.match.value);
  bool heard = m.id == status.self || (m.last_contact_ms >= 0 && m.last_contact_ms < unheard_after_ms);
  bool behind = !is_known(m) || out.lag > behind_after_entries || (out.lag > 0 && !m.keeps_up);
  if (!heard)
    out.state = member_state::unreachable;
  else if (m.disk_full)
    out.state = member_state::disk_full;
  else if (!behind)
    out.state = member_state::ok;
  else
    out.state = m.role == node_role::learner ? member_state::catching_up : member_state::behind;
  return out;
}

void describe_member(const member_status& m, const member_health& h, std::vector<std::string>& problems) {
  switch (h.state) {
  case member_state::ok:
  case member_state::unknown: return;
  case member_state::unreachable:
    problems.push_back(m.id.name + (m.last_contact_ms < 0
                                        ? " was never heard"
                                        : " is not heard for " + seconds_of(m.last_contact_ms)));
    return;
  case member_state::disk_full: problems.push_back("the disk of " + m.id.name + " is full"); return;
  case member_state::behind:
  case member_state::catching_up:
    problems.push_back(m.id.name + (is_known(m) ? " is " + std::to_string(h.lag) + " entries behind"
                                                : " has not answered this leader yet"));
  }
}

void describe_node(const cluster_status& status, health& out) {
  if (status.memory_alarm) out.problems.push_back("the memory quota is used up, only deletes are taken");
  // The leader's own is that of a member.
  if (status.disk_full && status.role != node_role::leader)
    out.problems.push_back("the disk of " + status.self.name + " is full");
}

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (auto& p : parts)
    out += (out.empty() ? "" : "; ") + p;
  return out;
}

} // namespace

std::string_view to_string(member_state state) {
  switch (state) {
  case member_state::ok: return "ok";
  case member_state::behind: return "behind";
  case member_state::unreachable: return "unreachable";
  case member_state::catching_up: return "catching up";
  case member_state::disk_full: return "disk full";
  case member_state::unknown: return "unknown";
  }
  return "unknown";
}

std::string_view to_string(cluster_state state) {
  switch (state) {
  case cluster_state::healthy: return "healthy";
  case cluster_state::degraded: return "degraded";
  case cluster_state::unavailable: return "unavailable";
  case cluster_state::unknown: return "unknown";
  }
  return "unknown";
}

health assess(const cluster_status& status) {
  health out;
  if (status.search.text_on || status.search.vectors_on)
    out.index_lag =
        status.revision.value - std::min(status.revision.value, status.search.indexed_revision.value);
  std::uint32_t able = 0;
  for (auto& m : status.members) {
    auto h = assess_member(status, m);
    if (m.role != node_role::learner) {
      ++out.voters;
      out.voters_ok += h.state == member_state::ok;
      // Whose disk is full and who lacks entries can vote, but helps to commit nothing.
      able += h.state != member_state::unreachable && !(h.state == member_state::disk_full && h.lag > 0);
    }
    describe_member(m, h, out.problems);
    out.members.push_back(std::move(h));
  }
  describe_node(status, out);
  auto well = std::to_string(out.voters_ok) + " of " + std::to_string(out.voters) + " voters";
  if (!status.leader) {
    out.summary = status.cluster ? "UNAVAILABLE: no leader is known to " + status.self.name
                                 : "UNAVAILABLE: the cluster has not formed yet";
    return out;
  }
  if (status.role != node_role::leader) {
    out.state = cluster_state::unknown;
    out.summary = "unknown: " + status.leader.name + " leads, and knows how the others are";
    if (!out.problems.empty()) out.summary += "; " + joined(out.problems);
    return out;
  }
  auto majority = out.voters / 2 + 1;
  if (able < majority) {
    out.summary = "UNAVAILABLE: " + well + "; " + joined(out.problems);
    return out;
  }
  out.tolerates = out.voters_ok - std::min(out.voters_ok, majority);
  out.state = out.problems.empty() ? cluster_state::healthy : cluster_state::degraded;
  out.summary = (out.problems.empty() ? "healthy: " : "DEGRADED: " + joined(out.problems) + "; ") + well +
                ", tolerates " + std::to_string(out.tolerates) +
                (out.tolerates == 1 ? " failure" : " failures");
  return out;
}

} // namespace troupe
