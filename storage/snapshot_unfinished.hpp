#pragma once

// A snapshot file while it is being written: under a temporary name, removed again unless it is published.

#include "base/file.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::storage {

inline constexpr std::string_view unfinished_suffix = ".tmp";

class unfinished_file {
public:
  /// Will be `folder`/`name`.
  static result<unfinished_file> begin(file_system& fs, const std::string& folder, const std::string& name);
  unfinished_file(unfinished_file&&) noexcept = default;
  unfinished_file& operator=(unfinished_file&&) = delete;
  ~unfinished_file();

  std::uint64_t size() const { return size_; }
  const std::string& temporary_path() const { return temporary_; }
  const std::string& final_path() const { return final_; }

  /// Appends, and syncs every snapshot_sync_bytes.
  result<void> append(std::string_view bytes);
  /// Syncs, renames, syncs the folder. When this fails, the name may or may not be there, but what it names
  /// is whole.
  result<void> publish();

private:
  unfinished_file(file_system& fs, std::unique_ptr<file> f, std::string folder, const std::string& name);

  file_system* fs_;
  std::unique_ptr<file> file_; ///< null when published or moved from
  std::string folder_;
  std::string final_;
  std::string temporary_;
  std::uint64_t size_ = 0;
  std::uint64_t synced_ = 0;
};

} // namespace troupe::storage
