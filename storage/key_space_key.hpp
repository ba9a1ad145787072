#pragma once

// Keys as the ordered map stores them: 24 bytes, of which 23 hold a short key in place. Most keys cost no
// allocation that way and, more important, no cache miss for each comparison on the way down the tree.

#include <absl/types/compare.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

namespace troupe::storage {

class version;

/// The first eight bytes as a number that compares like them; short keys are filled up with zeros, so equal
/// numbers prove nothing.
inline std::uint64_t key_head(const char* eight_bytes) {
  std::uint64_t head;
  std::memcpy(&head, eight_bytes, sizeof head);
  return __builtin_bswap64(head);
}

/// A key to look for. Does not own its bytes.
struct key_probe {
  std::string_view bytes;
  std::uint64_t head;

  explicit key_probe(std::string_view key) : bytes(key) {
    char first[8] = {};
    std::memcpy(first, key.data(), key.size() < sizeof first ? key.size() : sizeof first);
    head = key_head(first);
  }
};

/// An owned, immutable key.
class compact_key {
public:
  static constexpr std::size_t inline_max = 23;

  explicit compact_key(std::string_view key) {
    if (key.size() <= inline_max) {
      std::memcpy(data_, key.data(), key.size());
      data_[23] = static_cast<char>(key.size());
      return;
    }
    auto* bytes = static_cast<char*>(::operator new(key.size()));
    std::memcpy(bytes, key.data(), key.size());
    auto size = static_cast<std::uint32_t>(key.size());
    std::memcpy(data_, key.data(), 8);
    std::memcpy(data_ + pointer_at, &bytes, sizeof bytes);
    std::memcpy(data_ + size_at, &size, sizeof size);
    data_[23] = heap_mark;
  }
  compact_key(compact_key&& other) noexcept { take(other); }
  compact_key& operator=(compact_key&& other) noexcept {
    if (this != &other) {
      release();
      take(other);
    }
    return *this;
  }
  ~compact_key() { release(); }

  std::string_view view() const {
    if (data_[23] != heap_mark) return {data_, static_cast<std::size_t>(data_[23])};
    std::uint32_t size;
    std::memcpy(&size, data_ + size_at, sizeof size);
    return {heap(), size};
  }
  std::uint64_t head() const { return key_head(data_); }

private:
  static constexpr char heap_mark = 127;
  static constexpr std::size_t pointer_at = 8;
  static constexpr std::size_t size_at = 16;

  char* heap() const {
    char* bytes;
    std::memcpy(&bytes, data_ + pointer_at, sizeof bytes);
    return bytes;
  }
  void take(compact_key& other) {
    std::memcpy(data_, other.data_, sizeof data_);
    std::memset(other.data_, 0, sizeof other.data_);
  }
  void release() {
    if (data_[23] == heap_mark) ::operator delete(heap());
  }

  // In place: the bytes, zeros, and the size in the last byte. On the heap: the first 8 bytes, a pointer, a
  // size, heap_mark.
  char data_[24] = {};
};

/// What stands in the ordered map: a key and the newest of its versions, which is no part of the order.
struct key_slot {
  compact_key key;
  mutable version* newest;
};

/// Byte order, shorter first among equals.
struct compare_keys {
  using is_transparent = void;

  template <class A, class B>
  absl::weak_ordering operator()(const A& a, const B& b) const {
    auto head_a = head(a);
    auto head_b = head(b);
    if (head_a != head_b) return head_a < head_b ? absl::weak_ordering::less : absl::weak_ordering::greater;
    auto order = view(a).compare(view(b));
    if (order == 0) return absl::weak_ordering::equivalent;
    return order < 0 ? absl::weak_ordering::less : absl::weak_ordering::greater;
  }

private:
  static std::uint64_t head(const key_slot& k) { return k.key.head(); }
  static std::uint64_t head(const key_probe& k) { return k.head; }
  static std::string_view view(const key_slot& k) { return k.key.view(); }
  static std::string_view view(const key_probe& k) { return k.bytes; }
};

} // namespace troupe::storage
