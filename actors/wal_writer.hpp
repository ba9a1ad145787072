#pragma once

// The actor that owns the write-ahead log. Meant to be spawned detached: it blocks in fdatasync.

#include "messages/supervisor.hpp"
#include "messages/wal_writer.hpp"
#include "storage/wal.hpp"

#include <caf/all.hpp>

#include <deque>
#include <memory>
#include <optional>

namespace troupe {

/// Group commit without a timer: a batch that arrives stages its records and, if none is on its way, sends
/// the writer a flush message. Mailboxes are first-in first-out, so everything that arrived while the last
/// sync ran is staged before that flush.
struct wal_writer_state {
  static inline const char* name = "wal_writer";

  std::unique_ptr<storage::wal> log;
  supervisor_actor supervisor;
  caf::strong_actor_ptr raft; ///< who sent the last batch, and gets the notices

  /// Batches that could not be staged because the disk is full; bounded by the core's limit on what is
  /// uncommitted. Nothing behind them is staged, so that the order stays, but for hard states: a node whose
  /// entries wait votes all the same (why it may: raft/durability.hpp).
  std::deque<raft::persist_batch> stalled;
  std::optional<hard_state> unsaved; ///< the newest; not even for this was there space
  bool state_saved = false;          ///< one was staged since the last notice
  std::uint64_t arrived_number = 0;  ///< of the newest batch
  std::uint64_t staged_number = 0;   ///< of the newest staged batch; 0: none since the last notice
  std::optional<snapshot_meta> staged_reset;
  term_t last_term;
  bool flush_pending = false;
  bool disk_full = false;  ///< until the log has its next segment and its reserve again
  unsigned hold_pause = 0; ///< ticks before the reserve is taken again: what it gave is for a snapshot first
  bool told_room = false;  ///< log_condition::room, as last said
  bool stopped = false;    ///< a write or sync failed: nothing more is written
};

wal_writer_actor::behavior_type wal_writer(wal_writer_actor::stateful_pointer<wal_writer_state> self,
                                           std::shared_ptr<std::unique_ptr<storage::wal>> log,
                                           term_t last_term, supervisor_actor supervisor);

} // namespace troupe
