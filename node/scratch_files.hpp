#pragma once

// A file system that is only read: whatever is written to it stays in memory. So a folder can be opened by
// the code that opens and repairs it for a node, and stays as it is.

#include "base/file.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>

namespace troupe {

/// One owner, one thread. `below` must outlive it. Locks are taken below, and held until this object ends;
/// here they are granted every time. A file that is opened for writing is copied to
/// memory first, so this is for the few files that recovery writes to.
class scratch_files final : public file_system {
public:
  explicit scratch_files(file_system& below) : below_(below) {}

  result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override;
  result<std::vector<std::string>> list(const std::string& folder) override;
  result<bool> exists(const std::string& path) override;
  result<void> rename(const std::string& from, const std::string& to) override;
  result<void> remove(const std::string& path) override;
  result<void> make_folder(const std::string& folder) override;
  result<void> sync_folder(const std::string& folder) override;
  result<std::unique_ptr<file_lock>> lock(const std::string& path) override;

private:
  using content = std::shared_ptr<std::string>;

  result<content> writable(const std::string& path);

  file_system& below_;
  std::map<std::string, content> changed_; ///< by path; null: removed
  std::set<std::string> made_;             ///< folders
  std::map<std::string, std::unique_ptr<file_lock>> locks_;
};

} // namespace troupe
