#pragma once

// The frames that a snapshot file consists of (docs/formats.md, "Snapshot files"): one head, any number of
// chunks, one foot.
//
//   0   u32  CRC-32C of everything behind this field, body included
//   4   u32  bytes of the body
//   8   u8   type
//   9   u8   format version
//   10  u16  group: 0
//   12  u32  number of the frame in the file, from 0

#include "base/archive.hpp"
#include "base/file.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::storage {

enum class snapshot_frame : std::uint8_t {
  head = 16, ///< snapshot_meta
  chunk = 17,
  foot = 18, ///< snapshot_foot
};

inline constexpr std::size_t snapshot_frame_head_bytes = 16;
inline constexpr std::uint8_t snapshot_frame_version = 1;

struct snapshot_foot {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;    ///< of the file before the foot's frame
  std::uint32_t checksum = 0; ///< CRC-32C of these bytes
};
template <class Archive>
void serialize(Archive& ar, snapshot_foot& v, unsigned) {
  ar& v.chunks;
  ar& v.bytes;
  ar& v.checksum;
}

/// The whole frame.
std::string make_snapshot_frame(snapshot_frame type, std::uint32_t number, std::string_view body);

struct read_frame {
  snapshot_frame type = snapshot_frame::head;
  std::string bytes; ///< the whole frame

  std::string_view body() const { return std::string_view{bytes}.substr(snapshot_frame_head_bytes); }
};

/// Reads the frame at `offset` of a file of `size` bytes. errc::corrupt, with `path` and offset, for anything
/// but a whole and undamaged frame of this number; allocates no more than the file has left.
result<read_frame> read_snapshot_frame(file& f, const std::string& path, std::uint64_t offset,
                                       std::uint64_t size, std::uint32_t number);

} // namespace troupe::storage
