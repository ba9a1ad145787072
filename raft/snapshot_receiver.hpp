#pragma once

// The follower's side of a snapshot transfer: chunks in order, one at a time at the disk.

#include "base/entry.hpp"
#include "raft/message.hpp"
#include "raft/output.hpp"

#include <optional>

namespace troupe::raft {

class snapshot_receiver {
public:
  enum class verdict {
    store,  ///< hand the chunk to the driver
    answer, ///< tell the leader next_offset()
    ignore, ///< the disk is busy with the one before
  };

  verdict receive(const install_snapshot& m);
  /// The offset up to which this snapshot has arrived, if that answers the open chunk.
  std::optional<std::uint64_t> stored(const snapshot_meta& meta, std::uint64_t next_offset);
  std::uint64_t next_offset() const { return offset_; }

  /// The last chunk is with the driver, which replaces state and log: nothing may be appended until it is
  /// done.
  bool installing() const { return installing_.has_value(); }
  /// Whether `meta` is what is being installed; ends that.
  bool finish(const snapshot_meta& meta);
  /// Whether `meta` is what is being installed or has a chunk at the disk; ends that transfer.
  bool reject(const snapshot_meta& meta);
  /// Another leader, another transfer. What is being installed stays so.
  void abandon();

private:
  std::optional<snapshot_meta> meta_; ///< of the transfer under way
  std::uint64_t offset_ = 0;          ///< stored up to here
  std::uint64_t storing_to_ = 0;      ///< where the chunk at the disk ends; offset_ if there is none
  std::optional<snapshot_meta> installing_;
};

} // namespace troupe::raft
