#pragma once

// What the tests of text analysis share: a seeded generator, and texts made with it.

#include "search/analyzer.hpp"
#include "search/utf8.hpp"

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
