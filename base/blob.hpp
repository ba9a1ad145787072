#pragma once

// Immutable, shared bytes in one allocation: the currency in which commands and values travel between actors.

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

namespace troupe {

/// A reference to immutable bytes. Copying shares them; the count is atomic, so copies may live on any
/// thread. One pointer wide (the size stands before the bytes): a key space of millions of small values pays
/// 8 + 8 bytes each.
class blob {
public:
  static constexpr std::size_t bytes_max = UINT32_MAX;

  blob() noexcept = default;
  /// Copies `bytes`. Throws std::length_error above bytes_max and std::bad_alloc.
  explicit blob(std::string_view bytes);
  blob(const blob& other) noexcept : head_(other.head_) {
    if (head_) head_->references.fetch_add(1, std::memory_order_relaxed);
  }
  blob(blob&& other) noexcept : head_(std::exchange(other.head_, nullptr)) {}
  blob& operator=(blob other) noexcept {
    std::swap(head_, other.head_);
    return *this;
  }
  ~blob() { release(); }

  std::string_view view() const noexcept {
    return head_ ? std::string_view{reinterpret_cast<const char*>(head_ + 1), head_->size}
                 : std::string_view{};
  }
  std::size_t size() const noexcept { return head_ ? head_->size : 0; }
  bool empty() const noexcept { return size() == 0; }

  friend bool operator==(const blob& a, const blob& b) noexcept {
    return a.head_ == b.head_ || a.view() == b.view();
  }

private:
  struct header {
    std::atomic<std::uint32_t> references;
    std::uint32_t size;
  };

  void release() noexcept;

  header* head_ = nullptr; ///< null for the empty blob
};

} // namespace troupe
