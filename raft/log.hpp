#pragma once

// What the core knows of the log: the terms of all entries on disk, and its newest entries themselves.

#include "base/entry.hpp"
#include "raft/recovered.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace troupe::raft {

/// Entries first_index()..last_index() exist on disk (or will: see durability). Of the entry before them the
/// term may be known, so that they can be sent to a follower that holds it. Memory: the tail is bounded in
/// bytes once durable; terms take 16 bytes a term.
class log {
public:
  log(const recovered& from_disk, std::size_t tail_bytes_max);

  index_t first_index() const { return before_ + 1; }
  index_t last_index() const { return last_; }
  term_t last_term() const;
  /// Term of an entry, of the one before the first if known, and 0 for index 0. None outside.
  std::optional<term_t> term(index_t index) const;
  bool matches(index_t index, term_t term) const { return this->term(index) == term; }
  /// The largest index <= limit whose term is known and <= term; index 0 if there is none. Steps over whole
  /// terms.
  index_t last_not_after(index_t limit, term_t term) const;

  void append(const entry& e);
  /// Drops `from` and all after it.
  void truncate(index_t from);
  /// A snapshot stands at meta.index; entries before first_kept are gone. first_kept never moves back.
  void compact(const snapshot_meta& meta, index_t first_kept);
  /// Everything is replaced by the snapshot.
  void reset(const snapshot_meta& meta);

  const snapshot_meta& snapshot() const { return snapshot_; }
  /// The newest membership in the log, committed or not, as Raft demands (§6 of the paper).
  const membership& members() const { return memberships_.back().members; }
  /// The one before that, as far as it is known; null: none is. Valid until the log changes.
  const membership* members_before() const {
    return memberships_.size() > 1 ? &memberships_[memberships_.size() - 2].members : nullptr;
  }
  index_t members_index() const { return memberships_.back().index; }
  /// Where members_before() stands; 0 when it is null.
  index_t members_before_index() const {
    return memberships_.size() > 1 ? memberships_[memberships_.size() - 2].index : index_t{};
  }

  /// Entries in memory begin here; last_index() + 1 if there are none.
  index_t tail_first() const { return last_ + 1 - tail_.size(); }
  /// Entries lo..hi as far as they fit into bytes_max, at least one. Precondition: tail_first() <= lo <= hi
  /// <= last_index().
  std::vector<entry> slice(index_t lo, index_t hi, std::size_t bytes_max) const;
  /// Drops the oldest entries in memory over the limit, as far as they can be read from disk.
  void evict(index_t durable);

private:
  const entry& at(index_t index) const { return tail_[index - tail_first()]; }
  void drop_tail_before(index_t index);

  const std::size_t tail_bytes_max_;
  snapshot_meta snapshot_;
  index_t before_;                    ///< first_index() - 1
  std::optional<term_t> before_term_; ///< its term
  index_t last_;
  std::vector<term_run> runs_; ///< ascending; the first starts at first_index()
  std::deque<entry> tail_;     ///< ends at last_
  std::size_t tail_bytes_ = 0;
  std::vector<membership_at> memberships_; ///< never empty; front: at or before the snapshot
};

} // namespace troupe::raft
