// Elections: paper §5.2 and §5.4.1, pre-vote as in dissertation §9.6.

#include "raft/machine.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace troupe::raft {

void machine::become_follower(term_t term, node_id leader) {
  TROUPE_ASSERT(term >= state_.term, "terms never fall");
  if (auto* role = std::get_if<raft::leader>(&role_)) {
    auto ids = role->reads.fail();
    next_.reads_failed.insert(next_.reads_failed.end(), ids.begin(), ids.end());
  }
  if (term > state_.term) set_hard_state({term, {}});
  receiver_.abandon();
  leader_ = {};
  // Whatever is committed is in the log of every later leader (Leader Completeness, paper §5.4.3).
  role_ = follower{commit_, commit_, false, 0};
  restart_election_timer();
  auto ids = questions_.fail();
  next_.reads_failed.insert(next_.reads_failed.end(), ids.begin(), ids.end());
  if (leader) follow(leader);
}

/// A leader of the present term was heard.
void machine::follow(const node_id& leader) {
  TROUPE_ASSERT(!leader_ || leader_ == leader, "two leaders in one term");
  if (!leader_) {
    leader_ = leader;
    election_timeout_ =
        static_cast<unsigned>(random_.between(limits_.election_ticks_min, limits_.election_ticks_max));
  }
  election_ticks_ = 0;
}

void machine::campaign() {
  become_follower(state_.term, {});
  pre_candidate role;
  role.granted.insert(self_);
  bool alone = is_quorum(role.granted);
  role_ = std::move(role);
  if (alone) {
    become_candidate(false);
    return;
  }
  for (auto& m : log_.members().members)
    if (m.voter && m.id != self_)
      send(m.id, pre_vote_request{state_.term + 1, log_.last_index(), log_.last_term()});
}

void machine::become_candidate(bool handed_over) {
  set_hard_state({state_.term + 1, self_});
  role_ = candidate{};
  election_ticks_ = 0;
  // A split vote is tried again sooner than a silent leader is given up: there is none to be disturbed.
  election_timeout_ = static_cast<unsigned>(
      random_.between(std::max(1u, limits_.election_ticks_min / 2), limits_.election_ticks_min));
  for (auto& m : log_.members().members)
    if (m.voter && m.id != self_)
      send(m.id, vote_request{state_.term, log_.last_index(), log_.last_term(), handed_over});
}

/// The own vote counts when it is durable, like anybody's.
void machine::grant_own_vote() {
  auto& role = std::get<candidate>(role_);
  role.granted.insert(self_);
  if (is_quorum(role.granted)) become_leader();
}

void machine::become_leader() {
  TROUPE_ASSERT(durability_.state_is_durable(), "leads in a term that may be forgotten");
  leader_ = self_;
  leader role{limits_.lease_us};
  role.first_own = log_.last_index() + 1;
  role_ = std::move(role);
  sync_members(std::get<leader>(role_));
  // Only with an entry of its own term committed does a leader know what is (paper §5.4.2, §8).
  entry noop;
  noop.term = state_.term;
  noop.index = log_.last_index() + 1;
  noop.leader_time_ms = log_time_.now();
  append(std::move(noop));
}

void machine::restart_election_timer() {
  election_ticks_ = 0;
  election_timeout_ =
      static_cast<unsigned>(random_.between(limits_.election_ticks_min, limits_.election_ticks_max));
}

bool machine::is_voter(const node_id& id) const {
  auto* m = log_.members().find(id);
  return m && m->voter;
}

bool machine::is_quorum(const std::set<node_id>& granted) const {
  std::size_t voters = 0;
  std::size_t agreeing = 0;
  for (auto& m : log_.members().members) {
    if (!m.voter) continue;
    ++voters;
    agreeing += granted.count(m.id);
  }
  return agreeing > voters / 2;
}

/// Leads itself, or heard a leader less than the shortest election timeout ago.
bool machine::hears_leader() const {
  return leader_ && (leader_ == self_ || election_ticks_ < limits_.election_ticks_min);
}

/// The log that ends so is at least as complete as ours (paper §5.4.1).
bool machine::is_up_to_date(index_t last_index, term_t last_term) const {
  return deliberately(bug::vote_for_shorter_log) ||
         std::tuple{last_term, last_index} >= std::tuple{log_.last_term(), log_.last_index()};
}

void machine::answer(const node_id& from, const pre_vote_request& m) {
  bool free = !hears_leader() && may_elect();
  bool granted = m.term > state_.term && free && is_up_to_date(m.last_index, m.last_term);
  send(from, pre_vote_response{granted ? m.term : state_.term, granted});
}

void machine::answer(const node_id& from, const vote_request& m) {
  bool free = state_.vote == from || (!state_.vote && !leader_) || deliberately(bug::vote_twice);
  bool granted = free && (may_elect() || m.handed_over) && is_up_to_date(m.last_index, m.last_term);
  if (granted && !state_.vote) {
    set_hard_state({state_.term, from});
    restart_election_timer();
  }
  send(from, vote_response{state_.term, granted});
}

void machine::step(pre_candidate& role, const node_id& from, pre_vote_response& m) {
  if (!m.granted || m.term != state_.term + 1) return;
  role.granted.insert(from);
  if (is_quorum(role.granted)) become_candidate(false);
}

void machine::step(candidate& role, const node_id& from, vote_response& m) {
  // Nobody was asked before the own term is durable.
  if (!m.granted || !durability_.state_is_durable()) return;
  role.granted.insert(from);
  if (is_quorum(role.granted)) become_leader();
}

} // namespace troupe::raft
