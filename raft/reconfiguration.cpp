// Changes of the membership as the leader makes them: dissertation §4.1 and §4.2.

#include "raft/machine.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"
#include "base/entry_archive.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

change_refusal machine::change_membership(const membership_change& change, std::int64_t clock_ms) {
  log_time_.tick(clock_ms);
  auto* role = std::get_if<leader>(&role_);
  if (!role) return change_refusal::not_leader;
  if (role->heir) return change_refusal::handing_over;
  // Majorities of two memberships that are one change apart share a node. So there must never be two that
  // differ by more and both may decide: neither from an unfinished change of this leader, nor from one of an
  // earlier leader that may yet come back. An entry of this term, committed, rules the latter out.
  if (commit_ < role->first_own && !deliberately(bug::change_members_before_commit))
    return change_refusal::not_ready;
  if (log_.members_index() > commit_ && !deliberately(bug::change_members_twice))
    return change_refusal::in_progress;
  auto next = log_.members();
  if (auto why = apply_change(next, change); why != change_refusal::none) return why;
  if (auto* promoted = std::get_if<promote_learner>(&change)) {
    auto& pr = role->others.at(promoted->id);
    if (!is_heard(pr) || pr.at != progress::mode::stream || !pr.rounds.keeps_up)
      return change_refusal::behind;
  }
  if (!hears_quorum_of(*role, next)) return change_refusal::unheard;
  entry e;
  e.term = state_.term;
  e.index = log_.last_index() + 1;
  e.kind = entry_kind::membership;
  e.leader_time_ms = log_time_.now();
  e.payload = blob{encode(next)};
  role->uncommitted.push_back({e.index, e.cost()});
  role->uncommitted_bytes += e.cost();
  append(std::move(e));
  return change_refusal::none;
}

/// Those that would vote could commit the change right away.
bool machine::hears_quorum_of(const leader& role, const membership& members) const {
  std::size_t voters = 0;
  std::size_t heard = 0;
  for (auto& m : members.members) {
    if (!m.voter) continue;
    ++voters;
    auto found = role.others.find(m.id);
    heard += m.id == self_ || (found != role.others.end() && is_heard(found->second));
  }
  return heard > voters / 2;
}

void machine::sync_members(leader& role) {
  role.trust.begin_again();
  std::erase_if(role.others, [&](auto& other) { return !log_.members().find(other.first); });
  for (auto& m : log_.members().members) {
    if (m.id == self_) continue;
    auto [other, is_new] = role.others.try_emplace(m.id);
    other->second.voter = m.voter;
    if (!is_new) continue;
    other->second.become_probe(log_.last_index() + 1);
    other->second.rounds.goal = log_.last_index();
  }
}

/// Its removal is committed, and take() has just told the others so: the leader's work is done (§4.2.2).
void machine::retire_if_removed() {
  auto* role = std::get_if<leader>(&role_);
  if (!role || log_.members_index() > commit_ || log_.members().find(self_)) return;
  // So that nobody has to wait for a timeout. It knows of the removal, so it counts without this node.
  if (auto heir = best_heir(*role); heir && role->others.at(heir).match >= log_.members_index())
    send(heir, timeout_now{state_.term});
  become_follower(state_.term, {});
}

/// The folder that holds this log is the one that `m` names: what an earlier folder of the same id voted for
/// is not known here.
bool machine::is_this_node(const member* m) const {
  return m && (!storage_ || m->storage == storage_);
}

/// A node that was removed may be the only one that holds its removal, and is then needed to commit it
/// (§4.2.2).
bool machine::may_campaign() const {
  if (is_voter(self_)) return is_this_node(log_.members().find(self_));
  auto* before = log_.members_before();
  if (!before || log_.members_index() <= commit_) return false;
  auto* m = before->find(self_);
  return is_this_node(m) && m->voter;
}

log_position machine::members_at() const {
  return {log_.term(log_.members_index()).value_or(term_t{}), log_.members_index()};
}

known_members machine::get_known_members() const {
  known_members out{log_.members(), members_at(), {}, {}};
  if (log_.members_index() <= commit_) {
    out.committed = out.newest;
    out.committed_at = out.newest_at;
  } else if (auto* before = log_.members_before()) {
    // A change is only made when the one before it is committed.
    auto index = log_.members_before_index();
    out.committed = *before;
    out.committed_at = {log_.term(index).value_or(term_t{}), index};
  }
  return out;
}

} // namespace troupe::raft
