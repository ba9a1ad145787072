#pragma once

// Reading and writing UTF-8 one code point at a time, and telling whether bytes are UTF-8 at all (RFC 3629:
// no overlong forms, no surrogates, nothing above U+10FFFF).

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe::search {

/// What stands at a place of a text: a code point and how many bytes it takes. A byte that begins no valid
/// sequence is `valid == false`, one byte long, and its value is the byte.
struct code_point {
  char32_t value = 0;
  std::uint8_t size = 1;
  bool valid = true;
};

/// The code point at `at`, which has to be inside the text.
inline code_point decode_utf8(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[at + i]); };
  const auto left = text.size() - at;
  const std::uint8_t first = byte(0);
  const code_point bad{first, 1, false};
  if (first < 0x80) return {first, 1, true};
  auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  if (first >= 0xC2 && first <= 0xDF) {
    if (left < 2 || !follows(1)) return bad;
    return {static_cast<char32_t>((first & 0x1F) << 6 | (byte(1) & 0x3F)), 2, true};
  }
  if (first >= 0xE0 && first <= 0xEF) {
    if (left < 3 || !follows(1) || !follows(2)) return bad;
    auto c = static_cast<char32_t>((first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
    return c < 0x800 || (c >= 0xD800 && c <= 0xDFFF) ? bad : code_point{c, 3, true};
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (left < 4 || !follows(1) || !follows(2) || !follows(3)) return bad;
    auto c = static_cast<char32_t>((first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 |
                                   (byte(3) & 0x3F));
    return c < 0x10000 || c > 0x10FFFF ? bad : code_point{c, 4, true};
  }
  return bad;
}

/// Appends a code point, which has to be at most U+10FFFF.
inline void append_utf8(char32_t c, std::string& out) {
  auto put = [&](char32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

/// Offset of the first byte that is not UTF-8; the size of the text when all of it is.
inline std::size_t valid_utf8_prefix(std::string_view text) {
  constexpr std::uint64_t beyond_ascii = 0x8080808080808080U;
  std::size_t at = 0;
  while (at < text.size()) {
    std::uint64_t eight;
    if (text.size() - at >= sizeof eight) {
      std::memcpy(&eight, text.data() + at, sizeof eight);
      if ((eight & beyond_ascii) == 0) {
        at += sizeof eight;
        continue;
      }
    }
    auto c = decode_utf8(text, at);
    if (!c.valid) break;
    at += c.size;
  }
  return at;
}

inline bool is_utf8(std::string_view text) {
  return valid_utf8_prefix(text) == text.size();
}

/// The longest beginning of a text that has at most `bytes` bytes and does not end inside a sequence.
inline std::string_view cut_utf8(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  // A sequence has at most three bytes after its first; more of them in a row are not UTF-8, and cut
  // anywhere.
  auto end = bytes;
  for (int back = 0; back < 3 && end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80; ++back)
    --end;
  return text.substr(0, end);
}

} // namespace troupe::search
