#include "search/passages.hpp"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace troupe::search {

namespace {

/// The code point at `at`, and where the next one begins; a byte that is not UTF-8 is one of its own,
/// negative.
struct symbol {
  UChar32 value = 0;
  std::size_t end = 0;
};

symbol symbol_at(std::string_view text, std::size_t at) {
  // A code point has at most four bytes; a window keeps the position within 32 bits.
  const auto window = text.substr(at, 4);
  std::int32_t used = 0;
  UChar32 value = 0;
  U8_NEXT(window.data(), used, static_cast<std::int32_t>(window.size()), value);
  return value < 0 ? symbol{-1, at + 1} : symbol{value, at + static_cast<std::size_t>(used)};
}

bool is_blank(UChar32 c) {
  return c >= 0 && u_isUWhiteSpace(c);
}

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const auto s = symbol_at(text, at);
    if (!is_blank(s.value)) break;
    at = s.end;
  }
  return at;
}

bool ends_sentence(UChar32 c) {
  return c >= 0 && u_hasBinaryProperty(c, UCHAR_S_TERM);
}

/// What may stand between the end of a sentence and the blank behind it: quotes and brackets.
bool closes(UChar32 c) {
  if (c < 0) return false;
  const auto type = u_charType(c);
  return c == '"' || c == '\'' || type == U_END_PUNCTUATION || type == U_FINAL_PUNCTUATION;
}

struct word {
  std::size_t end = 0;
  bool last_of_sentence = false;
};

/// The word that begins at `at`, of at most `bytes_max` bytes and at least one code point.
word word_at(std::string_view text, std::size_t at, std::size_t bytes_max) {
  word found{at, false};
  while (found.end < text.size()) {
    const auto s = symbol_at(text, found.end);
    if (is_blank(s.value) || (s.end - at > bytes_max && found.end > at)) break;
    if (ends_sentence(s.value))
      found.last_of_sentence = true;
    else if (!closes(s.value))
      found.last_of_sentence = false;
    found.end = s.end;
  }
  return found;
}

/// Whether an empty line is among the blanks.
bool has_empty_line(std::string_view blanks) {
  return std::count(blanks.begin(), blanks.end(), '\n') >= 2;
}

/// Cuts one passage after the other.
class splitter {
public:
  splitter(std::string_view text, const passage_limits& limits, const passage_measure& size_of)
      : text_(text), limits_(limits), size_of_(size_of) {}

  std::vector<passage> split() {
    std::vector<passage> passages;
    for (std::size_t at = skip_blanks(text_, 0); at < text_.size() && passages.size() < limits_.count_max;) {
      const std::size_t end = end_of_passage(at);
      passages.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)});
      at = skip_blanks(text_, end);
    }
    return passages;
  }

private:
  /// Where a passage can end: behind a word.
  struct place {
    std::size_t end = 0;
    bool good = false; ///< the end of a sentence, a paragraph or the text
  };

  bool fits(std::size_t begin, std::size_t end) const {
    return end - begin <= limits_.bytes_max && size_of_(text_.substr(begin, end - begin)) <= limits_.size_max;
  }

  /// Adds up the sizes of words until they are too many. The sum is a guess, for a model need not cut at
  /// blanks, so the passage is then measured whole and gives back words until it fits.
  std::size_t end_of_passage(std::size_t begin) {
    places_.clear();
    std::size_t sum = 0;
    for (std::size_t at = begin; at < text_.size();) {
      const auto w = word_at(text_, at, limits_.bytes_max);
      sum += size_of_(text_.substr(at, w.end - at));
      if (sum > limits_.size_max || w.end - begin > limits_.bytes_max) break;
      const auto next = skip_blanks(text_, w.end);
      const bool ends = w.last_of_sentence || has_empty_line(text_.substr(w.end, next - w.end));
      const bool late = sum >= limits_.size_max / 2 || w.end - begin >= limits_.bytes_max / 2;
      places_.push_back({w.end, next == text_.size() || (next > w.end && ends && late)});
      at = next;
    }
    while (!places_.empty() && !fits(begin, places_.back().end))
      places_.pop_back();
    if (places_.empty()) return end_within_word(begin);
    const auto good = std::find_if(places_.rbegin(), places_.rend(), [](const place& p) { return p.good; });
    return good == places_.rend() ? places_.back().end : good->end;
  }

  /// As much of a word as fits, found by halving; at least one code point.
  std::size_t end_within_word(std::size_t begin) const {
    const auto whole = word_at(text_, begin, limits_.bytes_max);
    std::vector<std::size_t> ends;
    for (std::size_t at = begin; at < whole.end;)
      ends.push_back(at = symbol_at(text_, at).end);
    std::size_t low = 0; // ends[low] is taken to fit
    for (std::size_t high = ends.size(); low + 1 < high;) {
      const auto middle = low + (high - low) / 2;
      (fits(begin, ends[middle]) ? low : high) = middle;
    }
    return ends[low];
  }

  std::string_view text_;
  const passage_limits& limits_;
  const passage_measure& size_of_;
  std::vector<place> places_; ///< in the passage that is being made
};

} // namespace

std::vector<passage> split_passages(std::string_view text, const passage_limits& limits,
                                    const passage_measure& size_of) {
  if (skip_blanks(text, 0) == text.size() || limits.count_max == 0) return {};
  if (text.size() <= limits.bytes_max && size_of(text) <= limits.size_max)
    return {{0, static_cast<std::uint32_t>(text.size())}};
  // A passage's place is 32 bits.
  return splitter{text.substr(0, UINT32_MAX), limits, size_of}.split();
}

} // namespace troupe::search
