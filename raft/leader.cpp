// The leader: paper §5.3 and §5.4, reads as in dissertation §6.4, check of its quorum as in §6.2.

#include "raft/machine.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace troupe::raft {

void machine::step(leader&, const node_id&, append_request&) {
  TROUPE_ASSERT(false, "two leaders in one term");
}

void machine::step(leader& role, const node_id& from, append_response& m) {
  auto found = role.others.find(from);
  if (found == role.others.end()) return;
  auto& pr = found->second;
  pr.ticks_since_contact = 0;
  pr.round_acknowledged = std::max(pr.round_acknowledged, m.read_round);
  if (m.accepted)
    matched(role, pr, m.index);
  else
    refused(pr, m);
}

void machine::matched(leader& role, progress& pr, index_t index) {
  TROUPE_ASSERT(index <= log_.last_index(), "a follower holds more of this term than its leader");
  bool advanced = index > pr.match;
  if (advanced) {
    pr.match = index;
    pr.next = std::max(pr.next, index + 1);
    pr.inflight.acknowledged(index);
  }
  pr.rounds.reached(pr.match, log_.last_index(), limits_.election_ticks_min);
  if (pr.at == progress::mode::probe && pr.probe_sent && index + 1 >= pr.next) {
    pr.become_stream();
  } else if (pr.at == progress::mode::snapshot && pr.transfer.index.value != 0 &&
             index >= pr.transfer.index) {
    // Compaction may have overtaken this snapshot; then the probe leads to the next one.
    pr.become_probe(pr.match + 1);
  }
  if (advanced) advance_commit(role);
}

void machine::refused(progress& pr, const append_response& m) {
  // Answers to messages sent before the present state of things say nothing new.
  if (pr.at == progress::mode::snapshot || m.index <= pr.match) return;
  if (pr.at == progress::mode::probe && (!pr.probe_sent || m.index + 1 != pr.next)) return;
  auto agreed = m.hint_term ? log_.last_not_after(m.hint_index, m.hint_term) : m.hint_index;
  pr.become_probe(std::min(agreed + 1, m.index));
}

template <class Value>
Value machine::reached_by_quorum(const leader& role, Value own, Value progress::*member) const {
  std::vector<Value> values;
  values.reserve(role.others.size() + 1);
  if (is_voter(self_)) values.push_back(own);
  for (auto& [id, pr] : role.others)
    if (pr.voter) values.push_back(pr.*member);
  TROUPE_ASSERT(!values.empty(), "a cluster without voters");
  auto enough = values.size() / 2;
  if (enough > 0 && deliberately(bug::count_minority)) --enough;
  auto middle = values.begin() + static_cast<std::ptrdiff_t>(enough);
  std::nth_element(values.begin(), middle, values.end(), std::greater<>());
  return *middle;
}

void machine::advance_commit(leader& role) {
  auto index = reached_by_quorum(role, durability_.durable_index(), &progress::match);
  // Entries of earlier terms are committed only by one of this term after them (paper §5.4.2).
  bool own = index >= role.first_own || deliberately(bug::commit_old_term_by_counting);
  if (index > commit_ && own) commit_to(index);
  // What the others made durable still waits for the disk here, in memory: it counts until it is durable here
  // as well.
  auto settled = std::min(commit_, durability_.durable_index());
  while (!role.uncommitted.empty() && role.uncommitted.front().last <= settled) {
    role.uncommitted_bytes -= role.uncommitted.front().bytes;
    role.uncommitted.pop_front();
  }
}

refusal machine::propose(std::vector<proposal> batch, std::int64_t clock_ms) {
  log_time_.tick(clock_ms);
  auto* role = std::get_if<leader>(&role_);
  if (!role) return refusal::not_leader;
  if (role->heir) return refusal::handing_over;
  if (batch.empty()) return refusal::none;
  std::size_t bytes = 0;
  for (auto& p : batch) {
    TROUPE_ASSERT(p.kind != entry_kind::membership, "members change by change_membership() only");
    bytes += entry{}.cost() + p.payload.size();
  }
  if (role->uncommitted_bytes != 0 && role->uncommitted_bytes + bytes > limits_.uncommitted_bytes_max)
    return refusal::overloaded;
  auto time_ms = log_time_.now();
  for (auto& p : batch)
    append({state_.term, log_.last_index() + 1, p.kind, time_ms, p.from, std::move(p.payload)});
  role->uncommitted.push_back({log_.last_index(), bytes});
  role->uncommitted_bytes += bytes;
  return refusal::none;
}

void machine::read(std::vector<std::uint64_t> ids) {
  auto* role = std::get_if<leader>(&role_);
  auto held = role ? role->reads.own_reads() : questions_.held();
  if (ids.empty()) return;
  if (!leader_ || held + ids.size() > limits_.pending_reads_max)
    next_.reads_failed.insert(next_.reads_failed.end(), ids.begin(), ids.end());
  else if (role)
    role->reads.add_own(std::move(ids));
  else
    questions_.add(std::move(ids));
}

void machine::step(leader& role, const node_id& from, read_index_request& m) {
  if (!role.others.contains(from)) return;
  role.reads.add_question(from, m.number);
}

void machine::serve_reads(leader& role, std::int64_t clock_us) {
  auto reached = [&] { return reached_by_quorum(role, role.reads.newest(), &progress::round_acknowledged); };
  auto finish = [&] {
    auto round = deliberately(bug::read_without_quorum) ? role.reads.newest() : reached();
    for (auto& [index, groups] : role.reads.take_confirmed(round))
      answer_reads(std::move(groups), index);
  };
  // A round that nobody reads by keeps the lease alive.
  auto begin_round = [&](bool for_readers) {
    auto number = for_readers ? role.reads.start(commit_) : role.reads.start_empty();
    role.trust.sent(number, clock_us);
    role.ticks_since_round = 0;
  };
  if (role.trust.usable()) {
    role.trust.confirmed(reached());
    if (role.ticks_since_round >= limits_.heartbeat_ticks) begin_round(false);
  }
  if (commit_ < role.first_own && !deliberately(bug::read_before_own_commit)) return;
  if (role.reads.rounds_flying() > 0) finish();
  if (!role.reads.anyone_waiting()) return;
  // One that is about to be no member is not among those whose promises count.
  if (role.trust.holds(clock_us) && is_voter(self_)) {
    answer_reads(role.reads.take_waiting(), commit_);
    return;
  }
  if (role.reads.rounds_flying() >= limits_.read_rounds_max) return;
  begin_round(true);
  finish(); // a single voter is its own majority
}

void machine::answer_reads(std::vector<read_group> groups, index_t index) {
  for (auto& group : groups) {
    if (group.who)
      send(group.who, read_index_response{state_.term, group.number, true, index});
    else
      next_.reads.push_back({std::move(group.ids), index});
  }
}

void machine::tick_leader(leader& role) {
  tick_handover(role);
  ++role.ticks_since_round;
  for (auto& [id, pr] : role.others) {
    ++pr.ticks_since_contact;
    ++pr.ticks_since_sent;
    ++pr.ticks_since_probe;
    pr.rounds.tick(limits_.election_ticks_min);
    if (pr.at == progress::mode::stream && pr.ticks_since_contact >= limits_.election_ticks_min) {
      pr.become_probe(pr.match + 1);
      pr.probe_sent = true; // again at the next heartbeat
    }
    auto& transfer = pr.transfer;
    if (transfer.at != snapshot_transfer::phase::idle &&
        ++transfer.ticks_in_phase >= limits_.election_ticks_min)
      transfer.at = snapshot_transfer::phase::idle;
  }
  if (++role.ticks_since_quorum_check < limits_.election_ticks_min) return;
  role.ticks_since_quorum_check = 0;
  // Others may have elected a new leader that this one cannot hear: its clients must not wait for it.
  if (!has_contact_with_quorum(role)) become_follower(state_.term, {});
}

bool machine::has_contact_with_quorum(const leader& role) const {
  std::set<node_id> heard{self_};
  for (auto& [id, pr] : role.others)
    if (pr.ticks_since_contact <= limits_.election_ticks_min) heard.insert(id);
  return is_quorum(heard);
}

void machine::step(leader& role, const node_id& from, install_snapshot_response& m) {
  auto found = role.others.find(from);
  if (found == role.others.end()) return;
  auto& pr = found->second;
  pr.ticks_since_contact = 0;
  if (m.status == install_status::installed) {
    matched(role, pr, m.index);
    return;
  }
  auto& transfer = pr.transfer;
  if (pr.at != progress::mode::snapshot || transfer.index != m.index ||
      transfer.at != snapshot_transfer::phase::awaiting_answer)
    return;
  if (m.status == install_status::receiving) {
    transfer.offset = m.next_offset;
    transfer.at = snapshot_transfer::phase::idle;
  } else {
    // From the start, but not at once: this phase ends by time.
    transfer = {snapshot_transfer::phase::awaiting_answer, index_t{0}, 0, 0};
  }
}

} // namespace troupe::raft
