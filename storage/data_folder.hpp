#pragma once

// The folder a node keeps its data in, and the lock that keeps a second process out of it.

#include "base/file.hpp"

#include <memory>
#include <string>

namespace troupe::storage {

/// Held while the node runs. Move-only; released by the destructor.
class data_folder {
public:
  /// Makes the folder if it is not there and locks its file LOCK. errc::locked, naming the folder, when
  /// another process has it.
  static result<data_folder> open(file_system& fs, const std::string& path);

  const std::string& path() const { return path_; }
  std::string wal_folder() const { return path_ + "/wal"; }
  std::string snapshot_folder() const { return path_ + "/snapshots"; }

private:
  data_folder(std::string path, std::unique_ptr<file_lock> lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::string path_;
  std::unique_ptr<file_lock> lock_;
};

} // namespace troupe::storage
