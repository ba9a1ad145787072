#pragma once

// What a search for an order has been through: the steps taken and the state they led to, as 128 bits.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::checkers {

/// A sum of independent 128-bit numbers, one for each step taken and for each (key, value) of the state
/// (Zobrist hashing, 1970), so that it follows each step in constant time. Two of n different ones are equal
/// with a probability of about n * n / 2^129; the harm would be an order overlooked, never a wrong one found.
class state_key {
public:
  void flip_step(std::uint32_t index) { flip(index + 1ULL); }
  void flip_value(std::uint32_t key, std::uint32_t value) { flip((key + 1ULL) << 32 | value); }

  std::uint64_t high() const { return high_; }
  std::uint64_t low() const { return low_; }
  friend bool operator==(const state_key&, const state_key&) = default;

private:
  /// The finalizer of splitmix64 (Steele, Lea, Flood 2014) over two counters that differ.
  static std::uint64_t mixed(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
  }
  void flip(std::uint64_t what) {
    const auto first = mixed(what);
    high_ ^= first;
    low_ ^= mixed(first ^ 0xd1b54a32d192ed03ULL) + mixed(what ^ 0x8cb92ba72f3d8dd7ULL);
  }

  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

/// A set of keys in one array, open addressing, at most half full.
class state_set {
public:
  /// False when it was there.
  bool insert(const state_key& key) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    auto& slot = find(key);
    if (slot == key) return false;
    slot = key;
    ++size_;
    return true;
  }
  std::size_t size() const { return size_; }

private:
  state_key& find(const state_key& key) {
    // An empty slot is the key of nothing taken and nothing held, which no search inserts.
    auto place = static_cast<std::size_t>(key.low()) & (slots_.size() - 1);
    while (slots_[place] != key && slots_[place] != state_key{})
      place = (place + 1) & (slots_.size() - 1);
    return slots_[place];
  }

  void grow() {
    std::vector<state_key> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const auto& key : old)
      if (key != state_key{}) find(key) = key;
  }

  std::vector<state_key> slots_;
  std::size_t size_ = 0;
};

} // namespace troupe::checkers
