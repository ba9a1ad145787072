#include "base/mapped_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>
#include <utility>

namespace troupe {

namespace {

error os_error(int number, const char* what, const std::string& path) {
  return error{number == ENOENT ? errc::not_found : errc::io_error,
               path + ": " + what + ": " + std::generic_category().message(number)};
}

} // namespace

result<mapped_file> mapped_file::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return os_error(errno, "open", path);
  struct stat about = {};
  if (::fstat(fd, &about) != 0) {
    const int number = errno;
    ::close(fd);
    return os_error(number, "stat", path);
  }
  if (!S_ISREG(about.st_mode)) {
    ::close(fd);
    return error{errc::io_error, path + ": not a regular file"};
  }
  const auto size = static_cast<std::size_t>(about.st_size);
  void* data = nullptr;
  int number = 0;
  if (size > 0) {
    data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
    number = errno;
  }
  // The mapping holds the file by itself.
  ::close(fd);
  if (data == MAP_FAILED) return os_error(number, "mmap", path);
  return mapped_file{static_cast<const char*>(data), size};
}

mapped_file::mapped_file(mapped_file&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

mapped_file::~mapped_file() {
  if (data_ != nullptr) ::munmap(const_cast<char*>(data_), size_);
}

} // namespace troupe
