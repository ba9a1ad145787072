#pragma once

// Snapshots on disk: one file each, `snapshot-<index>-<term>.snap` with both numbers as 20 decimal digits, so
// that names sort by age. Written aside as `<name>.tmp`, synced, renamed, the folder synced: a file with the
// final name is whole or damaged by the disk. Format: docs/formats.md, "Snapshot files". Folders must exist.
// Each object has one owner and may live on any one thread. Errors: those of base/file.hpp, and errc::corrupt
// with file and offset for bytes that are not what was written.

#include "base/entry.hpp"
#include "base/file.hpp"
#include "storage/state_machine.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// No chunk in a snapshot file is larger; a pin asked for at most chunk_bytes never makes a larger one.
inline constexpr std::size_t snapshot_chunk_bytes_max = 64 * 1024 * 1024;
/// A writer syncs after about this many bytes, so that the final sync does not hold up the log's own syncs
/// for long.
inline constexpr std::size_t snapshot_sync_bytes = 8 * 1024 * 1024;
inline constexpr std::size_t snapshots_kept = 2;

struct snapshot_info {
  snapshot_meta meta;
  std::string path;
  std::uint64_t bytes = 0; ///< size of the file
};

/// File name (without folder) of the snapshot at this place.
std::string snapshot_name(index_t index, term_t term);

/// Writes the chunks of a pin. Destroyed before finish(): the temporary file is removed. One writer or sink
/// of the same index and term at a time: they would share the temporary name.
class snapshot_writer {
public:
  /// Replaces a temporary file that an earlier run left behind.
  static result<snapshot_writer> begin(file_system& fs, const std::string& folder, const snapshot_meta& meta);
  snapshot_writer(snapshot_writer&&) noexcept;
  snapshot_writer& operator=(snapshot_writer&&) noexcept;
  ~snapshot_writer();

  /// After an error the writer can only be destroyed.
  result<void> append(std::string_view chunk);
  /// The snapshot is durable under its final name when this returns without error. Call once.
  result<snapshot_info> finish();

private:
  struct impl;
  explicit snapshot_writer(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

/// Reads the chunks of a snapshot file in order, one in memory at a time, checking every frame.
class snapshot_reader {
public:
  static result<snapshot_reader> open(file_system& fs, const std::string& path);
  snapshot_reader(snapshot_reader&&) noexcept;
  snapshot_reader& operator=(snapshot_reader&&) noexcept;
  ~snapshot_reader();

  const snapshot_info& info() const;
  /// The next chunk; none after the last, when totals and the checksum of the whole file have been found
  /// right.
  result<std::optional<std::string>> next();

private:
  struct impl;
  explicit snapshot_reader(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

/// Reads the whole file and checks every checksum.
result<snapshot_info> verify_snapshot(file_system& fs, const std::string& path);
/// Reads the whole file into a fresh state machine. Needs the memory of that and one chunk.
result<state_machine> load_snapshot(file_system& fs, const std::string& path);

struct damaged_snapshot {
  index_t index; ///< as the name says
  term_t term;
  std::string path;
  error why;
};

struct snapshot_search {
  std::optional<snapshot_info> newest_good;
  /// Newer than newest_good (all, when there is none), newest first. The log was perhaps already cut behind
  /// them: whoever starts from newest_good must make sure that the log still begins at or before the entry
  /// after it, and refuse otherwise.
  std::vector<damaged_snapshot> damaged;
};

/// Verifies from the newest on until a good one is found. Says nothing about temporary files. An I/O error
/// other than damage is an error of the search: a disk that cannot be read proves nothing about the file.
result<snapshot_search> newest_good_snapshot(file_system& fs, const std::string& folder);

/// Removes all but the newest `keep` by name, never one newer than `newest_good` or that one itself. Returns
/// the removed names.
result<std::vector<std::string>> remove_old_snapshots(file_system& fs, const std::string& folder,
                                                      const snapshot_info& newest_good,
                                                      std::size_t keep = snapshots_kept);
/// Removes temporary files that a crash left. Only while nothing is being written or received.
result<void> remove_unfinished_snapshots(file_system& fs, const std::string& folder);

/// Bytes of a snapshot file, for a follower. Open files survive removal, so sending goes on when the file is
/// replaced.
class snapshot_source {
public:
  static result<snapshot_source> open(file_system& fs, const std::string& path);
  const snapshot_info& info() const { return info_; }
  /// Up to bytes_max from `offset`; empty at the end.
  result<std::string> read(std::uint64_t offset, std::size_t bytes_max);

private:
  snapshot_source(std::unique_ptr<file> f, snapshot_info info)
      : file_(std::move(f)), info_(std::move(info)) {}
  std::unique_ptr<file> file_;
  snapshot_info info_;
};

/// Receives what a snapshot_source sends. Destroyed before finish(): the temporary file is removed.
class snapshot_sink {
public:
  /// `meta` is what the sender announced; a file that says otherwise is corrupt.
  static result<snapshot_sink> begin(file_system& fs, const std::string& folder, const snapshot_meta& meta);
  snapshot_sink(snapshot_sink&&) noexcept;
  snapshot_sink& operator=(snapshot_sink&&) noexcept;
  ~snapshot_sink();

  /// Where the next write must begin.
  std::uint64_t offset() const;
  /// errc::invalid_argument, and nothing changed, when `at` is not offset(). After any other error it can
  /// only be destroyed.
  result<void> write(std::uint64_t at, std::string_view bytes);
  /// Verifies all that was received; then it is durable under its final name. Call once.
  result<snapshot_info> finish();

private:
  struct impl;
  explicit snapshot_sink(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::storage
