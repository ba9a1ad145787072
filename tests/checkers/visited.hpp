#pragma once

// What a search for an order has been through.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace troupe::checkers {

/// The steps taken and the state they led to as 128 bits: a sum of independent numbers, one for each step
/// taken and for each (key, value) of the state (Zobrist hashing, 1970), so that it follows each step in
/// constant time. Two of n different ones are equal with a probability of about n * n / 2^129; the harm would
/// be an order overlooked, never a wrong one found.
class state_key {
public:
  void flip_step(std::uint32_t index) { flip(index + 1ULL); }
  void flip_value(std::uint32_t key, std::uint32_t value) { flip((key + 1ULL) << 32 | value); }
  /// The last step was an optional one of this class, which restricts what may follow.
  void flip_pending(std::size_t class_number) { flip(~static_cast<std::uint64_t>(class_number)); }

  std::uint64_t low() const { return low_; }
  friend bool operator==(const state_key&, const state_key&) = default;
  /// So many writes may have taken one of the revisions that are free here.
  void flip_since(std::uint64_t count) { flip(1ULL << 63 ^ count); }

private:
  /// The finalizer of splitmix64 (Steele, Lea, Flood 2014).
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

/// Which optional steps were used, as a count for each class of equal ones.
using used_counts = std::vector<std::uint16_t>;

/// Remembers where the search was. Of two ways to the same place, one that used no more optional steps of any
/// class can do whatever the other can, so that the other need not be followed.
class visited_places {
public:
  /// The number by which `enter` knows these counts.
  std::uint32_t number(const used_counts& used) {
    const auto [place, fresh] = numbers_.try_emplace(used, static_cast<std::uint32_t>(counts_.size()));
    if (fresh) counts_.push_back(&place->first);
    return place->second;
  }

  /// False when the search was here and had used no more.
  bool enter(const state_key& key, std::uint32_t used) {
    if ((slots_used_ + 1) * 2 > slots_.size()) grow();
    auto& slot = find(key);
    for (auto way = slot.first_way; way != 0; way = ways_[way].next)
      if (ways_[way].used == used || is_covered(*counts_[ways_[way].used], *counts_[used])) return false;
    if (slot.first_way == 0) {
      slot.key = key;
      ++slots_used_;
    }
    ways_.push_back({used, slot.first_way});
    slot.first_way = static_cast<std::uint32_t>(ways_.size() - 1);
    return true;
  }
  std::size_t size() const { return ways_.size(); }

private:
  struct slot {
    state_key key;
    std::uint32_t first_way = 0; ///< in ways_; 0: empty
  };
  struct way {
    std::uint32_t used = 0; ///< in counts_
    std::uint32_t next = 0;
  };

  static bool is_covered(const used_counts& other, const used_counts& used) {
    return std::equal(other.begin(), other.end(), used.begin(), [](auto a, auto b) { return a <= b; });
  }

  slot& find(const state_key& key) {
    auto place = static_cast<std::size_t>(key.low()) & (slots_.size() - 1);
    while (slots_[place].first_way != 0 && slots_[place].key != key)
      place = (place + 1) & (slots_.size() - 1);
    return slots_[place];
  }

  void grow() {
    std::vector<slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    for (const auto& s : old)
      if (s.first_way != 0) find(s.key) = s;
  }

  std::vector<slot> slots_; ///< open addressing, at most half full
  std::size_t slots_used_ = 0;
  std::vector<way> ways_{1};
  std::map<used_counts, std::uint32_t> numbers_;
  std::vector<const used_counts*> counts_;
};

} // namespace troupe::checkers
