#include "base/ids.hpp"

namespace troupe {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

bool parse_hex64(std::string_view text, std::uint64_t& out) {
  std::uint64_t value = 0;
  for (char c : text) {
    auto digit = digits.find(c);
    if (digit == std::string_view::npos) return false;
    value = (value << 4) | digit;
  }
  out = value;
  return true;
}

} // namespace

std::string hex128(std::uint64_t high, std::uint64_t low) {
  std::string out(32, '0');
  for (int i = 15; i >= 0; --i, high >>= 4)
    out[static_cast<std::size_t>(i)] = digits[high & 15];
  for (int i = 31; i >= 16; --i, low >>= 4)
    out[static_cast<std::size_t>(i)] = digits[low & 15];
  return out;
}

bool parse_hex128(std::string_view text, std::uint64_t& high, std::uint64_t& low) {
  std::uint64_t h = 0;
  std::uint64_t l = 0;
  if (text.size() != 32 || !parse_hex64(text.substr(0, 16), h) || !parse_hex64(text.substr(16), l))
    return false;
  high = h;
  low = l;
  return true;
}

} // namespace troupe
