#pragma once

// How many code points have to be inserted, deleted or replaced to make one word of another (Levenshtein,
// "Binary codes capable of correcting deletions, insertions and reversals", 1966), by the row-wise dynamic
// programme of Wagner and Fischer (1974) within the diagonal band that a distance of at most `max` can touch
// (Ukkonen, 1985).

#include "search/utf8.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace troupe::search {

/// Longer words are not compared: they are beyond every distance unless they are equal.
inline constexpr std::size_t edit_bytes_max = 64;

namespace detail {

struct code_points {
  std::array<char32_t, edit_bytes_max> at;
  std::size_t size = 0;
};

inline void decode_word(std::string_view word, code_points& out) {
  out.size = 0;
  for (std::size_t i = 0; i < word.size();) {
    auto c = decode_utf8(word, i);
    // A stray byte counts as one code point that no valid one equals.
    out.at[out.size++] = c.valid ? c.value : c.value | 0x80000000U;
    i += c.size;
  }
}

/// Bytes in front that two words share, not ending inside a sequence.
inline std::size_t shared_front(std::string_view a, std::string_view b) {
  std::size_t n = 0;
  const auto limit = std::min(a.size(), b.size());
  while (n < limit && a[n] == b[n])
    ++n;
  auto inside = [&](std::string_view s) {
    return n < s.size() && (static_cast<std::uint8_t>(s[n]) & 0xC0) == 0x80;
  };
  while (n > 0 && (inside(a) || inside(b)))
    --n;
  return n;
}

inline unsigned banded_distance(const code_points& a, const code_points& b, unsigned max) {
  // row[j]: distance of the first i code points of a from the first j of b; outside the band it is max + 1.
  const unsigned beyond = max + 1;
  std::array<unsigned, edit_bytes_max + 1> row;
  for (std::size_t j = 0; j <= b.size; ++j)
    row[j] = static_cast<unsigned>(std::min<std::size_t>(j, beyond));
  for (std::size_t i = 1; i <= a.size; ++i) {
    const std::size_t from = i > max ? i - max : 1;
    const std::size_t to = std::min<std::size_t>(b.size, i + max);
    unsigned diagonal = row[from - 1];
    row[from - 1] = from == 1 ? static_cast<unsigned>(std::min<std::size_t>(i, beyond)) : beyond;
    unsigned best = row[from - 1];
    for (std::size_t j = from; j <= to; ++j) {
      const unsigned above = j == i + max ? beyond : row[j];
      const unsigned replaced = diagonal + (a.at[i - 1] == b.at[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, above + 1, row[j - 1] + 1, beyond});
      best = std::min(best, row[j]);
    }
    if (best >= beyond) return beyond;
  }
  return row[b.size];
}

} // namespace detail

/// The distance of two words in UTF-8, or max + 1 when it is larger than max. Takes time proportional to max
/// times the shorter word, and allocates nothing.
inline unsigned edit_distance_at_most(std::string_view a, std::string_view b, unsigned max) {
  if (a == b) return 0;
  max = std::min(max, static_cast<unsigned>(edit_bytes_max));
  if (a.size() > edit_bytes_max || b.size() > edit_bytes_max) return max + 1;
  const auto front = detail::shared_front(a, b);
  a.remove_prefix(front);
  b.remove_prefix(front);
  // One edit changes the number of bytes by four at most.
  const auto apart = a.size() > b.size() ? a.size() - b.size() : b.size() - a.size();
  if (apart > std::size_t{4} * max) return max + 1;
  detail::code_points left, right;
  detail::decode_word(a, left);
  detail::decode_word(b, right);
  const auto more = left.size > right.size ? left.size - right.size : right.size - left.size;
  if (more > max) return max + 1;
  if (left.size == 0 || right.size == 0) return static_cast<unsigned>(more);
  return detail::banded_distance(left, right, max);
}

inline bool within_distance(std::string_view a, std::string_view b, unsigned max) {
  return edit_distance_at_most(a, b, max) <= max;
}

} // namespace troupe::search
