#pragma once

// What the tests of text analysis share: a seeded generator, and texts made with it.

#include "search/analyzer.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>

namespace troupe::search {

/// Prints its seed; takes it from TROUPE_SEED.
class dice {
public:
  explicit dice(std::uint64_t standard) {
    const char* given = std::getenv("TROUPE_SEED");
    const auto seed = given ? std::strtoull(given, nullptr, 10) : standard;
    std::printf("TROUPE_SEED=%llu\n", static_cast<unsigned long long>(seed));
    random_.seed(seed);
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }

private:
  std::mt19937_64 random_;
};

inline void append_code_point(char32_t c, std::string& out) {
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

/// Any bytes, now and then of the alphabet given.
inline std::string random_bytes(dice& d, std::size_t size, std::string_view alphabet) {
  std::string out;
  while (out.size() < size)
    out.push_back(d.below(4) == 0 ? static_cast<char>(d.below(256)) : alphabet[d.below(alphabet.size())]);
  return out;
}

inline analyzer make_analyzer(const analyzer_settings& settings = {}) {
  return analyzer::make(settings).value();
}

} // namespace troupe::search
