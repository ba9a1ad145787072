#pragma once

// A disk that forgets what was not synced.

#include "raft/core.hpp"
#include "raft/random.hpp"
#include "tests/raft/simulation/coverage.hpp"

#include <deque>
#include <string>
#include <vector>

namespace troupe::raft::simulation {

/// What the files say.
struct image {
  hard_state state;
  index_t before;             ///< entries begin after it
  std::vector<entry> entries; ///< contiguous
  snapshot_meta snapshot;
  std::string snapshot_bytes;

  index_t last() const { return before + entries.size(); }
  bool holds(index_t index) const { return index > before && index <= last(); }
  const entry& at(index_t index) const { return entries[index - before - 1]; }
  void apply(const persist_batch& batch);
  void compact(index_t first_kept);
};

class disk {
public:
  explicit disk(image first) : durable_(first), written_(std::move(first)) {}

  void write(persist_batch batch);
  bool has_unsynced() const { return !unsynced_.empty(); }
  /// The oldest written batch becomes durable; returns its number.
  std::uint64_t sync_one();
  /// The newest hard state that was written becomes durable, ahead of everything else; returns up to which
  /// batch states are durable now, 0: no state was waiting.
  std::uint64_t sync_state();
  void snapshot(const snapshot_meta& meta, std::string bytes, index_t first_kept);
  void install(const snapshot_meta& meta, std::string bytes);
  /// Of the batches not synced a random prefix survives, the last of it perhaps in part.
  void crash(random& dice, coverage& seen);

  const image& durable() const { return durable_; }
  const image& written() const { return written_; }
  /// What a node that starts now finds, with a tail of at most `tail_max` entries.
  recovered recover(std::size_t tail_max) const;

private:
  image durable_;
  image written_;
  std::deque<persist_batch> unsynced_;
};

} // namespace troupe::raft::simulation
