#pragma once

// A set of slots as a bitmap.

#include "search/slot_table.hpp"

#include <bit>
#include <vector>

namespace troupe::search {

class slot_set {
public:
  /// For slots below `end`.
  explicit slot_set(slot_t end) : words_((std::size_t{end} + 63) / 64) {}

  void insert(slot_t s) { words_[s / 64] |= std::uint64_t{1} << s % 64; }
  bool contains(slot_t s) const { return s / 64 < words_.size() && (words_[s / 64] >> s % 64 & 1) != 0; }
  void set_word(std::size_t w, std::uint64_t bits) { words_[w] = bits; }
  std::size_t words() const { return words_.size(); }

  std::uint64_t count() const {
    std::uint64_t n = 0;
    for (auto w : words_)
      n += static_cast<std::uint64_t>(std::popcount(w));
    return n;
  }
  /// The first member at or after s; UINT32_MAX when there is none.
  slot_t next(slot_t s) const {
    std::size_t w = s / 64;
    if (w >= words_.size()) return UINT32_MAX;
    auto word = words_[w] & ~std::uint64_t{0} << s % 64;
    while (word == 0)
      if (++w == words_.size())
        return UINT32_MAX;
      else
        word = words_[w];
    return static_cast<slot_t>(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
  }

private:
  std::vector<std::uint64_t> words_;
};

} // namespace troupe::search
