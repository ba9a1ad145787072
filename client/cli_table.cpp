#include "client/cli_table.hpp"

#include "command/health.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace troupe::client {

namespace {

using row = std::array<std::string, 7>;

std::string name_of(node_role role) {
  switch (role) {
  case node_role::forming: return "forming";
  case node_role::follower: return "follower";
  case node_role::candidate: return "candidate";
  case node_role::leader: return "leader";
  case node_role::learner: return "learner";
  }
  return "unknown";
}

std::string size_of(std::uint64_t bytes) {
  constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  auto tenths = bytes * 10;
  while (tenths >= 10'240 && unit + 1 < units.size()) {
    tenths /= 1'024;
    ++unit;
  }
  auto text = std::to_string(tenths / 10);
  if (unit > 0) text += "." + std::to_string(tenths % 10);
  return text + " " + units[unit];
}

/// What a member's last sign of life says about it.
std::string contact_of(const cluster_status& s, const member_status& m) {
  if (m.id == s.self) return "answers here";
  if (m.last_contact_ms < 0) return "not heard";
  if (m.last_contact_ms < 1'000) return std::to_string(m.last_contact_ms) + " ms ago";
  return std::to_string(m.last_contact_ms / 1'000) + " s ago";
}

row row_of(const cluster_status& s, const member_status& m) {
  const bool known = s.role == node_role::leader;
  return {(m.id == s.leader ? "* " : "  ") + m.id.name,
          m.peer_address,
          m.http_address,
          m.id == s.self ? name_of(s.role) : name_of(m.role),
          known && m.match.value != 0 ? std::to_string(m.match.value) : "-",
          contact_of(s, m),
          {}};
}

std::string state_of(const member_health& m) {
  auto text = std::string(to_string(m.state));
  if (m.lag == 0) return text;
  // "behind" says it already.
  return m.state == member_state::behind ? std::to_string(m.lag) + " behind"
                                         : text + ", " + std::to_string(m.lag) + " behind";
}

void append_row(std::string& out, const row& r, const std::array<std::size_t, 7>& widths) {
  std::string line;
  for (std::size_t i = 0; i < r.size(); ++i) {
    line += r[i];
    if (i + 1 < r.size()) line.append(widths[i] - r[i].size() + 2, ' ');
  }
  out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

void append_table(std::string& out, const std::vector<row>& rows) {
  std::array<std::size_t, 7> widths{};
  for (auto& r : rows)
    for (std::size_t i = 0; i < r.size(); ++i)
      widths[i] = std::max(widths[i], r[i].size());
  for (auto& r : rows)
    append_row(out, r, widths);
}

/// Whether a member votes, and if not whether it could.
std::string vote_of(const cluster_status& s, const member_status& m) {
  if (m.voter) return "yes";
  if (s.role != node_role::leader) return "no";
  return m.keeps_up ? "no, has caught up" : "no, catching up";
}

/// A node that waits under the id of a member can only take that one's place.
std::string what_waits(const cluster_status& s, const member_status& waiting) {
  bool replaces =
      std::any_of(s.members.begin(), s.members.end(), [&](auto& m) { return m.id == waiting.id; });
  return replaces ? "waits to replace " + waiting.id.name : "waits to be added";
}

} // namespace

std::string status_table(const cluster_status& s) {
  auto well = assess(s);
  std::string out = well.summary + "\n\n";
  out += "cluster   " + (s.cluster ? s.cluster.to_string() : std::string{"forming"}) + "\n";
  out += "leader    " + (s.leader ? s.leader.name : std::string{"none known"}) + ", term " +
         std::to_string(s.term.value) + "\n";
  out += "revision  " + std::to_string(s.revision.value) + " (readable from " +
         std::to_string(s.compacted.value) + "), " + std::to_string(s.keys) + " keys\n";
  out += "log       " + std::to_string(s.first.value) + ".." + std::to_string(s.last.value) + ", committed " +
         std::to_string(s.commit.value) + ", applied " + std::to_string(s.applied.value) + ", snapshot at " +
         std::to_string(s.snapshot.value) + ", " + size_of(s.log_bytes) + "\n";
  out += "memory    " + size_of(s.memory_bytes) + " of " + size_of(s.memory_quota) +
         (s.memory_alarm ? ", FULL: only deletes are taken" : "") + "\n";
  if (s.disk_full) out += "disk      FULL: only deletes are taken\n";
  if (well.index_lag > 0) out += "search    " + std::to_string(well.index_lag) + " revisions behind here\n";
  if (!s.recovered.empty()) out += "REBUILT   " + s.recovered + "\n";
  out += "seen by   " + s.self.name + " (" + name_of(s.role) + ")\n\n";
  std::vector<row> rows{{"  NODE", "PEER", "HTTP", "ROLE", "DURABLE", "HEARD", "STATE"}};
  for (std::size_t i = 0; i < s.members.size(); ++i) {
    rows.push_back(row_of(s, s.members[i]));
    rows.back().back() = state_of(well.members[i]);
  }
  append_table(out, rows);
  return out;
}

std::string member_table(const cluster_status& s) {
  std::vector<row> rows{{"  NODE", "PEER", "HTTP", "VOTES", "DURABLE", "HEARD", {}}};
  for (auto& m : s.members) {
    auto r = row_of(s, m);
    r[3] = vote_of(s, m);
    rows.push_back(std::move(r));
  }
  for (auto& m : s.waiting)
    rows.push_back({"  " + m.id.name, m.peer_address, m.http_address, what_waits(s, m), "-", "now", {}});
  std::string out;
  append_table(out, rows);
  return out;
}

} // namespace troupe::client
