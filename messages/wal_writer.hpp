#pragma once

// The WAL writer: owns the log files, on a thread of its own. Everything that waits while one fdatasync runs
// goes out with the next. Local only.

#include "messages/tick.hpp"
#include "raft/output.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

namespace troupe {

/// Everything up to and including the batch `number` is on stable storage, and the hard states up to the
/// batch `state_number`: a vote does not wait for space with the entries before it.
struct persisted_notice {
  std::uint64_t number = 0; ///< 0: none since the last notice
  term_t term;              ///< of the last log entry at that point
  index_t index;            ///< of the last log entry at that point
  std::uint64_t state_number = 0;
};

/// A snapshot is on stable storage: entries below first_kept may go.
struct log_compaction {
  snapshot_meta meta;
  index_t first_kept;
};

/// A snapshot of the leader replaces everything: the log begins anew behind it.
struct log_reset {
  snapshot_meta meta;
};
struct log_reset_done {
  snapshot_meta meta;
};

/// There was no space for a snapshot: the log makes some, by letting its reserve go.
struct disk_short {};

/// Sent to the Raft actor when it changes, and once after the start.
struct log_condition {
  bool disk_full = false;  ///< the next segment could not be prepared: propose nothing that grows
  bool room = false;       ///< though the disk is full, the log takes small entries, within its reserve
  std::uint64_t bytes = 0; ///< on disk
  index_t first;           ///< oldest entry kept
};

using wal_writer_actor = caf::typed_actor<
    // from raft, in the order of their numbers; answered by persisted_notice, one for several batches
    caf::reacts_to<raft::persist_batch>,
    // from raft
    caf::reacts_to<log_compaction>,
    // from raft; answered by log_reset_done
    caf::reacts_to<log_reset>,
    // from raft
    caf::reacts_to<disk_short>,
    // the writer to itself: write and sync what has been staged
    caf::reacts_to<struct flush_log>,
    // from the ticker: try again to prepare the next segment after the disk was full
    caf::reacts_to<tick>>;

struct flush_log {};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::raft::persist_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::persisted_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::log_compaction)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::log_reset)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::log_reset_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::log_condition)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::disk_short)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::flush_log)
