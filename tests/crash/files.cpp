#include "tests/crash/files.hpp"

#include "tests/crash/raw_calls.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace drop_unsynced {
void refuse(const char* why) {
  (void)raw::write(2, "dropunsynced: ", 14);
  (void)raw::write(2, why, std::strlen(why));
  (void)raw::write(2, "\n", 1);
  std::abort();
}

std::string canonical(const char* path, int folder_fd) {
  std::string text = path;
  if (text.empty()) return {};
  if (text.front() != '/' && folder_fd != AT_FDCWD) {
    char base[PATH_MAX];
    const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(folder_fd)).c_str(), base, sizeof base);
    if (n <= 0) return {};
    text = std::string(base, static_cast<std::size_t>(n)) + "/" + text;
  }
  while (text.size() > 1 && text.back() == '/')
    text.pop_back();
  const auto slash = text.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : text.substr(0, slash);
  const std::string name = slash == std::string::npos ? text : text.substr(slash + 1);
  char resolved[PATH_MAX];
  if (::realpath(folder.c_str(), resolved) == nullptr) return {};
  return (std::strcmp(resolved, "/") == 0 ? std::string{} : std::string{resolved}) + "/" + name;
}

namespace {

struct state {
  std::string folder;
  std::string lie_path;
  unsigned early_percent = 0;
  std::unique_ptr<name_journal> names;

  std::mutex mutex; ///< of what follows
  std::map<std::pair<dev_t, ino_t>, std::shared_ptr<overlay>> contents;
  static constexpr int fds_max = 65'536;
  std::array<std::shared_ptr<open_file>, fds_max> files;
  std::array<std::atomic<bool>, fds_max> tracked{}; ///< lets calls on sockets pass without the mutex
};

/// Never destroyed: threads may still write while the process ends. Null when the library has nothing to do.
state* make_state() {
  const char* folder = std::getenv("DROP_UNSYNCED_FOLDER");
  if (folder == nullptr || *folder == '\0') return nullptr;
  auto* s = new state;
  s->folder = canonical(folder, AT_FDCWD);
  if (s->folder.empty()) refuse("the parent of DROP_UNSYNCED_FOLDER does not exist");
  if (const char* lie = std::getenv("DROP_UNSYNCED_LIE")) s->lie_path = lie;
  if (const char* percent = std::getenv("DROP_UNSYNCED_EARLY_PERCENT"))
    s->early_percent = static_cast<unsigned>(std::strtoul(percent, nullptr, 10));
  s->names = std::make_unique<name_journal>(s->folder);
  s->names->undo_unsynced();
  return s;
}

state* the_state() {
  static state* const s = make_state();
  return s;
}

/// Names are to be taken back before the program looks at the folder.
__attribute__((constructor)) void start() {
  (void)the_state();
}

bool lies(const state& s) {
  return !s.lie_path.empty() && raw::access(s.lie_path.c_str()) == 0;
}

bool beneath(const state& s, const std::string& path) {
  return path.size() > s.folder.size() + 1 && path.starts_with(s.folder) && path[s.folder.size()] == '/';
}

/// Precondition: s.mutex is held.
void set_file(state& s, int fd, std::shared_ptr<open_file> file) {
  if (fd >= state::fds_max) refuse("more than 65536 file descriptors");
  s.tracked[static_cast<std::size_t>(fd)].store(file != nullptr, std::memory_order_release);
  s.files[static_cast<std::size_t>(fd)] = std::move(file);
}

/// Precondition: s.mutex is held. Content that is not synced stays, as in a page cache.
void forget_clean_contents(state& s) {
  std::erase_if(s.contents,
                [](const auto& entry) { return entry.second.use_count() == 1 && entry.second->clean(); });
}

std::shared_ptr<overlay> content_of(state& s, int fd, const struct stat& status) {
  auto& content = s.contents[{status.st_dev, status.st_ino}];
  if (!content) {
    const int own = raw::open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC);
    if (own < 0) return nullptr; // a file that nobody may write: nothing to hold back
    content = std::make_shared<overlay>(own, static_cast<std::uint64_t>(status.st_size), s.early_percent);
  }
  return content;
}

int open_tracked(state& s, const std::string& path, int flags, unsigned mode) {
  const bool may_create = (flags & O_CREAT) != 0;
  if (may_create && raw::access(path.c_str()) != 0) s.names->note_create(path);
  const int fd = raw::open(path.c_str(), flags & ~(O_TRUNC | O_DIRECT | O_APPEND), mode);
  if (fd < 0) return fd;
  struct stat status {};
  if (raw::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return fd;
  std::lock_guard lock{s.mutex};
  forget_clean_contents(s);
  auto file = std::make_shared<open_file>();
  file->content = content_of(s, fd, status);
  if (!file->content) return fd;
  file->append = (flags & O_APPEND) != 0;
  file->sync_each_write = (flags & (O_SYNC | O_DSYNC)) != 0;
  file->readable = (flags & O_ACCMODE) != O_WRONLY;
  file->writable = (flags & O_ACCMODE) != O_RDONLY;
  if ((flags & O_TRUNC) != 0 && file->writable) (void)file->content->truncate(0);
  set_file(s, fd, std::move(file));
  return fd;
}

int sync_folder(state& s, int fd) {
  char path[PATH_MAX];
  const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
  if (n > 0 && !lies(s)) s.names->commit(std::string(path, static_cast<std::size_t>(n)));
  return 0;
}

ssize_t after_write(open_file& file, ssize_t n) {
  if (n > 0 && file.sync_each_write && !lies(*the_state()) && file.content->sync(true) != 0) return -1;
  return n;
}

} // namespace

std::shared_ptr<open_file> file_of(int fd) {
  if (fd < 0 || fd >= state::fds_max) return nullptr;
  state* s = the_state();
  if (s == nullptr || !s->tracked[static_cast<std::size_t>(fd)].load(std::memory_order_acquire))
    return nullptr;
  std::lock_guard lock{s->mutex};
  return s->files[static_cast<std::size_t>(fd)];
}

int fail_with(int code) {
  errno = code;
  return -1;
}

int open_any(int folder_fd, const char* path, int flags, unsigned mode) {
  state* s = the_state();
  if (s != nullptr && (flags & (O_PATH | O_DIRECTORY)) == 0 && (flags & O_TMPFILE) != O_TMPFILE) {
    const std::string full = canonical(path, folder_fd);
    if (!full.empty() && beneath(*s, full)) return open_tracked(*s, full, flags, mode);
  }
  return static_cast<int>(::syscall(SYS_openat, folder_fd, path, flags, mode));
}

int sync_any(int fd, bool data_only) {
  state* s = the_state();
  if (auto file = file_of(fd)) return lies(*s) ? 0 : file->content->sync(data_only);
  struct stat status {};
  if (s != nullptr && raw::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) (void)sync_folder(*s, fd);
  return data_only ? raw::fdatasync(fd) : raw::fsync(fd);
}

ssize_t write_at(open_file& file, const void* data, std::size_t size, std::uint64_t at) {
  if (!file.writable) return fail_with(EBADF);
  return after_write(file, file.content->write(data, size, at));
}

ssize_t write_on(open_file& file, const void* data, std::size_t size) {
  if (!file.writable) return fail_with(EBADF);
  std::lock_guard lock{file.mutex};
  if (file.append) return after_write(file, file.content->append(data, size, &file.position));
  const ssize_t n = file.content->write(data, size, file.position);
  if (n > 0) file.position += static_cast<std::uint64_t>(n);
  return after_write(file, n);
}

ssize_t read_on(open_file& file, void* data, std::size_t size) {
  if (!file.readable) return fail_with(EBADF);
  std::lock_guard lock{file.mutex};
  const ssize_t n = file.content->read(data, size, file.position);
  if (n > 0) file.position += static_cast<std::uint64_t>(n);
  return n;
}

off_t seek(open_file& file, off_t at, int whence) {
  std::lock_guard lock{file.mutex};
  const off_t base = whence == SEEK_SET   ? 0
                     : whence == SEEK_CUR ? static_cast<off_t>(file.position)
                     : whence == SEEK_END ? static_cast<off_t>(file.content->size())
                                          : -1;
  if (base < 0 || base + at < 0) return fail_with(EINVAL);
  file.position = static_cast<std::uint64_t>(base + at);
  return base + at;
}

int allocate(open_file& file, int mode, off_t at, off_t size) {
  if (at < 0 || size <= 0) return fail_with(EINVAL);
  if (mode != 0) return mode == FALLOC_FL_KEEP_SIZE ? 0 : fail_with(EOPNOTSUPP);
  return file.content->allocate(static_cast<std::uint64_t>(at) + static_cast<std::uint64_t>(size));
}

int close_any(int fd) {
  if (file_of(fd)) {
    state* s = the_state();
    std::lock_guard lock{s->mutex};
    set_file(*s, fd, nullptr);
    forget_clean_contents(*s);
  }
  return raw::close(fd);
}

int share(int from, int to) {
  if (to < 0 || to >= state::fds_max || from == to) return to;
  if (state* s = the_state()) {
    auto file = file_of(from);
    std::lock_guard lock{s->mutex};
    set_file(*s, to, std::move(file));
  }
  return to;
}

bool length_of(dev_t device, ino_t inode, std::uint64_t* length) {
  state* s = the_state();
  if (s == nullptr) return false;
  std::lock_guard lock{s->mutex};
  const auto it = s->contents.find({device, inode});
  if (it != s->contents.end()) *length = it->second->size();
  return it != s->contents.end();
}

name_journal* names_for(const std::string& path) {
  state* s = the_state();
  return s != nullptr && !path.empty() && beneath(*s, path) ? s->names.get() : nullptr;
}

bool has_unsynced_content(int fd) {
  auto file = file_of(fd);
  return file && !file->content->clean();
}

} // namespace drop_unsynced
