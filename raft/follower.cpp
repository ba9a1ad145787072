// The follower's side of replication: paper §5.3 and §7.

#include "raft/machine.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

void machine::step(follower& role, const node_id& from, append_request& m) {
  follow(from);
  if (m.hold) hold_ticks_ = limits_.election_ticks_min;
  bool new_round = m.read_round > role.read_round;
  role.read_round = std::max(role.read_round, m.read_round);
  if (receiver_.installing()) {
    role.answer_due = true;
    return;
  }
  // Up to the commit index every log is the same, whatever it still remembers of it.
  if (m.previous_index > commit_ && !log_.matches(m.previous_index, m.previous_term)) {
    refuse_append(from, role, m);
    return;
  }
  auto last = m.previous_index + m.entries.size();
  bool appended = append_missing(m);
  role.matched = std::max(role.matched, last);
  commit_to(std::min(m.commit, role.matched));
  // New entries are acknowledged when they are durable; anything else is answered now.
  if (new_round || (m.acknowledge && !appended)) role.answer_due = true;
}

/// Appends what the log lacks, cutting off what conflicts (paper figure 2, steps 3 and 4). Says whether there
/// was anything.
bool machine::append_missing(append_request& m) {
  auto& matched = std::get<follower>(role_).matched;
  bool appended = false;
  for (auto& e : m.entries) {
    if (!appended) {
      auto present = log_.term(e.index);
      if (e.index <= commit_) {
        TROUPE_ASSERT(!present || *present == e.term, "a leader contradicts what is committed");
        continue;
      }
      if (present == e.term) continue;
      if (e.index <= log_.last_index()) {
        TROUPE_ASSERT(e.index > matched, "a leader contradicts itself");
        log_.truncate(e.index);
        durability_.truncate(e.index);
      }
      appended = true;
    }
    append(std::move(e));
  }
  return appended;
}

/// Says how far back the leader must go at least: our last entry that is not of a later term than the one it
/// tried. With the same rule on its side a conflict costs one message a term, not one an entry (end of paper
/// §5.3).
void machine::refuse_append(const node_id& from, const follower& role, const append_request& m) {
  append_response response{state_.term, false, m.previous_index, {}, {}, role.read_round};
  auto limit = std::min(m.previous_index, log_.last_index());
  response.hint_index = std::max(log_.last_not_after(limit, m.previous_term), commit_);
  response.hint_term = log_.term(response.hint_index).value_or(term_t{0});
  send(from, std::move(response));
}

void machine::answer_leader(follower& role) {
  if (!leader_) return;
  auto durable_match = std::min(role.matched, durability_.durable_index());
  if (deliberately(bug::ack_before_durable)) durable_match = role.matched;
  if (durability_.state_is_durable() && (role.answer_due || durable_match > role.acknowledged)) {
    send(leader_, append_response{state_.term, true, durable_match, {}, {}, role.read_round});
    role.acknowledged = std::max(role.acknowledged, durable_match);
    role.answer_due = false;
  }
  if (auto number = questions_.ask()) send(leader_, read_index_request{state_.term, *number});
}

void machine::step(follower&, const node_id&, read_index_response& m) {
  auto ids = questions_.answered(m.number);
  if (ids.empty()) return;
  if (m.granted)
    next_.reads.push_back({std::move(ids), m.index});
  else
    next_.reads_failed.insert(next_.reads_failed.end(), ids.begin(), ids.end());
}

void machine::step(follower& role, const node_id& from, install_snapshot& m) {
  follow(from);
  if (receiver_.installing()) return;
  if (m.meta.index <= commit_ || log_.matches(m.meta.index, m.meta.term)) {
    // Nothing to install: the log has it all. What is not durable yet is acknowledged when it is.
    receiver_.abandon();
    role.matched = std::max(role.matched, m.meta.index);
    commit_to(m.meta.index);
    if (m.meta.index <= durability_.durable_index()) answer_installed(m.meta.index);
    return;
  }
  switch (receiver_.receive(m)) {
  case snapshot_receiver::verdict::store:
    next_.store_chunk = incoming_chunk{std::move(m.meta), m.total_size, m.offset, std::move(m.chunk), m.done};
    break;
  case snapshot_receiver::verdict::answer:
    send(from, install_snapshot_response{state_.term, m.meta.index, receiver_.next_offset(),
                                         install_status::receiving});
    break;
  case snapshot_receiver::verdict::ignore: break;
  }
}

void machine::chunk_stored(const snapshot_meta& meta, std::uint64_t next_offset) {
  auto offset = receiver_.stored(meta, next_offset);
  if (offset && leader_)
    send(leader_, install_snapshot_response{state_.term, meta.index, *offset, install_status::receiving});
}

void machine::snapshot_installed(const snapshot_meta& meta, std::int64_t leader_time_ms) {
  TROUPE_ASSERT(receiver_.finish(meta), "a snapshot nobody sent was installed");
  TROUPE_ASSERT(meta.index > commit_, "a snapshot would take the state back");
  log_.reset(meta);
  durability_.reset(meta.index);
  apply_.reset(meta.index);
  commit_ = meta.index;
  log_time_.came(leader_time_ms);
  if (auto* role = std::get_if<follower>(&role_)) role->matched = std::max(role->matched, meta.index);
  answer_installed(meta.index);
}

void machine::snapshot_rejected(const snapshot_meta& meta) {
  if (!receiver_.reject(meta)) return;
  if (leader_) send(leader_, install_snapshot_response{state_.term, meta.index, 0, install_status::rejected});
}

void machine::answer_installed(index_t snapshot_index) {
  if (leader_)
    send(leader_, install_snapshot_response{state_.term, snapshot_index, 0, install_status::installed});
}

} // namespace troupe::raft
