#pragma once

// A history cut into parts that can be checked for linearizability apart from each other, with names and
// values replaced by small numbers.

#include "tests/checkers/history.hpp"
#include "tests/checkers/report.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace troupe::checkers {

/// A key of the component and the number of a value: `absent`, `anything`, or one of its own for each value.
struct step_cell {
  static constexpr std::uint32_t absent = 0;
  static constexpr std::uint32_t anything = UINT32_MAX;

  std::uint32_t key = 0;
  std::uint32_t value = absent;
};

/// How certain it is that a step took place.
enum class presence {
  definite, ///< between its call and its return
  optional, ///< after its call, or never
  hidden,   ///< as optional; besides, nobody saw what it wrote, so only a compare that failed can tell of it
};

struct step {
  std::size_t source = 0; ///< place in history::operations
  std::int64_t called = 0;
  std::int64_t returned = 0; ///< of definite ones
  presence present = presence::definite;
  bool matched = true;
  std::uint64_t hint = 0; ///< its revision where it is known, otherwise 0: which to try first
  std::vector<step_cell> expected, writes, reads;

  /// Whatever the state is, it stays.
  bool only_reads() const { return !matched || writes.empty(); }
};

struct component {
  std::vector<step> steps;
  std::vector<std::string> keys;                       ///< by number
  std::vector<std::optional<std::string>> value_names; ///< by number

  /// Whether `s` could have told what it told in this state, which holds the value of each key.
  static bool agrees(const step& s, const std::vector<std::uint32_t>& state);
};

/// Keys are together when some operation touches both. A write of unknown outcome whose value was seen
/// becomes definite: it took place before whoever saw it returned. Adds to `r` those which were seen before
/// their call.
std::vector<component> split(const history& h, report& r);

} // namespace troupe::checkers
