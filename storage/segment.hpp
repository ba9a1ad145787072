#pragma once

// What a segment file is called, what its first record says, and the bodies of the records that are not of
// base/entry.hpp.

#include "base/entry.hpp"
#include "base/entry_archive.hpp"
#include "storage/frame.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::storage {

/// A segment file: `bytes` of the log from position `base` on.
struct segment_info {
  std::uint64_t sequence = 0; ///< 1, 2, 3...: no gaps between the segments of a log
  index_t first;              ///< the index the next entry had when the segment was begun
  log_position base = 0;
  std::uint64_t bytes = 0; ///< size of the file; records may end before
  std::string path;
};

/// "SEQUENCE-FIRST.wal", both with 20 decimal digits, so that names sort as the log does.
std::string segment_name(std::uint64_t sequence, index_t first);
/// Reads what segment_name wrote; only sequence and first of the result are set. Nothing on any other name.
std::optional<segment_info> parse_segment_name(std::string_view name);
/// Segments that are being made, and never held a durable record, are called so; open() removes them.
constexpr std::string_view unfinished_suffix = ".tmp";

/// First record of every segment: all that the segments before it have said, apart from the entries
/// themselves.
struct segment_head {
  std::uint64_t sequence = 0;
  std::uint64_t segment_bytes = 0; ///< size of the file; a shorter file has been cut by somebody else
  log_position previous_end = 0;   ///< where the previous segment ended; this segment's base
  index_t last;                    ///< last entry of the log before this segment
  term_t last_term;
  index_t first_kept;
  hard_state hard;
  snapshot_meta snapshot;
  membership members; ///< as of `last`
  index_t members_index;

  friend bool operator==(const segment_head&, const segment_head&) = default;
};

/// Body of record_type::snapshot.
struct snapshot_pointer {
  snapshot_meta meta;
  index_t first_kept;
  bool reset = false; ///< the log is empty behind meta.index, whatever it held

  friend bool operator==(const snapshot_pointer&, const snapshot_pointer&) = default;
};

template <class Archive>
void serialize(Archive& ar, segment_head& v, unsigned) {
  ar& v.sequence;
  ar& v.segment_bytes;
  ar& v.previous_end;
  ar& v.last;
  ar& v.last_term;
  ar& v.first_kept;
  ar& v.hard;
  ar& v.snapshot;
  ar& v.members;
  ar& v.members_index;
}
template <class Archive>
void serialize(Archive& ar, snapshot_pointer& v, unsigned) {
  ar& v.meta;
  ar& v.first_kept;
  ar& v.reset;
}

} // namespace troupe::storage
