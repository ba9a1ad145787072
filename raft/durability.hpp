#pragma once

// What is on its way to the disk, and what has arrived there.

#include "base/entry.hpp"
#include "raft/output.hpp"

#include <deque>
#include <optional>
#include <vector>

namespace troupe::raft {

/// Gathers changes of hard state and log into numbered batches, which become durable in order; but a hard
/// state may be so earlier than the entries, and even the truncation, before it, so that a node whose disk
/// has no space for entries still votes.
///
/// Why it may. What a hard state promises is about terms, and holds without any entry. What an
/// acknowledgement promises, entries, counts by durable_index() alone. A vote is given, or asked for, by the
/// log in memory. All that this node acknowledged and that is or may become committed is in that: the log
/// changes other than by growing only as the leader of the present term says, who holds all of it (Leader
/// Completeness, paper §5.4.3). So the vote was right when it was given, and a crash that leaves the vote and
/// takes unacknowledged entries back, or brings a suffix back that had been truncated, leaves a node that
/// never got the leader's last messages, in a term in which it has voted and will not vote again.
class durability {
public:
  explicit durability(index_t last_on_disk) : durable_(last_on_disk), issued_last_(last_on_disk) {}

  void set_state(hard_state state);
  void append(entry e);
  /// The log was cut: a batch still on its way no longer makes the entries it carried from here on durable.
  void truncate(index_t from);
  /// The log was replaced by a durable snapshot at `index`. Precondition: no appended entries wait for
  /// take().
  void reset(index_t index);

  /// The next batch, if anything changed.
  std::optional<persist_batch> take();
  /// All batches up to `number` are durable, and the hard states up to `state_number`. Numbers already known
  /// are ignored.
  void persisted(std::uint64_t number, std::uint64_t state_number);

  /// Entries of the present log up to here are durable.
  index_t durable_index() const { return durable_; }
  /// The present term and vote are durable.
  bool state_is_durable() const { return persisted_state_ >= state_number_; }

private:
  struct flight {
    std::uint64_t number;
    index_t last; ///< when durable, the present log is durable up to here
  };

  persist_batch pending_;
  std::uint64_t issued_number_ = 0;
  std::uint64_t persisted_state_ = 0; ///< states up to this batch are durable
  std::uint64_t state_number_ = 0;    ///< of the batch that carries the newest state
  index_t durable_;
  index_t issued_last_;       ///< where the log on disk ends once all issued batches are there
  std::deque<flight> flying_; ///< ascending by number
};

} // namespace troupe::raft
