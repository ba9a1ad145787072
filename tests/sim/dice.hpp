#pragma once

// Everything random of a history, from its seed.

#include "raft/random.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::simulation {

class dice {
public:
  explicit dice(std::uint64_t seed) : random_(seed) {}

  std::uint64_t next() { return random_.next(); }
  /// Evenly in [low, high]. Precondition: low <= high.
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return static_cast<std::int64_t>(
        random_.between(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high)));
  }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_.next() % limit); }
  bool one_in(unsigned n) { return random_.next() % n == 0; }
  bool permille(unsigned chance) { return random_.next() % 1000 < chance; }
  /// A time until the next of events that come every `mean` on average.
  std::int64_t about(std::int64_t mean) { return between(1, 2 * mean); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

private:
  raft::random random_;
};

} // namespace troupe::simulation
