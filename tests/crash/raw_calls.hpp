#pragma once

// The system calls themselves, past the functions that this library puts in front of them. Answers and errno
// as in libc.

#include <cstdint>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace drop_unsynced::raw {

inline int open(const char* path, int flags, unsigned mode = 0600) {
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
inline int close(int fd) {
  return static_cast<int>(::syscall(SYS_close, fd));
}
inline ssize_t write(int fd, const void* data, std::size_t size) {
  return ::syscall(SYS_write, fd, data, size);
}
inline ssize_t pread(int fd, void* data, std::size_t size, std::uint64_t at) {
  return ::syscall(SYS_pread64, fd, data, size, at);
}
inline ssize_t pwrite(int fd, const void* data, std::size_t size, std::uint64_t at) {
  return ::syscall(SYS_pwrite64, fd, data, size, at);
}
inline off_t lseek(int fd, off_t at, int whence) {
  return ::syscall(SYS_lseek, fd, at, whence);
}
inline int ftruncate(int fd, std::uint64_t size) {
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}
inline int fallocate(int fd, int mode, std::uint64_t at, std::uint64_t size) {
  return static_cast<int>(::syscall(SYS_fallocate, fd, mode, at, size));
}
inline int fsync(int fd) {
  return static_cast<int>(::syscall(SYS_fsync, fd));
}
inline int fdatasync(int fd) {
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}
inline int rename(const char* from, const char* to, unsigned flags = 0) {
  return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags));
}
inline int link(const char* from, const char* to) {
  return static_cast<int>(::syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0));
}
inline int unlink(const char* path) {
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}
inline int rmdir(const char* path) {
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR));
}
inline int mkdir(const char* path, unsigned mode) {
  return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
inline int stat(const char* path, struct stat* out, int flags = 0) {
  return static_cast<int>(::syscall(SYS_newfstatat, AT_FDCWD, path, out, flags));
}
inline int fstat(int fd, struct stat* out) {
  return static_cast<int>(::syscall(SYS_newfstatat, fd, "", out, AT_EMPTY_PATH));
}
inline int access(const char* path) {
  return static_cast<int>(::syscall(SYS_faccessat, AT_FDCWD, path, F_OK));
}

} // namespace drop_unsynced::raw
