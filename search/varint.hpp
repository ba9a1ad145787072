#pragma once

// Integers in as many bytes as they need, seven bits each, lowest first. For bytes that the same process has
// written: reading trusts them.

#include <cstdint>
#include <vector>

namespace troupe::search {

inline constexpr std::size_t varint_bytes_max = 10;

/// Writes at most varint_bytes_max bytes; returns the end.
inline std::uint8_t* write_varint(std::uint8_t* at, std::uint64_t v) {
  while (v >= 0x80) {
    *at++ = static_cast<std::uint8_t>(v | 0x80);
    v >>= 7;
  }
  *at++ = static_cast<std::uint8_t>(v);
  return at;
}

inline void append_varint(std::vector<std::uint8_t>& out, std::uint64_t v) {
  if (v < 0x80) {
    out.push_back(static_cast<std::uint8_t>(v));
    return;
  }
  std::uint8_t bytes[varint_bytes_max];
  out.insert(out.end(), bytes, write_varint(bytes, v));
}

inline std::uint64_t read_varint(const std::uint8_t*& at) {
  std::uint64_t v = *at & 0x7F;
  for (unsigned shift = 7; (*at++ & 0x80) != 0; shift += 7)
    v |= static_cast<std::uint64_t>(*at & 0x7F) << shift;
  return v;
}

inline const std::uint8_t* skip_varint(const std::uint8_t* at) {
  while ((*at++ & 0x80) != 0) {
  }
  return at;
}

} // namespace troupe::search
