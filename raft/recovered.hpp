#pragma once

// What a node found on its disk when it started; the state in which a consensus core begins.

#include "base/entry.hpp"

#include <cstdint>
#include <vector>

namespace troupe::raft {

/// Entries from `first` on, up to the next run, have this term.
struct term_run {
  index_t first;
  term_t term;

  friend bool operator==(const term_run&, const term_run&) = default;
};

struct membership_at {
  index_t index; ///< of the entry it stands in
  membership members;
};

/// The log must have been synced: everything named here is durable. The first core of a cluster starts from
/// formation's first_hard_state() and first_entry().
struct recovered {
  hard_state state;
  /// The newest snapshot, index 0 if there is none. The state machine stands exactly there.
  snapshot_meta snapshot;
  /// Runs of all log entries, ascending in index and term. Empty if the log is; else it starts at or before
  /// snapshot.index + 1.
  std::vector<term_run> terms;
  /// Of the log; snapshot.index if the log is empty, never less.
  index_t last_index;
  /// The newest entries of the log up to last_index, as many as the driver likes (settings::tail_bytes_max is
  /// a good number).
  std::vector<entry> tail;
  /// All memberships in log entries after the snapshot, ascending. The newest counts; truncation falls back
  /// to the one before.
  std::vector<membership_at> memberships;
  /// Of this node's folder. A membership that gives this node's id to another storage means the folder before
  /// this one: with it this node does not campaign. None: the id alone counts.
  storage_id storage;
  /// The largest leader time known: of the last entry or of the state in the snapshot.
  std::int64_t leader_time_ms = 0;
};

} // namespace troupe::raft
