// Handing the leadership over: dissertation §3.10.

#include "raft/machine.hpp"

#include <utility>

namespace troupe::raft {

handover machine::hand_over(const node_id& to) {
  auto* role = std::get_if<leader>(&role_);
  if (!role) return leader_ && to == leader_ ? handover::leads : handover::not_leader;
  if (to == self_) return handover::leads;
  if (role->heir) return !to || to == role->heir ? handover::begun : handover::busy;
  auto heir = to ? to : best_heir(*role);
  if (!heir) return handover::unheard;
  auto* m = log_.members().find(heir);
  if (!m) return handover::no_member;
  if (!m->voter) return handover::no_voter;
  auto& pr = role->others.at(heir);
  // One that first needs a snapshot would take longer than the cluster is to wait.
  if (!is_heard(pr) || pr.at == progress::mode::snapshot) return handover::unheard;
  role->heir = std::move(heir);
  role->ticks_with_heir = 0;
  role->ticks_since_told.reset();
  return handover::begun;
}

node_id machine::handing_over_to() const {
  auto* role = std::get_if<leader>(&role_);
  return role ? role->heir : node_id{};
}

bool machine::is_heard(const progress& pr) const {
  return pr.ticks_since_contact < limits_.election_ticks_min;
}

/// The voter that holds most, of those that are heard; empty if there is none.
node_id machine::best_heir(const leader& role) const {
  const std::pair<const node_id, progress>* best = nullptr;
  for (auto& other : role.others) {
    auto& pr = other.second;
    if (!pr.voter || !is_heard(pr) || pr.at == progress::mode::snapshot) continue;
    if (!best || pr.match > best->second.match) best = &other;
  }
  return best ? best->first : node_id{};
}

/// Writers wait meanwhile: an heir that does not come is not waited for longer than a silent leader would be.
void machine::tick_handover(leader& role) {
  if (!role.heir) return;
  auto found = role.others.find(role.heir);
  bool lost = found == role.others.end() || !found->second.voter || !is_heard(found->second);
  if (lost || ++role.ticks_with_heir >= limits_.election_ticks_min) {
    role.heir = {};
    return;
  }
  if (role.ticks_since_told && ++*role.ticks_since_told >= limits_.heartbeat_ticks)
    role.ticks_since_told.reset();
}

/// Nothing is proposed any more, so what the heir holds now is all there will be, and its log wins any vote.
void machine::tell_heir(leader& role) {
  if (!role.heir || role.ticks_since_told) return;
  auto found = role.others.find(role.heir);
  if (found == role.others.end() || found->second.match != log_.last_index()) return;
  role.ticks_since_told = 0;
  // The heir waits for nobody, and the word may reach it late, also when this leader has gone on.
  role.trust.give_up();
  send(role.heir, timeout_now{state_.term});
}

void machine::step(follower&, const node_id& from, timeout_now&) {
  // One that came late, from a handover that was given up, does no harm beyond an election.
  if (from != leader_ || !may_campaign() || receiver_.installing()) return;
  become_follower(state_.term, {});
  become_candidate(true);
}

} // namespace troupe::raft
