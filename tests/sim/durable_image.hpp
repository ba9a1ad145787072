#pragma once

// What a node's log and votes are known to be on its disk, from what the log's writer was given and what it
// has said is durable. Outside of the node, so it outlives a crash.

#include "messages/wal_writer.hpp"
#include "raft/recovered.hpp"

#include <deque>
#include <map>
#include <string>
#include <variant>

namespace troupe::simulation {

class durable_image {
public:
  const hard_state& state() const { return state_; }
  index_t last() const { return last_; }
  index_t snapshot() const { return snapshot_; }
  /// Entry or snapshot.
  bool holds(index_t index, term_t term) const;
  bool covers(index_t index) const { return index <= last_ || index <= snapshot_; }

  /// 0: no entry is known at this index.
  term_t term_at(index_t index) const {
    auto found = terms_.find(index);
    return found == terms_.end() ? term_t{} : found->second;
  }

  /// Handed to the writer, in this order.
  void given(const raft::persist_batch& batch) { waiting_.emplace_back(batch); }
  void given(const log_reset& reset) { waiting_.emplace_back(reset); }
  /// Said by the writer.
  void durable(const persisted_notice& notice);
  void durable(const log_reset_done& done);

  /// The node starts with what it found. What is wrong with it, or empty.
  std::string restarted(const raft::recovered* found);
  void apply(const raft::persist_batch& batch);
  void apply(const log_reset& reset);

private:
  hard_state state_;
  index_t last_;
  index_t snapshot_;                ///< nothing is known of entries up to here but that they are covered
  std::map<index_t, term_t> terms_; ///< of entries up to last_
  std::deque<std::variant<raft::persist_batch, log_reset>> waiting_;
};

} // namespace troupe::simulation
