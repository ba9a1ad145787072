#pragma once

// A pin: the whole state as of one log entry, to be pulled in bounded chunks while writes go on.
//
// The key space keeps several versions of a key anyway, so a pin only stops compaction from freeing what it
// needs. What is not multi-version is captured when the pin is taken, without copying it: sessions are shared
// and copied when they next change, the idempotency table is an append-only list of shared segments. Taking a
// pin therefore costs one pointer per session and one per thousand idempotency keys, and no key is touched.
//
// Annotations are not captured: a value is given the one it has by the time it is given. It may come from a
// later entry than the pin's, never from another model than the pin's. That is harmless: for one value and
// model annotations only become better, and who applies the entries after the pin comes to the same ones
// (docs/consistency.md, "Derived data: vectors").

#include "base/entry.hpp"
#include "command/query.hpp"
#include "storage/change.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::storage {

struct state_parts;

/// At most this many pins of one state machine at a time; each keeps old versions in memory.
inline constexpr std::size_t pins_max = 8;
/// What next_chunk is usually asked for.
inline constexpr std::size_t chunk_bytes = 1024 * 1024;

/// Move-only; gives its versions back when destroyed. It may outlive the state machine it was taken from (a
/// follower that installs a snapshot replaces its state machine), and keeps that one's key space in memory
/// then. Must be used and destroyed on the thread that runs the state machine: the storage actor hands chunks
/// out, never the pin.
class pin {
public:
  pin(pin&& other) noexcept;
  pin& operator=(pin&& other) noexcept;
  ~pin();

  /// Index, term and membership of the state; what a snapshot of it is called.
  const snapshot_meta& meta() const;
  revision_t revision() const;
  /// The oldest revision the pinned state can answer for.
  revision_t compacted() const;
  /// The caller's clock, as given to try_pin; pins are leased by whoever holds them.
  std::int64_t taken_at_ms() const;

  /// All chunks were taken.
  bool done() const;
  /// The next part of the state (docs/formats.md, "Snapshot chunks"), for snapshot_loader. Ends after the
  /// record that reaches `bytes_max`, so it can be larger by one record: one version of one key, or one
  /// session. May be empty, to keep the turn short where many keys are newer than the pin. Precondition: not
  /// done().
  std::string next_chunk(std::size_t bytes_max = chunk_bytes);

  /// The same state for an index: every key with its value and annotation, ascending, about `bytes_max` bytes
  /// and not more work than a turn may take (may be empty). A value that is no longer its key's newest is
  /// given without annotation, as are all once the model has changed. Moves independently of next_chunk.
  /// Precondition: not items_done().
  std::vector<key_change> next_items(std::size_t bytes_max = chunk_bytes);
  bool items_done() const;
  /// The model of these annotations: the one in force when the pin was taken.
  const embedding_state& embedding() const;

  /// Answers at the pin's revision or, when the query names one, any between compacted() and revision(), even
  /// if the key space itself has been compacted past it meanwhile. Does not move next_chunk.
  query_result run(const query& q) const;

private:
  friend class state_machine;
  struct impl;
  static pin take(const state_parts& state, std::int64_t now_ms);
  explicit pin(std::unique_ptr<impl> parts);

  std::unique_ptr<impl> impl_;
};

} // namespace troupe::storage
