#pragma once

// A growing run of bytes in 16 bytes of its own: what is short stands inside, so that the many terms that
// occur once or twice cost no allocation.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace troupe::search {

class byte_run {
public:
  byte_run() noexcept = default;
  byte_run(byte_run&& other) noexcept : size_(std::exchange(other.size_, 0)) {
    std::memcpy(room_, other.room_, sizeof room_);
  }
  byte_run& operator=(byte_run&& other) noexcept {
    if (this == &other) return *this;
    clear();
    size_ = std::exchange(other.size_, 0);
    std::memcpy(room_, other.room_, sizeof room_);
    return *this;
  }
  ~byte_run() { clear(); }

  const std::uint8_t* data() const { return outside() ? pointer() : room_; }
  std::size_t size() const { return size_; }
  std::size_t heap_bytes() const { return outside() ? capacity() : 0; }

  void append(std::span<const std::uint8_t> bytes) {
    if (bytes.empty()) return;
    const auto wanted = size_ + static_cast<std::uint32_t>(bytes.size());
    if (wanted > room()) grow(wanted);
    auto* to = wanted > sizeof room_ ? pointer() : room_;
    std::memcpy(to + size_, bytes.data(), bytes.size());
    size_ = wanted;
  }

  void clear() {
    if (outside()) delete[] pointer();
    size_ = 0;
  }

private:
  bool outside() const { return size_ > sizeof room_; }
  std::uint32_t room() const { return outside() ? capacity() : sizeof room_; }
  std::uint8_t* pointer() const {
    std::uint8_t* p;
    std::memcpy(&p, room_, sizeof p);
    return p;
  }
  std::uint32_t capacity() const {
    std::uint32_t n;
    std::memcpy(&n, room_ + sizeof(std::uint8_t*), sizeof n);
    return n;
  }
  void grow(std::uint32_t wanted) {
    // What malloc rounds to anyway: multiples of 16 bytes, eight of which are its own.
    const std::uint32_t larger = (wanted + wanted / 2 + 15) / 16 * 16 + 8;
    auto* fresh = new std::uint8_t[larger];
    std::memcpy(fresh, data(), size_);
    if (outside()) delete[] pointer();
    std::memcpy(room_, &fresh, sizeof fresh);
    std::memcpy(room_ + sizeof fresh, &larger, sizeof larger);
  }

  std::uint8_t room_[12] = {}; ///< the bytes themselves, or a pointer to them and their capacity
  std::uint32_t size_ = 0;
};
static_assert(sizeof(byte_run) == 16);

} // namespace troupe::search
