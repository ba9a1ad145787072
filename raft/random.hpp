#pragma once

#include <cstdint>

namespace troupe::raft {

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed on every platform and library.
class random {
public:
  explicit random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// Evenly in [low, high]. Precondition: low <= high.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + next() % (high - low + 1); }

private:
  std::uint64_t state_;
};

} // namespace troupe::raft
