#pragma once

// The one way to the disk. Everything that touches files takes a file_system&, so that tests can lose power
// (base/fault_file.hpp).
//
// Errors: errc::disk_full for ENOSPC and EDQUOT, errc::not_found where said, errc::io_error for the rest; the
// detail names the path and the system's message. After a failed write or sync the content of the file is in
// doubt: the caller must stop using it.

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// An open file. Not thread-safe; one owner. Closed by the destructor (which does not sync).
class file {
public:
  virtual ~file() = default;

  /// Reads up to `size` bytes at `offset` into `buffer`; fewer only at the end of the file. Returns the
  /// count.
  virtual result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) = 0;
  /// Writes all of `bytes` at `offset`, extending the file as needed. Durable only after sync().
  virtual result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  /// fdatasync: content and size are on stable storage when it returns without error.
  virtual result<void> sync() = 0;
  /// Makes sure that the first `size` bytes exist and have disk space (posix_fallocate; new bytes read as
  /// zero). Never shrinks.
  virtual result<void> allocate(std::uint64_t size) = 0;
  /// Cuts the file, or extends it with zeros, to `size` bytes.
  virtual result<void> truncate(std::uint64_t size) = 0;
  virtual result<std::uint64_t> size() = 0;
};

/// Held while alive; released by the destructor and by the end of the process.
class file_lock {
public:
  virtual ~file_lock() = default;
};

enum class open_mode {
  read,       ///< must exist
  read_write, ///< must exist
  create,     ///< must not exist; read and write
  replace,    ///< created, or emptied if it exists; read and write
};

/// Paths are absolute or relative to the process; '/' separates. Thread-safe.
class file_system {
public:
  virtual ~file_system() = default;

  /// errc::not_found when it must exist and does not; errc::invalid_argument when it must not and does.
  virtual result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) = 0;
  /// Names (not paths) of the files and folders in a folder, sorted. errc::not_found when there is no such
  /// folder.
  virtual result<std::vector<std::string>> list(const std::string& folder) = 0;
  virtual result<bool> exists(const std::string& path) = 0;
  /// Atomically replaces `to`. Durable only after sync_folder of the folder.
  virtual result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual result<void> remove(const std::string& path) = 0;
  /// Makes the folder and its parents; no error if it is there.
  virtual result<void> make_folder(const std::string& folder) = 0;
  /// fsync of the folder: names made, replaced and removed in it are on stable storage.
  virtual result<void> sync_folder(const std::string& folder) = 0;
  /// Bytes that may still be written below the folder. A hint, as others write too; a file system that does
  /// not know says unlimited_space.
  virtual result<std::uint64_t> space(const std::string& folder) {
    (void)folder;
    return unlimited_space;
  }
  static constexpr std::uint64_t unlimited_space = UINT64_MAX;
  /// Exclusive lock on the file (created if need be). errc::locked when another process, or this one, holds
  /// it.
  virtual result<std::unique_ptr<file_lock>> lock(const std::string& path) = 0;
};

/// The operating system's files. Lives as long as the program.
file_system& real_file_system();

} // namespace troupe
