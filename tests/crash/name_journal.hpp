#pragma once

// Takes back names that were made, replaced or removed in a folder that was not synced afterwards.
//
// The operations themselves happen at once, so that the program sees them. Each is first noted in a journal
// beside the folder; what it destroys is kept there under another link. The next process to start on the
// folder undoes what the last one left unsynced, newest first, as if the power had gone.

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

namespace drop_unsynced {

/// Thread-safe. The functions that change names answer as the system call of their name does: -1 and errno on
/// an error.
class name_journal {
public:
  /// `folder` is absolute; the journal lives in `folder` + ".unsynced-names", on the same file system.
  explicit name_journal(std::string folder);

  /// Undoes what an earlier process left. Call before the program touches the folder.
  void undo_unsynced();

  /// Call before a file or folder is made under a name that does not exist.
  void note_create(const std::string& path);
  int make_folder(const std::string& path, unsigned mode);
  int rename(const std::string& from, const std::string& to);
  int remove_file(const std::string& path);
  int remove_folder(const std::string& path);
  int link(const std::string& from, const std::string& to);

  /// The folder has been synced: what happened in it so far stays.
  void commit(const std::string& folder);

private:
  enum class kind : char { create = 'C', rename = 'R', remove = 'U', remove_folder = 'D', commit = 'S' };
  struct operation {
    kind what;
    std::uint64_t number = 0; ///< names the kept link
    std::uint64_t inode = 0;  ///< of what was renamed
    std::string path;         ///< what was made, removed or renamed to; the folder of a commit
    std::string from;         ///< rename only
  };

  std::string kept(const operation& op) const;
  void note(operation op);
  void append(const operation& op);
  void undo(const operation& op) const;
  std::vector<operation> read_journal() const;
  void forget_if_empty();

  const std::string folder_;
  const std::string aside_;
  std::mutex mutex_;
  int fd_ = -1;
  std::uint64_t next_number_ = 1;
  std::vector<operation> open_; ///< not committed, oldest first
};

/// The folder that holds a name.
std::string parent_of(const std::string& path);

} // namespace drop_unsynced
