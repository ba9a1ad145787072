#pragma once

// A file system in memory that loses power, fills up and fails on demand: for tests of everything that keeps
// data.
//
// What it promises is what POSIX promises, and no more: the content of a file is durable after file::sync(),
// a name (made, replaced or removed) after sync_folder() of its folder. crash() drops the rest. Everything
// random comes from the seed, so one seed and one sequence of calls give one history.

#include "base/file.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

namespace fault {
struct disk;
}

/// What a failure can be asked for, and what operations() counts. Reading, listing and locking are not
/// mutating.
enum class file_op { open, read, write, sync, allocate, truncate, rename, remove, sync_folder, list, lock };

enum class crash_mode {
  process_only,  ///< the machine runs on, as after kill -9: everything reads back, and what was not synced
                 ///< may still be lost in a later crash
  drop_unsynced, ///< every unsynced write and name is gone
  keep_all,      ///< everything had reached the disk by luck
  reorder,       ///< each unsynced write is kept, dropped or torn at a byte, and each unsynced name kept or
                 ///< dropped, on its own
};

/// Thread-safe. Files and locks obtained from it may outlive it.
///
/// The example of a test that cuts the power at every point:
///
///   for (std::uint64_t n = 0;; ++n) {
///     fault_file_system disk{seed};
///     disk.power_off_after(n);           // the (n+1)-th mutating operation and all later operations fail
///     with io_error run(disk);                         // stops at the first error; the object under test is
///     then destroyed if (!disk.is_off()) break;         // the run needs no more than n operations
///     disk.crash(crash_mode::reorder);   // power is back; old handles stay dead
///     check(disk);
///   }
class fault_file_system final : public file_system {
public:
  static constexpr std::uint64_t unlimited = UINT64_MAX;

  explicit fault_file_system(std::uint64_t seed = 0);
  ~fault_file_system() override;
  fault_file_system(const fault_file_system&) = delete;
  fault_file_system& operator=(const fault_file_system&) = delete;

  // Faults.

  /// The nth operation of this kind from now on (1: the next one) whose path contains `path_part` fails with
  /// `code`; with `and_later`, so do all that follow it. Several may be pending. A failed write leaves a
  /// prefix of the bytes, its length chosen by the seed (a short write). After a failed sync the unsynced
  /// writes still read back, but each is kept or dropped for good at that moment and a later sync that
  /// succeeds does not bring it to the disk, as on Linux.
  void fail(file_op op, std::uint64_t nth, errc code, bool and_later = false, std::string path_part = {});
  /// Forgets what fail() has asked for.
  void heal();
  /// The power goes off after this many more mutating operations: the next one is done in part or not at all
  /// and fails with io_error, as does every operation until crash(). `unlimited` cancels it.
  void power_off_after(std::uint64_t operations);
  bool is_off() const;
  /// Power lost and back: what remains is what was synced and what `mode` keeps. Handles and locks from
  /// before are dead.
  void crash(crash_mode mode);
  /// All files together may take this many bytes; a write above it leaves the prefix that fits and fails with
  /// disk_full.
  void set_capacity(std::uint64_t bytes);

  // Looking at, and damaging, what is stored.

  std::uint64_t bytes_used() const;
  /// Mutating operations (open that makes or empties a file, write, sync, allocate, truncate, rename, remove,
  /// make_folder, sync_folder) that were begun so far.
  std::uint64_t operations() const;
  /// Operations of one kind that were begun so far.
  std::uint64_t operations(file_op op) const;
  /// Paths of all files, sorted.
  std::vector<std::string> files() const;
  /// Content as a reader sees it now. Precondition of these: the file exists (aborts otherwise).
  std::string content(const std::string& path) const;
  /// Content that would be there after crash(drop_unsynced), whatever the file's name is then.
  std::string durable_content(const std::string& path) const;
  /// Makes or replaces a file, durable at once, without counting as an operation.
  void set_content(const std::string& path, std::string bytes);
  /// Flips one bit (0 to 7) of the byte at `offset`, durable at once. Precondition: the byte exists.
  void flip_bit(const std::string& path, std::uint64_t offset, unsigned bit);

  // file_system.

  result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override;
  result<std::vector<std::string>> list(const std::string& folder) override;
  result<bool> exists(const std::string& path) override;
  result<void> rename(const std::string& from, const std::string& to) override;
  result<void> remove(const std::string& path) override;
  result<void> make_folder(const std::string& folder) override;
  result<void> sync_folder(const std::string& folder) override;
  result<std::uint64_t> space(const std::string& folder) override;
  result<std::unique_ptr<file_lock>> lock(const std::string& path) override;

private:
  class handle;
  class held_lock;

  std::shared_ptr<fault::disk> state_;
};

} // namespace troupe
