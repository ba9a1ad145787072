#pragma once

// The writing end of the segment files: staged bytes, the switch to the next file, and files prepared ahead.

#include "base/file.hpp"
#include "storage/frame.hpp"
#include "storage/segment.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::storage {

/// Knows bytes and files, not what records mean. Not thread-safe. Staged bytes live in memory until sync().
///
/// Why files are filled with zeros before they are used, and not only allocated: an fdatasync behind a write
/// into allocated but never written blocks has to journal the blocks' new state; behind an overwrite it has
/// not. Measured on ext4 (NVMe-like virtual disk): 8 KiB records 100 us against 180 us, 200-byte records 80
/// us against 100 us, and a quarter of the worst cases.
class segment_writer {
public:
  struct options {
    std::string folder;
    std::uint64_t segment_bytes = 0;
    std::uint64_t lean_bytes = 0; ///< of a file made while set_lean() is on; at most segment_bytes
  };
  /// Who may use the last bytes of a segment.
  enum class purpose {
    entries, ///< refused within the reserve
    upkeep,  ///< hard state, truncation, snapshot pointer: may use the reserve, so that votes go on on a full
             ///< disk
  };
  /// State of staging, to go back to. Valid until the next sync().
  struct checkpoint {
    std::size_t parts = 0;
    std::size_t bytes = 0;
  };

  segment_writer(file_system& fs, options o);

  /// Continues a segment whose records end at log position `end`, all of it durable. Exactly once, before
  /// everything else; for a new log, or behind a sealed segment, with no file: then open_next() must follow.
  void resume(segment_info segment, std::unique_ptr<file> f, log_position end);

  /// Bytes that a frame may take in the segment that is staged to.
  std::uint64_t room(purpose p) const;
  /// Size of the segment file that has room for frames of `frame_bytes` altogether.
  std::uint64_t bytes_for(std::uint64_t frame_bytes) const;
  /// Seals the staged segment and goes on in the next one, whose first entry will be `first`, in a file of at
  /// least `bytes`. disk_full: nothing changed. Its head is to be staged next.
  result<void> open_next(index_t first, std::uint64_t bytes);

  /// A record staged in place: `begin` returns the buffer to append the body to, `finish` closes it and
  /// returns the frame's position. Precondition of finish: the frame fits in room(purpose::upkeep).
  std::string& begin();
  log_position finish(record_type type);

  checkpoint mark() const;
  void roll_back(const checkpoint& to);

  /// Writes and syncs what is staged, file by file, in order. After an error the writer must not be used
  /// again.
  result<void> sync();

  bool needs_next() const;
  result<void> prepare_step();

  /// While there is little space: files are small, and those made for entries take no more than `bytes`
  /// altogether. Off: back to whole ones.
  void set_lean(std::uint64_t bytes) { lean_ = true, lean_left_ = bytes; }
  void end_lean() { lean_ = false; }
  bool is_lean() const { return lean_; }
  /// Whether a next file for entries is there or may be made.
  bool may_go_on(std::uint64_t bytes) const;
  /// Small entries can be staged without another file.
  bool has_room() const;

  const segment_info& segment() const { return parts_.back().segment; } ///< the one that is staged to
  std::size_t staged_bytes() const;
  log_position synced_position() const { return synced_; }
  /// Disk space of prepared files and of segments that are staged but have no name yet.
  std::uint64_t spare_bytes() const;

private:
  /// A file of zeros that will become a segment.
  struct spare {
    std::unique_ptr<file> content;
    std::string path;
    std::uint64_t bytes = 0;  ///< size it will have
    std::uint64_t zeroed = 0; ///< written and synced so far
  };
  /// What is staged for one segment: `buffer` goes to `offset` of the file.
  struct part {
    segment_info segment;
    std::unique_ptr<file> content;
    std::string aside; ///< name of a file that is not yet in the log; empty once it is
    std::uint64_t offset = 0;
    std::string buffer;
  };

  std::uint64_t usual_bytes() const { return lean_ ? options_.lean_bytes : options_.segment_bytes; }
  result<void> finish_spare(std::uint64_t bytes);
  result<void> start_spare(std::uint64_t bytes);
  result<void> zero_step();
  result<void> drop_front_spare(error reason);
  log_position staged_position() const;
  result<void> sync_part(part& p);

  file_system& fs_;
  options options_;
  std::vector<part>
      parts_; ///< the last one is staged to; the others are sealed; empty only before the first open_next
  std::size_t frame_start_ = 0;
  log_position synced_ = 0;
  std::deque<spare> spares_; ///< the front is used, and finished, first; more than one only after roll_back
  std::uint64_t spares_made_ = 0;
  bool lean_ = false;
  std::uint64_t lean_left_ = 0;
};

} // namespace troupe::storage
