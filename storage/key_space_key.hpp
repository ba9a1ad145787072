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

/// Eight bytes as a number that compares like them.
inline std::uint64_t key_word(const char* eight_bytes) {
  std::uint64_t word;
  std::memcpy(&word, eight_bytes, sizeof word);
  return __builtin_bswap64(word);
}

/// How a key lies in 24 bytes. Short: the bytes, zeros, and the size in the last byte, so that two short keys
/// compare as three words: the size decides when all bytes are equal. Long: the first 8 bytes, which decide
/// mostly, then as compact_key has it.
struct key_layout {
  static constexpr std::size_t inline_max = 23;
  static constexpr std::size_t size_at = 23;
  static constexpr char long_mark = 127;
};

/// A key to look for. Does not own its bytes.
struct key_probe {
  std::string_view bytes;
  bool is_short;
  std::uint64_t words[3]; ///< of a long key only the first is set

  explicit key_probe(std::string_view key) : bytes(key), is_short(key.size() <= key_layout::inline_max) {
    char layout[24] = {};
    std::memcpy(layout, key.data(), is_short ? key.size() : 8);
    layout[key_layout::size_at] = static_cast<char>(is_short ? key.size() : 0);
    for (int i = 0; i < 3; ++i)
      words[i] = key_word(layout + 8 * i);
  }
};

/// An owned, immutable key.
class compact_key {
public:
  explicit compact_key(std::string_view key) {
    if (key.size() <= key_layout::inline_max) {
      std::memcpy(data_, key.data(), key.size());
      data_[key_layout::size_at] = static_cast<char>(key.size());
      return;
    }
    auto* bytes = static_cast<char*>(::operator new(key.size()));
    std::memcpy(bytes, key.data(), key.size());
    auto size = static_cast<std::uint32_t>(key.size());
    std::memcpy(data_, key.data(), 8);
    std::memcpy(data_ + pointer_at, &bytes, sizeof bytes);
    std::memcpy(data_ + long_size_at, &size, sizeof size);
    data_[key_layout::size_at] = key_layout::long_mark;
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
    if (is_short()) return {data_, static_cast<std::size_t>(data_[key_layout::size_at])};
    std::uint32_t size;
    std::memcpy(&size, data_ + long_size_at, sizeof size);
    return {heap(), size};
  }
  bool is_short() const { return data_[key_layout::size_at] != key_layout::long_mark; }
  std::uint64_t word(std::size_t i) const { return key_word(data_ + 8 * i); }

private:
  static constexpr std::size_t pointer_at = 8;
  static constexpr std::size_t long_size_at = 16;

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
    if (!is_short()) ::operator delete(heap());
  }

  // key_layout; a long key has a pointer at 8, its size (u32) at 16, and long_mark in the last byte.
  char data_[24] = {};
};

/// What stands in the ordered map: a key and the newest of its versions, which is no part of the order.
struct key_slot {
  compact_key key;
  mutable version* newest;
};

/// Byte order, shorter first among equals. Of keys, alone or in their slots, and probes.
struct compare_keys {
  using is_transparent = void;

  template <class A, class B>
  absl::weak_ordering operator()(const A& a, const B& b) const {
    if (word(a, 0) != word(b, 0)) return order(word(a, 0), word(b, 0));
    if (is_short(a) && is_short(b))
      return word(a, 1) != word(b, 1) ? order(word(a, 1), word(b, 1)) : order(word(a, 2), word(b, 2));
    return order(view(a).compare(view(b)), 0);
  }

private:
  template <class T>
  static absl::weak_ordering order(T a, T b) {
    if (a == b) return absl::weak_ordering::equivalent;
    return a < b ? absl::weak_ordering::less : absl::weak_ordering::greater;
  }
  static std::uint64_t word(const compact_key& k, std::size_t i) { return k.word(i); }
  static std::uint64_t word(const key_slot& k, std::size_t i) { return k.key.word(i); }
  static std::uint64_t word(const key_probe& k, std::size_t i) { return k.words[i]; }
  static bool is_short(const compact_key& k) { return k.is_short(); }
  static bool is_short(const key_slot& k) { return k.key.is_short(); }
  static bool is_short(const key_probe& k) { return k.is_short; }
  static std::string_view view(const compact_key& k) { return k.view(); }
  static std::string_view view(const key_slot& k) { return k.key.view(); }
  static std::string_view view(const key_probe& k) { return k.bytes; }
};

} // namespace troupe::storage
