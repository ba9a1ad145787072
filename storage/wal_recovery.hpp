#pragma once

// Start of the log: reads every segment, tells damage from an unfinished write, and makes what is left
// durable.

#include "base/file.hpp"
#include "storage/wal.hpp"

#include <memory>
#include <string>
#include <vector>

namespace troupe::storage {

/// What the files hold, and the last segment, open for writing on.
struct recovered_files {
  wal_state state;
  std::vector<map_change> changes; ///< for an empty wal_map
  segment_info last;               ///< sequence 0: there is no segment
  std::unique_ptr<file> content;   ///< of the last segment; null when it is sealed, or there is none
  log_position end = 0;            ///< behind the last good record
};

/// Reads all, then repairs: cuts a torn tail off, writes the bytes again that no later record says were
/// synced, syncs, and removes files that are not part of the log. Fills in everything of `out`. errc::corrupt
/// and errc::foreign as wal::open says.
result<recovered_files> recover(file_system& fs, const wal_options& options, recovered_log& out);

} // namespace troupe::storage
