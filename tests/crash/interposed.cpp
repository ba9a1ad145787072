// The functions that a program calls instead of libc's once this library is preloaded.

#include "tests/crash/files.hpp"
#include "tests/crash/raw_calls.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <dlfcn.h>
#include <sys/mman.h>
#include <sys/sendfile.h>

#define EXPORTED extern "C" __attribute__((visibility("default")))

using namespace drop_unsynced;

namespace {

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

/// The mode argument of open, there only when a file may be made.
unsigned mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, unsigned) : 0;
}

template <class Status>
int patched(int answer, Status* status) {
  std::uint64_t length = 0;
  if (answer == 0 && S_ISREG(status->st_mode) && length_of(status->st_dev, status->st_ino, &length))
    status->st_size = static_cast<off_t>(length);
  return answer;
}

} // namespace

// Opening and closing.

#define OPEN(name)                                                                                           \
  EXPORTED int name(const char* path, int flags, ...) {                                                      \
    va_list arguments;                                                                                       \
    va_start(arguments, flags);                                                                              \
    const unsigned mode = mode_of(flags, arguments);                                                         \
    va_end(arguments);                                                                                       \
    return open_any(AT_FDCWD, path, flags, mode);                                                            \
  }
#define OPENAT(name)                                                                                         \
  EXPORTED int name(int folder, const char* path, int flags, ...) {                                          \
    va_list arguments;                                                                                       \
    va_start(arguments, flags);                                                                              \
    const unsigned mode = mode_of(flags, arguments);                                                         \
    va_end(arguments);                                                                                       \
    return open_any(folder, path, flags, mode);                                                              \
  }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
EXPORTED int creat(const char* path, mode_t mode) {
  return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
EXPORTED int creat64(const char* path, mode_t mode) {
  return open_any(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
// What fortified builds call.
EXPORTED int __open_2(const char* path, int flags) {
  return open_any(AT_FDCWD, path, flags, 0);
}
EXPORTED int __open64_2(const char* path, int flags) {
  return open_any(AT_FDCWD, path, flags, 0);
}

EXPORTED int close(int fd) {
  return close_any(fd);
}
EXPORTED int dup(int fd) {
  return share(fd, static_cast<int>(::syscall(SYS_dup, fd)));
}
EXPORTED int dup2(int from, int to) {
  return from == to ? next<int (*)(int, int)>("dup2")(from, to)
                    : share(from, static_cast<int>(::syscall(SYS_dup3, from, to, 0)));
}
EXPORTED int dup3(int from, int to, int flags) {
  return share(from, static_cast<int>(::syscall(SYS_dup3, from, to, flags)));
}

// A stream opens its file inside libc, where this library cannot see it.
#define FOPEN(name)                                                                                          \
  EXPORTED FILE* name(const char* path, const char* mode) {                                                  \
    const std::string text = mode;                                                                           \
    if (text.find_first_of("wa+") != std::string::npos && names_for(canonical(path, AT_FDCWD)) != nullptr)   \
      refuse("a stream that writes under the folder (" #name ") is not modelled");                           \
    return next<FILE* (*)(const char*, const char*)>(#name)(path, mode);                                     \
  }
FOPEN(fopen)
FOPEN(fopen64)

// Reading and writing.

EXPORTED ssize_t read(int fd, void* data, size_t size) {
  auto file = file_of(fd);
  return file ? read_on(*file, data, size) : ::syscall(SYS_read, fd, data, size);
}
EXPORTED ssize_t write(int fd, const void* data, size_t size) {
  auto file = file_of(fd);
  return file ? write_on(*file, data, size) : raw::write(fd, data, size);
}
EXPORTED ssize_t readv(int fd, const iovec* parts, int count) {
  auto file = file_of(fd);
  if (!file) return ::syscall(SYS_readv, fd, parts, count);
  return over_parts(parts, count, [&](void* data, std::size_t size) { return read_on(*file, data, size); });
}
EXPORTED ssize_t writev(int fd, const iovec* parts, int count) {
  auto file = file_of(fd);
  if (!file) return ::syscall(SYS_writev, fd, parts, count);
  return over_parts(parts, count,
                    [&](const void* data, std::size_t size) { return write_on(*file, data, size); });
}

namespace {

ssize_t pread_any(int fd, void* data, std::size_t size, off_t at) {
  auto file = file_of(fd);
  if (!file) return raw::pread(fd, data, size, static_cast<std::uint64_t>(at));
  if (!file->readable) return fail_with(EBADF);
  return at < 0 ? fail_with(EINVAL) : file->content->read(data, size, static_cast<std::uint64_t>(at));
}
ssize_t pwrite_any(int fd, const void* data, std::size_t size, off_t at) {
  auto file = file_of(fd);
  if (!file) return raw::pwrite(fd, data, size, static_cast<std::uint64_t>(at));
  return at < 0 ? fail_with(EINVAL) : write_at(*file, data, size, static_cast<std::uint64_t>(at));
}
ssize_t preadv_any(int fd, const iovec* parts, int count, off_t at) {
  return over_parts(parts, count, [&](void* data, std::size_t size) {
    const ssize_t n = pread_any(fd, data, size, at);
    at += n > 0 ? n : 0;
    return n;
  });
}
ssize_t pwritev_any(int fd, const iovec* parts, int count, off_t at) {
  return over_parts(parts, count, [&](const void* data, std::size_t size) {
    const ssize_t n = pwrite_any(fd, data, size, at);
    at += n > 0 ? n : 0;
    return n;
  });
}

} // namespace

EXPORTED ssize_t pread(int fd, void* data, size_t size, off_t at) {
  return pread_any(fd, data, size, at);
}
EXPORTED ssize_t pread64(int fd, void* data, size_t size, off64_t at) {
  return pread_any(fd, data, size, at);
}
EXPORTED ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  return pwrite_any(fd, data, size, at);
}
EXPORTED ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
  return pwrite_any(fd, data, size, at);
}
EXPORTED ssize_t preadv(int fd, const iovec* parts, int count, off_t at) {
  return preadv_any(fd, parts, count, at);
}
EXPORTED ssize_t preadv64(int fd, const iovec* parts, int count, off64_t at) {
  return preadv_any(fd, parts, count, at);
}
EXPORTED ssize_t pwritev(int fd, const iovec* parts, int count, off_t at) {
  return pwritev_any(fd, parts, count, at);
}
EXPORTED ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t at) {
  return pwritev_any(fd, parts, count, at);
}

EXPORTED off_t lseek(int fd, off_t at, int whence) {
  auto file = file_of(fd);
  return file ? seek(*file, at, whence) : raw::lseek(fd, at, whence);
}
EXPORTED off64_t lseek64(int fd, off64_t at, int whence) {
  return lseek(fd, at, whence);
}

// Lengths.

EXPORTED int ftruncate(int fd, off_t size) {
  auto file = file_of(fd);
  if (!file) return raw::ftruncate(fd, static_cast<std::uint64_t>(size));
  return size < 0 || !file->writable ? fail_with(EINVAL)
                                     : file->content->truncate(static_cast<std::uint64_t>(size));
}
EXPORTED int ftruncate64(int fd, off64_t size) {
  return ftruncate(fd, size);
}
EXPORTED int truncate(const char* path, off_t size) {
  const int fd = open_any(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
  if (fd < 0) return -1;
  const int done = ftruncate(fd, size);
  close_any(fd);
  return done;
}
EXPORTED int truncate64(const char* path, off64_t size) {
  return truncate(path, size);
}
EXPORTED int fallocate(int fd, int mode, off_t at, off_t size) {
  auto file = file_of(fd);
  if (!file)
    return raw::fallocate(fd, mode, static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(size));
  return allocate(*file, mode, at, size);
}
EXPORTED int fallocate64(int fd, int mode, off64_t at, off64_t size) {
  return fallocate(fd, mode, at, size);
}
EXPORTED int posix_fallocate(int fd, off_t at, off_t size) {
  auto file = file_of(fd);
  if (!file) return next<int (*)(int, off_t, off_t)>("posix_fallocate")(fd, at, size);
  return allocate(*file, 0, at, size) == 0 ? 0 : errno;
}
EXPORTED int posix_fallocate64(int fd, off64_t at, off64_t size) {
  return posix_fallocate(fd, at, size);
}

#define BY_PATH(name, status_type)                                                                           \
  EXPORTED int name(const char* path, status_type* status) noexcept {                                        \
    return patched(next<int (*)(const char*, status_type*)>(#name)(path, status), status);                   \
  }
#define BY_FD(name, status_type)                                                                             \
  EXPORTED int name(int fd, status_type* status) noexcept {                                                  \
    return patched(next<int (*)(int, status_type*)>(#name)(fd, status), status);                             \
  }
#define AT_FOLDER(name, status_type)                                                                         \
  EXPORTED int name(int folder, const char* path, status_type* status, int flags) noexcept {                 \
    return patched(next<int (*)(int, const char*, status_type*, int)>(#name)(folder, path, status, flags),   \
                   status);                                                                                  \
  }
BY_PATH(stat, struct stat)
BY_PATH(stat64, struct stat64)
BY_PATH(lstat, struct stat)
BY_PATH(lstat64, struct stat64)
BY_FD(fstat, struct stat)
BY_FD(fstat64, struct stat64)
AT_FOLDER(fstatat, struct stat)
AT_FOLDER(fstatat64, struct stat64)
EXPORTED int statx(int folder, const char* path, int flags, unsigned mask, struct statx* status) noexcept {
  const int answer = static_cast<int>(::syscall(SYS_statx, folder, path, flags, mask, status));
  struct stat plain {};
  std::uint64_t length = 0;
  if (answer == 0 &&
      next<int (*)(int, const char*, struct stat*, int)>("fstatat")(folder, path, &plain, flags) == 0 &&
      S_ISREG(plain.st_mode) && length_of(plain.st_dev, plain.st_ino, &length))
    status->stx_size = length;
  return answer;
}

// Syncing.

EXPORTED int fsync(int fd) {
  return sync_any(fd, false);
}
EXPORTED int fdatasync(int fd) {
  return sync_any(fd, true);
}
EXPORTED int sync_file_range(int fd, off64_t at, off64_t size, unsigned flags) {
  // It promises nothing about a power cut, so for our files it does nothing.
  return file_of(fd) ? 0 : static_cast<int>(::syscall(SYS_sync_file_range, fd, at, size, flags));
}

// Names.

EXPORTED int renameat2(int from_folder, const char* from, int to_folder, const char* to,
                       unsigned flags) noexcept {
  const std::string old_path = canonical(from, from_folder), new_path = canonical(to, to_folder);
  if (name_journal* names = names_for(new_path); names != nullptr && names_for(old_path) != nullptr) {
    if (flags == RENAME_NOREPLACE && raw::access(new_path.c_str()) == 0) return fail_with(EEXIST);
    if (flags != 0 && flags != RENAME_NOREPLACE) refuse("renameat2 with this flag is not modelled");
    return names->rename(old_path, new_path);
  }
  return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, flags));
}
EXPORTED int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return renameat2(from_folder, from, to_folder, to, 0);
}
EXPORTED int rename(const char* from, const char* to) noexcept {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

EXPORTED int unlinkat(int folder, const char* path, int flags) noexcept {
  const std::string full = canonical(path, folder);
  if (name_journal* names = names_for(full))
    return (flags & AT_REMOVEDIR) != 0 ? names->remove_folder(full) : names->remove_file(full);
  return static_cast<int>(::syscall(SYS_unlinkat, folder, path, flags));
}
EXPORTED int unlink(const char* path) noexcept {
  return unlinkat(AT_FDCWD, path, 0);
}
EXPORTED int rmdir(const char* path) noexcept {
  return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}
EXPORTED int remove(const char* path) noexcept {
  const int done = unlinkat(AT_FDCWD, path, 0);
  return done != 0 && errno == EISDIR ? rmdir(path) : done;
}
EXPORTED int mkdirat(int folder, const char* path, mode_t mode) noexcept {
  const std::string full = canonical(path, folder);
  if (name_journal* names = names_for(full)) return names->make_folder(full, mode);
  return static_cast<int>(::syscall(SYS_mkdirat, folder, path, mode));
}
EXPORTED int mkdir(const char* path, mode_t mode) noexcept {
  return mkdirat(AT_FDCWD, path, mode);
}
EXPORTED int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  const std::string old_path = canonical(from, from_folder), new_path = canonical(to, to_folder);
  if (name_journal* names = names_for(new_path)) return names->link(old_path, new_path);
  return static_cast<int>(::syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}
EXPORTED int link(const char* from, const char* to) noexcept {
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

// What would go past the model.

namespace {

void* map_any(void* address, std::size_t length, int protection, int flags, int fd, off_t at) {
  if (auto file = file_of(fd)) {
    const bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    if (shared && (protection & PROT_WRITE) != 0) refuse("a shared writable mapping is not modelled");
    if (!file->content->clean()) refuse("mapping a file with unsynced content is not modelled");
  }
  return reinterpret_cast<void*>(::syscall(SYS_mmap, address, length, protection, flags, fd, at));
}

void refuse_unsynced(int fd, const char* why) {
  if (has_unsynced_content(fd)) refuse(why);
}

} // namespace

EXPORTED void* mmap(void* address, size_t length, int protection, int flags, int fd, off_t at) noexcept {
  return map_any(address, length, protection, flags, fd, at);
}
EXPORTED void* mmap64(void* address, size_t length, int protection, int flags, int fd, off64_t at) noexcept {
  return map_any(address, length, protection, flags, fd, at);
}
EXPORTED ssize_t sendfile(int to, int from, off_t* at, size_t size) noexcept {
  refuse_unsynced(from, "sendfile of unsynced content is not modelled");
  return ::syscall(SYS_sendfile, to, from, at, size);
}
EXPORTED ssize_t sendfile64(int to, int from, off64_t* at, size_t size) noexcept {
  return sendfile(to, from, at, size);
}
EXPORTED ssize_t copy_file_range(int from, off64_t* from_at, int to, off64_t* to_at, size_t size,
                                 unsigned flags) {
  if (file_of(to)) refuse("copy_file_range into the folder is not modelled");
  refuse_unsynced(from, "copy_file_range of unsynced content is not modelled");
  return ::syscall(SYS_copy_file_range, from, from_at, to, to_at, size, flags);
}
