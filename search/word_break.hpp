#pragma once

// Where words begin and end: the default word boundaries of Unicode (UAX #29, revision of Unicode 15,
// section 4.1), with the one tailoring of CLDR's root locale that a colon does not hold words together
// ("key:value" is two words). Properties of characters come from ICU; ASCII is read without it.

#include <cstddef>
#include <string_view>

namespace troupe::search {

/// One stretch between two boundaries.
struct word_segment {
  std::size_t end = 0;  ///< offset behind its last byte
  bool is_word = false; ///< has a letter, a digit or an emoji in it, marks that only attach not counted
};

/// The segment that begins at `begin`, which has to be a boundary inside the text. A byte that is not UTF-8
/// is a segment of its own. Follows the rules code point by code point; takes time proportional to the
/// segment.
word_segment next_segment(std::string_view text, std::size_t begin);

struct word_range {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool ascii = true; ///< all its bytes are
};

/// The first word at or behind the boundary `from`, as next_segment() finds it; false when there is none.
bool find_word(std::string_view text, std::size_t from, word_range& out);

} // namespace troupe::search
