#include "tests/crash/overlay.hpp"

#include "tests/crash/raw_calls.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace drop_unsynced {

overlay::overlay(int fd, std::uint64_t size, unsigned early_percent)
    : fd_(fd), early_percent_(early_percent),
      random_(static_cast<unsigned>(::getpid()) + static_cast<unsigned>(fd)), size_(size), real_size_(size),
      real_valid_(size) {}

overlay::~overlay() {
  raw::close(fd_);
}

bool overlay::read_real(char* data, std::size_t size, std::uint64_t at) {
  std::size_t done = 0;
  while (done < size && at + done < real_valid_) {
    const auto wanted = std::min<std::uint64_t>(size - done, real_valid_ - at - done);
    const ssize_t n = raw::pread(fd_, data + done, wanted, at + done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  std::memset(data + done, 0, size - done);
  return true;
}

ssize_t overlay::read(void* data, std::size_t size, std::uint64_t at) {
  std::lock_guard lock{mutex_};
  if (at >= size_) return 0;
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, size_ - at));
  char* out = static_cast<char*>(data);
  if (!read_real(out, size, at)) return -1;
  const std::uint64_t end = at + size;
  for (auto it = dirty_.lower_bound(at / page_bytes); it != dirty_.end() && it->first * page_bytes < end;
       ++it) {
    const std::uint64_t page_start = it->first * page_bytes;
    const std::uint64_t from = std::max(at, page_start);
    const std::uint64_t to = std::min(end, page_start + page_bytes);
    std::memcpy(out + (from - at), it->second->data() + (from - page_start), to - from);
  }
  return static_cast<ssize_t>(size);
}

overlay::page* overlay::dirty_page(std::uint64_t number) {
  auto& slot = dirty_[number];
  if (!slot) {
    auto fresh = std::make_unique<page>();
    if (!read_real(fresh->data(), page_bytes, number * page_bytes)) {
      dirty_.erase(number);
      return nullptr;
    }
    slot = std::move(fresh);
  }
  return slot.get();
}

void overlay::write_back_early(std::uint64_t number, const page& p) {
  // Only where the real file has this page already: its length is changed by a sync alone.
  const std::uint64_t start = number * page_bytes;
  if (early_percent_ == 0 || start + page_bytes > std::min(real_valid_, real_size_) ||
      random_() % 100 >= early_percent_)
    return;
  (void)raw::pwrite(fd_, p.data(), page_bytes, start);
}

ssize_t overlay::write_locked(const char* data, std::size_t size, std::uint64_t at) {
  std::size_t done = 0;
  while (done < size) {
    const std::uint64_t position = at + done;
    const std::uint64_t number = position / page_bytes;
    const std::size_t within = position % page_bytes;
    const std::size_t n = std::min<std::size_t>(size - done, page_bytes - within);
    page* p = dirty_page(number);
    if (p == nullptr) return done > 0 ? static_cast<ssize_t>(done) : -1;
    std::memcpy(p->data() + within, data + done, n);
    done += n;
    size_ = std::max(size_, at + done);
    write_back_early(number, *p);
  }
  return static_cast<ssize_t>(done);
}

ssize_t overlay::write(const void* data, std::size_t size, std::uint64_t at) {
  std::lock_guard lock{mutex_};
  return write_locked(static_cast<const char*>(data), size, at);
}

ssize_t overlay::append(const void* data, std::size_t size, std::uint64_t* end) {
  std::lock_guard lock{mutex_};
  const ssize_t n = write_locked(static_cast<const char*>(data), size, size_);
  *end = size_;
  return n;
}

int overlay::truncate(std::uint64_t size) {
  std::lock_guard lock{mutex_};
  if (size < size_) {
    dirty_.erase(dirty_.lower_bound((size + page_bytes - 1) / page_bytes), dirty_.end());
    real_valid_ = std::min(real_valid_, size);
    if (auto last = dirty_.find(size / page_bytes); last != dirty_.end())
      std::memset(last->second->data() + size % page_bytes, 0, page_bytes - size % page_bytes);
  }
  size_ = size;
  return 0;
}

int overlay::allocate(std::uint64_t size) {
  std::lock_guard lock{mutex_};
  if (size <= size_) return 0;
  if (raw::fallocate(fd_, FALLOC_FL_KEEP_SIZE, 0, size) != 0 && errno != EOPNOTSUPP) return -1;
  size_ = size;
  return 0;
}

int overlay::flush_locked() {
  if (real_valid_ < real_size_) {
    if (raw::ftruncate(fd_, real_valid_) != 0) return -1;
    real_size_ = real_valid_;
  }
  if (real_size_ != size_) {
    if (raw::ftruncate(fd_, size_) != 0) return -1;
    real_size_ = size_;
    real_valid_ = size_;
  }
  while (!dirty_.empty()) {
    const auto it = dirty_.begin();
    const std::uint64_t start = it->first * page_bytes;
    const std::size_t n = static_cast<std::size_t>(std::min(page_bytes, size_ - start));
    std::size_t done = 0;
    while (done < n) {
      const ssize_t written = raw::pwrite(fd_, it->second->data() + done, n - done, start + done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return -1;
      done += static_cast<std::size_t>(written);
    }
    dirty_.erase(it);
  }
  return 0;
}

int overlay::sync(bool data_only) {
  {
    std::lock_guard lock{mutex_};
    if (flush_locked() != 0) return -1;
  }
  // Outside the lock: other threads may write on while a sync runs, and what they write is not part of it.
  return data_only ? raw::fdatasync(fd_) : raw::fsync(fd_);
}

std::uint64_t overlay::size() {
  std::lock_guard lock{mutex_};
  return size_;
}

bool overlay::clean() {
  std::lock_guard lock{mutex_};
  return dirty_.empty() && size_ == real_size_ && real_valid_ >= real_size_;
}

} // namespace drop_unsynced
