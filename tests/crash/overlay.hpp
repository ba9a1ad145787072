#pragma once

// What a program wrote to one file and has not synced, held in memory in front of the real file.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <sys/types.h>

namespace drop_unsynced {

/// One regular file, by inode. Safe to use from several threads. Every call answers as the system call of its
/// name does: -1 and errno on an error.
class overlay {
public:
  /// Takes over fd, which is open for reading and writing and is closed with this. `early_percent` of the
  /// written pages also reach the real file at once, as the kernel may write back any page at any time.
  overlay(int fd, std::uint64_t size, unsigned early_percent);
  ~overlay();
  overlay(const overlay&) = delete;
  overlay& operator=(const overlay&) = delete;

  ssize_t read(void* data, std::size_t size, std::uint64_t at);
  ssize_t write(const void* data, std::size_t size, std::uint64_t at);
  /// Writes at the end; the position after it goes to *end.
  ssize_t append(const void* data, std::size_t size, std::uint64_t* end);
  int truncate(std::uint64_t size);
  /// Grows the file to at least `size` with zeros; the space is taken from the real disk, so that a full one
  /// shows.
  int allocate(std::uint64_t size);
  /// Brings everything written so far to the real file, then syncs that.
  int sync(bool data_only);

  std::uint64_t size();
  /// Nothing is held back: the real file is what the program sees.
  bool clean();

private:
  static constexpr std::uint64_t page_bytes = 4096;
  using page = std::array<char, page_bytes>;

  ssize_t write_locked(const char* data, std::size_t size, std::uint64_t at);
  page* dirty_page(std::uint64_t number);
  bool read_real(char* data, std::size_t size, std::uint64_t at);
  void write_back_early(std::uint64_t number, const page& p);
  int flush_locked();

  std::mutex mutex_;
  const int fd_;
  const unsigned early_percent_;
  std::minstd_rand random_;
  std::map<std::uint64_t, std::unique_ptr<page>> dirty_; ///< by page number
  std::uint64_t size_;                                   ///< as the program sees it
  std::uint64_t real_size_;                              ///< of the real file
  /// Bytes of the real file from here on were cut off by a truncation that is not synced; they read as zeros.
  std::uint64_t real_valid_;
};

} // namespace drop_unsynced
