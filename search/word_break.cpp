#include "search/word_break.hpp"

#include "search/utf8.hpp"

#include <array>
#include <unicode/uchar.h>

namespace troupe::search {

namespace {

/// What the table of ASCII says of a byte.
enum class ascii_kind : std::uint8_t { other, letter, digit, underscore, mid_both, mid_number, beyond };

constexpr std::array<ascii_kind, 256> make_ascii_kinds() {
  std::array<ascii_kind, 256> kinds{};
  for (std::size_t c = 0; c < 256; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) kinds[c] = ascii_kind::letter;
    if (c >= '0' && c <= '9') kinds[c] = ascii_kind::digit;
    if (c >= 0x80) kinds[c] = ascii_kind::beyond;
  }
  kinds['_'] = ascii_kind::underscore;
  kinds['.'] = kinds['\''] = ascii_kind::mid_both;
  kinds[','] = kinds[';'] = ascii_kind::mid_number;
  return kinds;
}
constexpr auto ascii_kinds = make_ascii_kinds();

ascii_kind kind_at(std::string_view text, std::size_t at) {
  return at < text.size() ? ascii_kinds[static_cast<std::uint8_t>(text[at])] : ascii_kind::other;
}

/// The property Word_Break of what stands at a place; a byte that is not UTF-8 parts like a new line.
int break_class(code_point c) {
  if (!c.valid) return U_WB_NEWLINE;
  if (c.value == U':' || c.value == U'\uFE55' || c.value == U'\uFF1A') return U_WB_OTHER;
  return u_getIntPropertyValue(static_cast<UChar32>(c.value), UCHAR_WORD_BREAK);
}

bool makes_word(code_point c) {
  const auto value = static_cast<UChar32>(c.value);
  return c.valid && ((U_GET_GC_MASK(value) & (U_GC_L_MASK | U_GC_N_MASK)) != 0 ||
                     u_hasBinaryProperty(value, UCHAR_EMOJI_PRESENTATION) != 0);
}

bool is_line_end(int k) {
  return k == U_WB_CR || k == U_WB_LF || k == U_WB_NEWLINE;
}
bool is_attached(int k) {
  return k == U_WB_EXTEND || k == U_WB_FORMAT || k == U_WB_ZWJ;
}
bool is_letter(int k) {
  return k == U_WB_ALETTER || k == U_WB_HEBREW_LETTER;
}
bool is_mid_both(int k) {
  return k == U_WB_MIDNUMLET || k == U_WB_SINGLE_QUOTE;
}
bool is_mid_letter(int k) {
  return k == U_WB_MIDLETTER || is_mid_both(k);
}
bool is_mid_number(int k) {
  return k == U_WB_MIDNUM || is_mid_both(k);
}
bool is_word_class(int k) {
  return is_letter(k) || k == U_WB_NUMERIC || k == U_WB_KATAKANA;
}

/// The class of the first code point at or behind `at` that is not attached to the one before it (rule WB4).
int class_ahead(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const auto c = decode_utf8(text, at);
    const int k = break_class(c);
    if (!is_attached(k)) return k;
    at += c.size;
  }
  return U_WB_OTHER;
}

/// Rules WB5 to WB16: whether there is no boundary between `last` and `next`. `before` is the class in front
/// of `last`, `ahead()` the one behind `next`, `flags` the number of regional indicators that end at `last`.
template <class Ahead>
bool joins(int before, int last, int next, std::size_t flags, Ahead ahead) {
  if (is_letter(last)) {
    if (is_letter(next) || next == U_WB_NUMERIC) return true;                 // WB5, WB9
    if (is_mid_letter(next) && is_letter(ahead())) return true;               // WB6
    if (last == U_WB_HEBREW_LETTER && next == U_WB_SINGLE_QUOTE) return true; // WB7a
    if (last == U_WB_HEBREW_LETTER && next == U_WB_DOUBLE_QUOTE && ahead() == U_WB_HEBREW_LETTER)
      return true; // WB7b
  }
  if (is_letter(before) && is_mid_letter(last) && is_letter(next)) return true; // WB7
  if (before == U_WB_HEBREW_LETTER && last == U_WB_DOUBLE_QUOTE && next == U_WB_HEBREW_LETTER)
    return true; // WB7c
  if (last == U_WB_NUMERIC) {
    if (next == U_WB_NUMERIC || is_letter(next)) return true;        // WB8, WB10
    if (is_mid_number(next) && ahead() == U_WB_NUMERIC) return true; // WB12
  }
  if (before == U_WB_NUMERIC && is_mid_number(last) && next == U_WB_NUMERIC) return true;      // WB11
  if (last == U_WB_KATAKANA && next == U_WB_KATAKANA) return true;                             // WB13
  if (next == U_WB_EXTENDNUMLET) return is_word_class(last) || last == U_WB_EXTENDNUMLET;      // WB13a
  if (last == U_WB_EXTENDNUMLET) return is_word_class(next);                                   // WB13b
  return last == U_WB_REGIONAL_INDICATOR && next == U_WB_REGIONAL_INDICATOR && flags % 2 == 1; // WB15, WB16
}

/// Reads an ASCII word that begins at `begin` with a letter, digit or underscore. False: something that is
/// not ASCII touches it, and the full rules have to decide.
bool read_ascii_word(std::string_view text, std::size_t begin, word_segment& out) {
  auto last = kind_at(text, begin);
  out.is_word = last != ascii_kind::underscore;
  auto i = begin + 1;
  while (true) {
    auto kind = kind_at(text, i);
    if (kind == ascii_kind::letter || kind == ascii_kind::digit) {
      out.is_word = true;
    } else if (kind == ascii_kind::beyond) {
      return false;
    } else if (kind == ascii_kind::mid_both || kind == ascii_kind::mid_number) {
      const auto next = kind_at(text, i + 1);
      if (next == ascii_kind::beyond) return false;
      const bool between_letters = kind == ascii_kind::mid_both && last == ascii_kind::letter;
      if (next != last || !(between_letters || last == ascii_kind::digit)) break;
      kind = next;
      ++i;
    } else if (kind != ascii_kind::underscore) {
      break;
    }
    last = kind;
    ++i;
  }
  out.end = i;
  return true;
}

} // namespace

word_segment next_segment(std::string_view text, std::size_t begin) {
  const auto first = decode_utf8(text, begin);
  word_segment out{begin + first.size, false};
  int before = U_WB_OTHER;
  int last = break_class(first);
  if (last == U_WB_CR && out.end < text.size() && text[out.end] == '\n') ++out.end; // WB3
  if (is_line_end(last)) return out;                                                // WB3a
  out.is_word = !is_attached(last) && makes_word(first);
  int raw = last; // the class right in front, attached or not
  std::size_t flags = last == U_WB_REGIONAL_INDICATOR ? 1 : 0;
  while (out.end < text.size()) {
    const auto c = decode_utf8(text, out.end);
    const int next = break_class(c);
    if (is_line_end(next)) break; // WB3b
    const bool pictograph =
        raw == U_WB_ZWJ && c.value >= 0x80 &&
        u_hasBinaryProperty(static_cast<UChar32>(c.value), UCHAR_EXTENDED_PICTOGRAPHIC) != 0;
    const bool spaces = raw == U_WB_WSEGSPACE && next == U_WB_WSEGSPACE;
    if (!is_attached(next)) { // otherwise WB4
      const auto behind = out.end + c.size;
      // WB3c, WB3d
      if (!pictograph && !spaces &&
          !joins(before, last, next, flags, [&] { return class_ahead(text, behind); }))
        break;
      flags = next == U_WB_REGIONAL_INDICATOR ? flags + 1 : 0;
      before = last;
      last = next;
      out.is_word = out.is_word || makes_word(c);
    }
    raw = next;
    out.end += c.size;
  }
  return out;
}

bool find_word(std::string_view text, std::size_t from, word_range& out) {
  while (from < text.size()) {
    word_segment segment;
    bool ascii = true;
    switch (kind_at(text, from)) {
    case ascii_kind::letter:
    case ascii_kind::digit:
    case ascii_kind::underscore: ascii = read_ascii_word(text, from, segment); break;
    case ascii_kind::beyond: ascii = false; break;
    default:
      // Punctuation is a segment of its own, as is a run of spaces, unless something is attached to it.
      segment = {from + 1, false};
      while (text[from] == ' ' && segment.end < text.size() && text[segment.end] == ' ')
        ++segment.end;
      ascii = kind_at(text, segment.end) != ascii_kind::beyond;
    }
    if (!ascii) segment = next_segment(text, from);
    if (segment.is_word) {
      out = {from, segment.end, ascii};
      return true;
    }
    from = segment.end;
  }
  return false;
}

} // namespace troupe::search
