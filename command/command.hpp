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

struct command {
  std::optional<session_stamp> session;
  std::optional<idempotency_stamp> idempotency;
  std::variant<transaction, open_session, close_session, compact_history, set_embedding> body;

  friend bool operator==(const command&, const command&) = default;
};

} // namespace troupe
