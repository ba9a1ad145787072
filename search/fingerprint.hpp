#pragma once

// 128 bits of a sequence of bytes, to tell whether two machines hold the same. Not against forgery.

#include "base/ids.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace troupe::search {

/// Two lanes of multiply and rotate over words of 8 bytes, each finished by SplitMix64's mixer. Little-endian
/// machines.
class fingerprint {
public:
  void number(std::uint64_t v) {
    high_ = rotated((high_ ^ v) * 0x9fb21c651e98df25, 29);
    low_ = rotated((low_ + v) * 0xd6e8feb86659fd93, 32) ^ high_;
  }
  /// With its length, so that neighbours do not run into each other.
  void bytes(std::string_view b) {
    number(b.size());
    while (!b.empty()) {
      std::uint64_t word = 0;
      auto part = b.substr(0, sizeof word);
      std::memcpy(&word, part.data(), part.size());
      number(word);
      b.remove_prefix(part.size());
    }
  }
  /// 32 hexadecimal digits.
  std::string digits() const { return hex128(mixed(high_ + low_), mixed(high_ ^ rotated(low_, 17))); }

private:
  static std::uint64_t rotated(std::uint64_t v, int by) { return v << by | v >> (64 - by); }
  static std::uint64_t mixed(std::uint64_t v) {
    v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
    v = (v ^ v >> 27) * 0x94d049bb133111eb;
    return v ^ v >> 31;
  }

  std::uint64_t high_ = 0x243f6a8885a308d3; // digits of pi: any start does
  std::uint64_t low_ = 0x13198a2e03707344;
};

} // namespace troupe::search
