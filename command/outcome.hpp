#pragma once

// What applying a command answers. It is a function of the log alone, so every node computes the same.

#include "command/transaction.hpp"

#include <optional>

namespace troupe {

enum class outcome : std::uint8_t {
  applied = 0,          ///< the command took effect (a transaction may still have taken its failure branch)
  session_unknown,      ///< never opened, closed or expired: not applied, open a new one
  sequence_forgotten,   ///< below lowest_outstanding: applied or not is no longer known; not applied again
  too_many_outstanding, ///< more than limits::session_results_max numbers outstanding: not applied
  sessions_full,        ///< limits::sessions_max sessions are open: not applied
  idempotency_conflict, ///< the key was used with another body: not applied
  idempotency_full,     ///< limits::idempotency_keys_max keys remembered: not applied
  malformed,            ///< the bytes are no command of a known version: not applied
  repeated, ///< the same proposal of the same process was applied before: not applied again; nobody is told
            ///< this
  proposal_forgotten, ///< proposed again too late: applied or not is no longer known; not applied again
};

struct put_result {
  bool created = false; ///< the key was absent before
  friend bool operator==(const put_result&, const put_result&) = default;
};
struct delete_result {
  bool deleted = false; ///< the key was there before
  friend bool operator==(const delete_result&, const delete_result&) = default;
};
struct get_result {
  std::optional<key_value> found;
  friend bool operator==(const get_result&, const get_result&) = default;
};
struct annotate_result {
  /// False: the key moved on, the annotation is of another model, or its vectors are none of the model's.
  /// True also when the value had one that is as good already: the answer depends on the log alone, while
  /// snapshots may hold annotations that are newer than they (docs/consistency.md, "Derived data: vectors").
  bool accepted = false;
  friend bool operator==(const annotate_result&, const annotate_result&) = default;
};
/// Answers the operation at the same place of the branch that ran.
using operation_result = std::variant<put_result, delete_result, get_result, annotate_result>;

struct command_result {
  outcome code = outcome::applied;
  bool replayed = false; ///< this is the remembered answer of an earlier application
  bool truncated =
      false; ///< `results` were left out: too large to remember (then also replayed) or to answer
  bool succeeded = false; ///< transaction: all compares held
  revision_t revision;    ///< of the key space right after the (first) application
  session_id session;     ///< open_session: the new session
  std::vector<operation_result> results;

  friend bool operator==(const command_result&, const command_result&) = default;
};

} // namespace troupe
