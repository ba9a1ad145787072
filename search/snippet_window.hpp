#pragma once

// Which stretch of a text shows best why it was found.

#include "search/analyzer.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::search {

/// A word of a text that the query asked for, as bytes of the text.
struct marked_word {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t asked = 0; ///< number of the query's leaf that it answers
};

/// Consecutive marked words [first, last).
struct mark_window {
  std::size_t first = 0;
  std::size_t last = 0;
  std::vector<std::uint32_t> answers; ///< different leaves, ascending
};

/// The best windows of a text, best first, at most `count`, not overlapping: each the one with the most
/// different leaves, then the most marked words, then the earliest, that fits `bytes` among the marked words
/// that are left. The marked words are ascending and do not overlap. Takes time proportional to count times
/// their number.
std::vector<mark_window> best_windows(const std::vector<marked_word>& marked, std::size_t leaves,
                                      std::size_t bytes, std::size_t count);

struct byte_range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Widens [begin, end) of a text by what stands around it, whole words only, to at most `bytes`. What is at
/// least that long stays as it is.
byte_range widen(std::string_view text, const std::vector<token>& words, byte_range inner, std::size_t bytes);

} // namespace troupe::search
