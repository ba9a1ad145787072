#pragma once

// What a log entry of kind `command` holds.

#include "command/transaction.hpp"

#include <optional>

namespace troupe {

/// Makes a retried request harmless (Raft dissertation §6.3). Sequence numbers start at 1 and are never
/// reused.
struct session_stamp {
  session_id session;
  sequence_t sequence;
  /// The smallest number still waiting for its answer; results below it are forgotten.
  sequence_t lowest_outstanding;

  friend bool operator==(const session_stamp&, const session_stamp&) = default;
};

/// An HTTP Idempotency-Key. The same key with another fingerprint is refused.
struct idempotency_stamp {
  std::string key;                ///< 1 to limits::idempotency_key_bytes_max bytes
  std::uint64_t fingerprint_high; ///< 128-bit hash of method, path, conditions and body as they came
  std::uint64_t fingerprint_low;

  friend bool operator==(const idempotency_stamp&, const idempotency_stamp&) = default;
};

/// Registers a session. Its id is the log index of the entry that carries this.
struct open_session {
  friend bool operator==(const open_session&, const open_session&) = default;
};

struct close_session {
  session_id session;
  friend bool operator==(const close_session&, const close_session&) = default;
};

/// Forgets versions that no read at `revision` or later can see. Clamped to what exists; never goes back.
struct compact_history {
  revision_t revision;
  friend bool operator==(const compact_history&, const compact_history&) = default;
};

/// The memory of the cluster is full, or is so no longer. Replicated, so that every node knows it from the
/// log, a new leader and a restarted node too; what it has for a consequence is decided before a write is
/// proposed (docs/decisions/0008). Without effect when it says what is known.
struct set_memory_alarm {
  bool on = false;
  friend bool operator==(const set_memory_alarm&, const set_memory_alarm&) = default;
};

struct command {
  std::optional<session_stamp> session;
  std::optional<idempotency_stamp> idempotency;
  std::variant<transaction, open_session, close_session, compact_history, set_embedding, set_memory_alarm>
      body;

  friend bool operator==(const command&, const command&) = default;
};

/// Whether applying it may make the state larger, whichever branch is taken: a put or a vector anywhere in
/// it. What only deletes, compares and reads does not, nor do sessions and upkeep.
bool may_grow(const command& c);

} // namespace troupe
