#pragma once

// The replicated state machine: what the log means. Apply depends on nothing but the entries, so every node
// that applied the same entries holds the same state and gave the same answers.
//
// Revisions: a transaction that puts a key, or deletes one that is there, takes the next revision, shared by
// everything it does. Nothing else takes one (failed compares with an empty branch, deletes of absent keys,
// gets, annotations, the model, sessions, compaction, no-ops, membership); command_result::revision is then
// the current one. docs/consistency.md describes the whole model.
//
// Not thread-safe. Memory: docs/consistency.md, "Limits".

#include "base/entry.hpp"
#include "command/outcome.hpp"
#include "command/query.hpp"
#include "storage/change.hpp"
#include "storage/pin.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace troupe::storage {

class state_machine {
public:
  /// The empty state before the log: index 0, revision 0, no members.
  state_machine();
  state_machine(state_machine&&) noexcept;
  state_machine& operator=(state_machine&&) noexcept;
  ~state_machine();

  /// Applies the next entry. Precondition (asserted): e.index is applied() + 1 and e.term not below
  /// applied_term(). No-op and membership entries move the index and return a result without content.
  command_result apply(const entry& e);

  /// Answers from the current state, or from an older revision down to compacted().
  query_result run(const query& q) const;

  index_t applied() const;
  term_t applied_term() const;
  /// Of the newest applied write.
  revision_t revision() const;
  /// The oldest revision that can be read.
  revision_t compacted() const;
  /// Keys that exist at revision().
  std::uint64_t keys() const;
  /// Bytes of keys and values of all versions and of vectors in memory, and a flat 64 for each version and
  /// annotation. Includes what compact_some has yet to free, so it may differ a little between nodes.
  std::uint64_t logical_bytes() const;
  /// As the newest set_memory_alarm said. Applying takes no notice of it: what is in the log is applied.
  bool memory_alarm() const;
  std::uint64_t sessions() const;
  std::uint64_t idempotency_keys() const;
  const membership& members() const;
  /// The largest leader time of any applied entry, in milliseconds; 0 before the first.
  std::int64_t leader_time_ms() const;

  /// What changed after the log index `after`, about `bytes_max` bytes of it and at least one whole entry's.
  /// The feed behind it is not part of the replicated state: it begins when the machine is made or loaded and
  /// is bounded (storage/change_feed.hpp). Who is ahead of applied() gets nothing, not `complete`.
  change_batch changes_after(index_t after, std::size_t bytes_max) const;

  const embedding_state& embedding() const;
  /// Every value written at or before it has its vector or the outcome that it has none. revision() when no
  /// value waits for the embedder; goes back only when the model changes.
  revision_t vector_revision() const;
  std::uint64_t pending_vectors() const;
  /// Values that wait for the embedder, oldest mod_revision first, behind (after, key): about `bytes_max`
  /// bytes and at least one, if there is one.
  std::vector<key_value> pending_after(revision_t after, std::string_view key, std::size_t bytes_max) const;

  /// Captures the state after applied(). None when pins_max are alive. `now_ms` is the caller's clock and
  /// only remembered.
  std::optional<pin> try_pin(std::int64_t now_ms);
  std::size_t pins() const;

  /// Frees what compaction and expiry left behind, about `work` versions; returns whether more can be freed
  /// now. Has no visible effect (reads below compacted() are refused from the moment the command is applied),
  /// so when and whether nodes call it may differ.
  bool compact_some(std::size_t work);

  /// 32 hexadecimal digits over the whole logical state: equal for equal histories, whatever was compacted,
  /// expired or restored on the way. Takes time proportional to the state.
  std::string digest() const;

private:
  friend class snapshot_loader;
  explicit state_machine(std::unique_ptr<state_parts> parts);

  std::unique_ptr<state_parts> parts_;
};

} // namespace troupe::storage
