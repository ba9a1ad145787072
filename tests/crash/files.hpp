#pragma once

// A library to preload. It stands between a program and the files under one folder and keeps back whatever
// was not synced, so that kill -9 loses what a power cut would lose.
//
//   DROP_UNSYNCED_FOLDER         the folder; nothing happens without it
//   DROP_UNSYNCED_LIE            a path: while a file of this name exists, every sync reports success and
//   does nothing DROP_UNSYNCED_EARLY_PERCENT  how many of the written pages reach the disk before the sync
//   all the same (default 0)
//
// Modelled: content and length of regular files (durable with fsync or fdatasync of the file), names (durable
// with fsync of the folder). Not modelled, and refused with a message and abort where it would matter: stdio
// streams that write, shared writable mappings, copy_file_range and sendfile on a file with unsynced content.
// Reading through a stream or a mapping sees only what was synced. Permissions and times are durable at once.
//
// Here is what the interposed functions of tests/crash/interposed.cpp do once they have unpacked their
// arguments. All answers are those of the system calls: -1 and errno on an error.

#include "tests/crash/name_journal.hpp"
#include "tests/crash/overlay.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <sys/uio.h>

namespace drop_unsynced {

/// What one open() made; dup() shares it.
struct open_file {
  std::shared_ptr<overlay> content;
  std::mutex mutex; ///< of `position`
  std::uint64_t position = 0;
  bool append = false;
  bool sync_each_write = false;
  bool readable = true;
  bool writable = true;
};

/// The file behind a descriptor, null when it is none of ours. Fast for descriptors that never were.
std::shared_ptr<open_file> file_of(int fd);

int open_any(int folder_fd, const char* path, int flags, unsigned mode);
int close_any(int fd);
int sync_any(int fd, bool data_only);
/// After a dup of `from` to `to`; answers `to`.
int share(int from, int to);

ssize_t read_on(open_file& file, void* data, std::size_t size);
ssize_t write_on(open_file& file, const void* data, std::size_t size);
ssize_t write_at(open_file& file, const void* data, std::size_t size, std::uint64_t at);
off_t seek(open_file& file, off_t at, int whence);
int allocate(open_file& file, int mode, off_t at, off_t size);

/// Absolute, links in the folder part resolved; empty when that folder does not exist.
std::string canonical(const char* path, int folder_fd);
/// The journal for a canonical path, null when the path is none of ours.
name_journal* names_for(const std::string& path);
/// The length of a file as the program sees it; false when it is that of the real file.
bool length_of(dev_t device, ino_t inode, std::uint64_t* length);
bool has_unsynced_content(int fd);

int fail_with(int code);
[[noreturn]] void refuse(const char* why);

/// Runs `each(base, length)` over the parts until one is short; the sum, or -1 when the first fails.
template <class F>
ssize_t over_parts(const iovec* parts, int count, F each) {
  ssize_t total = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t n = each(parts[i].iov_base, parts[i].iov_len);
    if (n < 0) return total > 0 ? total : n;
    total += n;
    if (static_cast<std::size_t>(n) < parts[i].iov_len) break;
  }
  return total;
}

} // namespace drop_unsynced
