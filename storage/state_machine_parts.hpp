#pragma once

// The parts of a state machine, shared by the files that apply, capture and restore it. Nobody else includes
// this.

#include "storage/change_feed.hpp"
#include "storage/embedding_table.hpp"
#include "storage/idempotency_table.hpp"
#include "storage/key_space.hpp"
#include "storage/origin_table.hpp"
#include "storage/session_table.hpp"
#include "storage/state_machine.hpp"

namespace troupe::storage {

struct state_parts {
  /// Shared with pins, which may outlive the state machine.
  std::shared_ptr<key_space> keys = std::make_shared<key_space>();
  std::shared_ptr<embedding_table> embedding = std::make_shared<embedding_table>();
  change_feed feed;
  origin_table origins;
  session_table sessions;
  idempotency_table idempotency;
  membership members;
  index_t index;
  term_t term;
  std::int64_t time_ms = 0;
  bool memory_alarm = false;

  command_result apply_command(const entry& e);
  command_result apply_membership(std::string_view payload);
  /// The key as it is now.
  key_change current(std::string_view key) const;

private:
  command_result apply_once(command& c);
  command_result apply_idempotent(command& c);
  command_result execute(command& c);
  command_result run(transaction& t);
  bool holds(const compare& c) const;
  command_result answer(outcome code) const;
};

/// A query against `keys` at `newest` or, if it names one, an older revision from `oldest` on.
query_result run_query(const key_space& keys, const query& q, revision_t oldest, revision_t newest);

} // namespace troupe::storage
