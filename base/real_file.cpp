#include "base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace troupe {

namespace {

error os_error(int number, const std::string& what, const std::string& path) {
  auto code = errc::io_error;
  // Running out of descriptors is like running out of space: nothing written was lost, and it can pass.
  if (number == ENOSPC || number == EDQUOT || number == EMFILE || number == ENFILE) code = errc::disk_full;
  if (number == ENOENT) code = errc::not_found;
  return error{code, path + ": " + what + ": " + std::generic_category().message(number)};
}

/// Repeats a system call that was interrupted by a signal before it did anything.
template <class Call>
auto retry(Call call) {
  for (;;) {
    auto outcome = call();
    if (outcome != -1 || errno != EINTR) return outcome;
  }
}

/// Owns a descriptor.
class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    // Not repeated on EINTR: Linux has released the descriptor by then.
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

private:
  int fd_;
};

class real_file final : public file {
public:
  real_file(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      auto n = retry(
          [&] { return ::pread(fd_.get(), buffer + done, size - done, static_cast<off_t>(offset + done)); });
      if (n < 0) return os_error(errno, "read", path_);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  result<void> write(std::uint64_t offset, std::string_view bytes) override {
    while (!bytes.empty()) {
      auto n =
          retry([&] { return ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (n < 0) return os_error(errno, "write", path_);
      if (n == 0) return error{errc::io_error, path_ + ": write: nothing was written"};
      bytes.remove_prefix(static_cast<std::size_t>(n));
      offset += static_cast<std::uint64_t>(n);
    }
    return {};
  }

  result<void> sync() override {
    if (retry([&] { return ::fdatasync(fd_.get()); }) != 0) return os_error(errno, "fdatasync", path_);
    return {};
  }

  result<void> allocate(std::uint64_t size) override {
    int outcome = EINTR;
    while (outcome == EINTR)
      outcome = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    if (outcome != 0) return os_error(outcome, "allocate", path_);
    return {};
  }

  result<void> truncate(std::uint64_t size) override {
    if (retry([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0)
      return os_error(errno, "truncate", path_);
    return {};
  }

  result<std::uint64_t> size() override {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return os_error(errno, "stat", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

private:
  descriptor fd_;
  std::string path_;
};

class real_lock final : public file_lock {
public:
  explicit real_lock(int fd) : fd_(fd) {}

private:
  descriptor fd_; ///< closing it releases the lock
};

int open_flags(open_mode mode) {
  switch (mode) {
  case open_mode::read: return O_RDONLY;
  case open_mode::read_write: return O_RDWR;
  case open_mode::create: return O_RDWR | O_CREAT | O_EXCL;
  case open_mode::replace: return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

class real_files final : public file_system {
public:
  result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override {
    auto fd = retry([&] { return ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, 0640); });
    if (fd < 0) {
      if (errno == EEXIST) return error{errc::invalid_argument, path + ": exists already"};
      return os_error(errno, "open", path);
    }
    return std::unique_ptr<file>{std::make_unique<real_file>(fd, path)};
  }

  result<std::vector<std::string>> list(const std::string& folder) override {
    std::error_code failure;
    std::vector<std::string> names;
    std::filesystem::directory_iterator it{folder, failure};
    while (!failure && it != std::filesystem::directory_iterator{}) {
      names.push_back(it->path().filename().string());
      it.increment(failure);
    }
    if (failure) return os_error(failure.value(), "list", folder);
    std::sort(names.begin(), names.end());
    return names;
  }

  result<bool> exists(const std::string& path) override {
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return os_error(errno, "stat", path);
  }

  result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return os_error(errno, "rename to " + to, from);
    return {};
  }

  result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return os_error(errno, "remove", path);
    return {};
  }

  result<void> make_folder(const std::string& folder) override {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) return os_error(failure.value(), "make folder", folder);
    return {};
  }

  result<void> sync_folder(const std::string& folder) override {
    descriptor fd{retry([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); })};
    if (fd.get() < 0) return os_error(errno, "open", folder);
    if (retry([&] { return ::fsync(fd.get()); }) != 0) return os_error(errno, "fsync", folder);
    return {};
  }

  result<std::uint64_t> space(const std::string& folder) override {
    struct statvfs status {};
    if (::statvfs(folder.c_str(), &status) != 0) return os_error(errno, "statvfs", folder);
    return std::uint64_t{status.f_bavail} * status.f_frsize;
  }

  result<std::unique_ptr<file_lock>> lock(const std::string& path) override {
    auto fd = retry([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640); });
    if (fd < 0) return os_error(errno, "open", path);
    auto held = std::make_unique<real_lock>(fd);
    if (retry([&] { return ::flock(fd, LOCK_EX | LOCK_NB); }) != 0) {
      if (errno == EWOULDBLOCK) return error{errc::locked, path + ": another process holds the lock"};
      return os_error(errno, "lock", path);
    }
    return std::unique_ptr<file_lock>{std::move(held)};
  }
};

} // namespace

file_system& real_file_system() {
  static real_files files;
  return files;
}

} // namespace troupe
