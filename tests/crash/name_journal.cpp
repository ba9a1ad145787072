#include "tests/crash/name_journal.hpp"

#include "tests/crash/raw_calls.hpp"

#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <sstream>

namespace drop_unsynced {

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

name_journal::name_journal(std::string folder)
    : folder_(std::move(folder)), aside_(folder_ + ".unsynced-names") {}

std::string name_journal::kept(const operation& op) const {
  return aside_ + "/kept-" + std::to_string(op.number);
}

void name_journal::append(const operation& op) {
  if (fd_ < 0) {
    (void)raw::mkdir(aside_.c_str(), 0700);
    fd_ = raw::open((aside_ + "/journal").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC);
  }
  std::string line{static_cast<char>(op.what)};
  line += "\t" + std::to_string(op.number) + "\t" + std::to_string(op.inode) + "\t" + op.path + "\t" +
          op.from + "\n";
  // One write, so that a killed process leaves whole lines. It goes to the page cache, which survives a
  // killed process.
  if (fd_ < 0 || raw::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    static constexpr char message[] = "dropunsynced: cannot write the journal of names\n";
    (void)raw::write(2, message, sizeof message - 1);
    std::abort();
  }
}

void name_journal::note(operation op) {
  append(op);
  open_.push_back(std::move(op));
}

void name_journal::note_create(const std::string& path) {
  std::lock_guard lock{mutex_};
  note({kind::create, next_number_++, 0, path, {}});
}

int name_journal::make_folder(const std::string& path, unsigned mode) {
  std::lock_guard lock{mutex_};
  if (raw::access(path.c_str()) != 0) note({kind::create, next_number_++, 0, path, {}});
  return raw::mkdir(path.c_str(), mode);
}

int name_journal::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock{mutex_};
  struct stat source {};
  if (raw::stat(from.c_str(), &source, AT_SYMLINK_NOFOLLOW) != 0) return -1;
  operation op{kind::rename, next_number_++, source.st_ino, to, from};
  (void)raw::mkdir(aside_.c_str(), 0700);
  (void)raw::link(to.c_str(), kept(op).c_str()); // fails when there is nothing to replace, which is fine
  note(op);
  return raw::rename(from.c_str(), to.c_str());
}

int name_journal::remove_file(const std::string& path) {
  std::lock_guard lock{mutex_};
  operation op{kind::remove, next_number_++, 0, path, {}};
  (void)raw::mkdir(aside_.c_str(), 0700);
  if (raw::link(path.c_str(), kept(op).c_str()) == 0) note(op);
  return raw::unlink(path.c_str());
}

int name_journal::remove_folder(const std::string& path) {
  std::lock_guard lock{mutex_};
  const int done = raw::rmdir(path.c_str());
  if (done == 0) note({kind::remove_folder, next_number_++, 0, path, {}});
  return done;
}

int name_journal::link(const std::string& from, const std::string& to) {
  std::lock_guard lock{mutex_};
  if (raw::access(to.c_str()) != 0) note({kind::create, next_number_++, 0, to, {}});
  return raw::link(from.c_str(), to.c_str());
}

void name_journal::commit(const std::string& folder) {
  std::lock_guard lock{mutex_};
  std::vector<operation> still_open;
  for (auto& op : open_) {
    // A rename between two folders is made durable by either of them here: the harsher half of what may
    // happen is a lost file, and no file system does that.
    if (parent_of(op.path) == folder || (op.what == kind::rename && parent_of(op.from) == folder)) continue;
    still_open.push_back(std::move(op));
  }
  if (still_open.size() == open_.size()) {
    open_ = std::move(still_open);
    return;
  }
  append({kind::commit, 0, 0, folder, {}});
  open_ = std::move(still_open);
  forget_if_empty();
}

void name_journal::forget_if_empty() {
  if (!open_.empty()) return;
  (void)raw::ftruncate(fd_, 0);
  // Only after the journal is empty: an entry whose kept link is missing would not be undone.
  DIR* aside = ::opendir(aside_.c_str());
  if (aside == nullptr) return;
  while (const dirent* entry = ::readdir(aside)) {
    const std::string name = entry->d_name;
    if (name.starts_with("kept-")) (void)raw::unlink((aside_ + "/" + name).c_str());
  }
  ::closedir(aside);
}

std::vector<name_journal::operation> name_journal::read_journal() const {
  std::string text;
  const int fd = raw::open((aside_ + "/journal").c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return {};
  char buffer[4096];
  for (ssize_t n; (n = raw::pread(fd, buffer, sizeof buffer, text.size())) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  raw::close(fd);

  std::vector<operation> operations;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    std::string what, number, inode, path, from;
    std::getline(fields, what, '\t');
    std::getline(fields, number, '\t');
    std::getline(fields, inode, '\t');
    std::getline(fields, path, '\t');
    std::getline(fields, from, '\t');
    if (what.size() != 1 || path.empty()) continue;
    if (what[0] == static_cast<char>(kind::commit))
      std::erase_if(operations, [&](const operation& op) {
        return parent_of(op.path) == path || (op.what == kind::rename && parent_of(op.from) == path);
      });
    else
      operations.push_back({static_cast<kind>(what[0]), std::strtoull(number.c_str(), nullptr, 10),
                            std::strtoull(inode.c_str(), nullptr, 10), path, from});
  }
  return operations;
}

void name_journal::undo(const operation& op) const {
  struct stat now {};
  switch (op.what) {
  case kind::create:
    if (raw::unlink(op.path.c_str()) != 0 && errno == EISDIR) {
      // What was synced inside a folder whose own name was not is lost with it.
      const std::string lost =
          aside_ + "/lost-" + std::to_string(::getpid()) + "-" + std::to_string(op.number);
      (void)raw::rename(op.path.c_str(), lost.c_str());
    }
    break;
  case kind::rename:
    // The process may have died between the note and the deed.
    if (raw::stat(op.path.c_str(), &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == op.inode)
      (void)raw::rename(op.path.c_str(), op.from.c_str());
    if (raw::access(kept(op).c_str()) == 0) (void)raw::rename(kept(op).c_str(), op.path.c_str());
    break;
  case kind::remove: (void)raw::rename(kept(op).c_str(), op.path.c_str()); break;
  case kind::remove_folder: (void)raw::mkdir(op.path.c_str(), 0700); break;
  case kind::commit: break;
  }
  // Renaming a link onto another link of the same file leaves both.
  (void)raw::unlink(kept(op).c_str());
}

void name_journal::undo_unsynced() {
  std::lock_guard lock{mutex_};
  const auto operations = read_journal();
  for (auto op = operations.rbegin(); op != operations.rend(); ++op)
    undo(*op);
  (void)raw::unlink((aside_ + "/journal").c_str());
}

} // namespace drop_unsynced
