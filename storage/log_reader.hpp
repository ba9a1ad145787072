#pragma once

// Reads old entries for followers that lag behind, beside the writer, on another thread.

#include "base/entry.hpp"
#include "base/file.hpp"
#include "storage/segment_scan.hpp"
#include "storage/wal_map.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace troupe::storage {

/// Not thread-safe itself (one reader, one thread), but any number may run beside the wal they read. Sees
/// synced entries only. Keeps one file open, which may already have been removed: at most one segment's disk
/// space is held back by a reader.
class log_reader {
public:
  /// `fs` must outlive the reader. `record_bytes_max` as in wal_options.
  log_reader(file_system& fs, std::shared_ptr<const wal_map> map, std::size_t record_bytes_max);

  /// Entries lo..hi, or as many from lo on as fit in bytes_max (entry::cost()), at least one. hi may be
  /// beyond the end of the log. errc::compacted when lo is gone, errc::not_yet when it is not there (yet, or
  /// again: its suffix was truncated), errc::invalid_argument when hi < lo, errc::corrupt with file and
  /// offset when the disk does not return what was written.
  result<std::vector<entry>> read(index_t lo, index_t hi, std::size_t bytes_max);

private:
  result<bool> read_place(const map_place& place, index_t next, index_t hi, std::size_t bytes_max,
                          std::size_t& bytes, std::vector<entry>& out);
  result<segment_source*> source(const segment_info& segment);

  file_system& fs_;
  std::shared_ptr<const wal_map> map_;
  std::size_t record_bytes_max_;
  std::uint64_t open_sequence_ = 0;
  std::optional<segment_source> open_;
};

} // namespace troupe::storage
