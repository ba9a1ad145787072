#pragma once

// Reads the frames of one segment file through a window of bounded size.

#include "base/file.hpp"
#include "storage/frame.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::storage {

/// Owns the file. Not thread-safe.
class segment_source {
public:
  /// The window is this large, or as large as one frame.
  static constexpr std::size_t window_bytes = 256u << 10;

  /// `base`: the log position of the file's first byte.
  segment_source(std::unique_ptr<file> f, std::string path, log_position base, std::size_t record_bytes_max);

  /// The frame at a position; its body points into the window and is good until the next call. `incomplete`
  /// becomes bad: the file ends within the frame. Nothing behind `end` (a log position) is looked at.
  result<frame_check> at(log_position position, log_position end);

  /// The first frame behind `position` that is good in itself and claims that something behind `position` was
  /// synced: proof that what stands at `position` is damaged, not unfinished.
  result<std::optional<frame>> find_witness(log_position position, log_position end);

  /// Position behind the last byte that is not zero, or `position` when all from there on are.
  result<log_position> nonzero_end(log_position position, log_position end);

  /// "PATH: offset N", for messages.
  std::string place(log_position position) const;
  log_position base() const { return base_; }
  file& content() { return *file_; }
  /// Gives the file away; the source is of no more use.
  std::unique_ptr<file> release() { return std::move(file_); }

private:
  result<std::string_view> bytes(log_position position, log_position end, std::size_t count);

  std::unique_ptr<file> file_;
  std::string path_;
  log_position base_;
  std::size_t record_bytes_max_;
  std::string window_;
  log_position window_start_ = 0;
};

} // namespace troupe::storage
