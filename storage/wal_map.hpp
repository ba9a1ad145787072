#pragma once

// Which segment holds which entry, as far as synced: the one thing that the writer's and the readers' threads
// share.
//
// The pure folders know no threads; this class is the stated exception. It is a small index behind one mutex,
// held for a binary search or a few insertions, never while a file is read or written. Everything it points
// at is immutable: bytes below the synced position of a segment are never written again while the log is
// open.

#include "base/ids.hpp"
#include "base/result.hpp"
#include "storage/segment.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace troupe::storage {

/// One thing that a sync made true.
struct map_change {
  enum class kind {
    segment,  ///< `segment` follows the ones that are there
    entries,  ///< a run of entry records begins with entry `index` at `position`
    truncate, ///< entries >= index are gone
  } what = kind::entries;
  index_t index;
  log_position position = 0;
  segment_info segment;
};

/// Decides which entry records get a mark in the map. One for the writer, one for recovery.
class mark_maker {
public:
  /// A run of entry records gets a new mark after this many bytes.
  static constexpr std::uint64_t mark_bytes = 16u << 10;

  /// An entry record at `position` begins with entry `first`.
  void note(index_t first, log_position position, std::vector<map_change>& out);
  /// The next entry record does not continue the run: another segment, a suffix was removed, or the map is
  /// empty.
  void end_run() { in_run_ = false; }

private:
  bool in_run_ = false;
  log_position start_ = 0;
};

/// Where to read on: records from `from` to `end` of `segment` hold the entries from the one asked for to
/// `last`, in order and without gaps, among records of other types; what they hold behind `last` is void.
struct map_place {
  segment_info segment;
  log_position from = 0;
  log_position end = 0; ///< synced
  index_t last;
  std::uint64_t truncations = 0; ///< places with different values may belong to different histories
};

/// Thread-safe. Bounded: one mark for every mark_maker::mark_bytes of log, one element a segment.
class wal_map {
public:
  /// Writer: what a sync made true, in order; the newest segment is durable up to `synced`; the log holds
  /// first..last.
  void apply(std::span<const map_change> changes, index_t first, index_t last, log_position synced);
  /// Writer: takes the oldest segments that hold no kept entry out of the map and returns them, oldest first.
  /// Never the newest.
  std::vector<segment_info> take_unneeded();

  /// errc::compacted below first(), errc::not_yet above last().
  result<map_place> find(index_t index) const;
  index_t first() const;
  index_t last() const;
  /// Sum of the sizes of the segment files.
  std::uint64_t bytes() const;
  /// The same of those that are smaller than this.
  std::uint64_t bytes_of_smaller(std::uint64_t bytes) const;
  std::size_t segment_count() const;

private:
  struct mark {
    index_t first;
    log_position position;
  };
  const segment_info& segment_of(log_position position) const;

  mutable std::mutex mutex_;          ///< guards everything below
  std::deque<segment_info> segments_; ///< by base
  std::deque<mark> marks_;            ///< by first and by position
  index_t first_{1};
  index_t last_;
  log_position synced_ = 0;
  std::uint64_t truncations_ = 0;
};

} // namespace troupe::storage
