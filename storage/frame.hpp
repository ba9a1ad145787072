#pragma once

// The frame around every record of the log (docs/formats.md, "Frame"). Fixed little-endian layout, 28 bytes,
// then the body:
//
//   0   u32  CRC-32C of everything behind this field, body included
//   4   u32  bytes of the body
//   8   u8   record type
//   9   u8   format version
//   10  u16  group: 0
//   12  u64  position: the log position of the frame's first byte
//   20  u64  synced: a log position; every byte before it was durable when this frame was written
//
// A log position counts all bytes of the log since it began, across segments. Because a frame names its own,
// bytes of an earlier use of the same place on disk are never taken for a record.

#include "base/file.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::storage {

/// Counts bytes of the log since it began, across segments; never reused, except behind a torn tail that was
/// cut off and zeroed.
using log_position = std::uint64_t;

enum class record_type : std::uint8_t {
  segment_head = 1, ///< segment_head (storage/segment.hpp); the first record of each segment, and only there
  entries = 2,      ///< vector<entry>
  hard_state = 3,   ///< hard_state
  truncate = 4,     ///< index_t: entries from it on are removed
  snapshot = 5,     ///< snapshot_pointer
  segment_end = 6,  ///< empty; the next byte of the log is the first of the next segment
};

constexpr std::size_t frame_head_bytes = 28;
constexpr std::uint8_t frame_version = 1;

/// A frame whose checksum, position and synced claim were found good. `body` points into the bytes it was
/// parsed from.
struct frame {
  record_type type = record_type::segment_end;
  log_position position = 0;
  log_position synced = 0;
  std::string_view body;

  std::size_t bytes() const { return frame_head_bytes + body.size(); }
  log_position end() const { return position + bytes(); }
};

enum class frame_status {
  good,
  incomplete,  ///< the bytes end before the frame does; frame_check::bytes_needed says how many it wants
  zero,        ///< the head is all zeros: nothing was written here
  bad,         ///< anything else that is no frame of this position
  unsupported, ///< checksum and position are good, but the version, type or group is not known here
};

struct frame_check {
  frame_status status = frame_status::bad;
  frame found;                  ///< when good or unsupported
  std::size_t bytes_needed = 0; ///< when incomplete
};

/// Looks at the frame that should begin at `bytes` and have this position. Bodies above `body_bytes_max` are
/// bad.
frame_check check_frame(std::string_view bytes, log_position position, std::size_t body_bytes_max);

/// Cheap test that bytes *may* be a frame of this position: for searching. Precondition: frame_head_bytes are
/// there.
bool may_be_frame(const char* head, log_position position);

/// The position that a frame's head names, unchecked. Precondition: frame_head_bytes are there.
log_position claimed_position(const char* head);

/// Writes a frame at the end of `out` in two steps, so that the body is encoded in place.
/// begin_frame returns where it starts; the body is then appended to `out`; finish_frame fills the head in.
std::size_t begin_frame(std::string& out);
void finish_frame(std::string& out, std::size_t start, record_type type, log_position position,
                  log_position synced);

} // namespace troupe::storage
