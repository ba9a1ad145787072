#pragma once

// The snapshotter: writes, sends and receives snapshot files, on a thread of its own. Local only.

#include "messages/storage.hpp"
#include "raft/output.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace troupe {

/// Write a snapshot of what is applied now. One at a time: a trigger while one is being written is answered
/// by that one.
struct snapshot_trigger {
  bool tight = false; ///< the disk is full: no more than the newest snapshot is kept, before and after
};

/// A snapshot is on stable storage, or could not be written.
struct snapshot_report {
  bool ok = false;
  snapshot_meta meta;
  std::uint64_t bytes = 0;
  std::string why_not;
  bool disk_full = false; ///< there was no space for it
};

/// Answers a raft::snapshot_request: a piece of the newest snapshot file.
struct snapshot_piece {
  raft::snapshot_request request;
  bool ok = false;
  snapshot_meta meta;
  std::uint64_t total_size = 0;
  std::string bytes;
  bool done = false;
};

/// Answers a raft::incoming_chunk.
struct chunk_stored {
  snapshot_meta meta;
  std::uint64_t end = 0; ///< bytes of the file that are stored
  bool ok = false;       ///< false: the transfer must begin again
};

/// The last chunk arrived, the file was verified and its state is what the storage actor now holds.
struct snapshot_received {
  snapshot_meta meta;
  std::int64_t leader_time_ms = 0; ///< largest leader time in that state
  storage_facts facts;             ///< of that state
};

using snapshotter_actor = caf::typed_actor<
    // from raft; answered by snapshot_report
    caf::reacts_to<snapshot_trigger>,
    // from raft; answered by snapshot_piece
    caf::reacts_to<raft::snapshot_request>,
    // from raft; answered by chunk_stored, and by snapshot_received after the last one
    caf::reacts_to<raft::incoming_chunk>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::snapshot_trigger)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::snapshot_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::raft::snapshot_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::snapshot_piece)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::raft::incoming_chunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::chunk_stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::snapshot_received)
