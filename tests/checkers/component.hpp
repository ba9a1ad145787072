#pragma once

// A history cut into parts that can be checked for linearizability apart from each other, with names and
// values replaced by small numbers.

#include "tests/checkers/history.hpp"
#include "tests/checkers/report.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::checkers {

/// A key of the component and the number of a value: `absent`, `anything`, or one of its own for each value.
struct step_cell {
  static constexpr std::uint32_t absent = 0;
  static constexpr std::uint32_t anything = UINT32_MAX;

  std::uint32_t key = 0;
  std::uint32_t value = absent;

  friend auto operator<=>(const step_cell&, const step_cell&) = default;
};

struct step {
  std::size_t source = 0; ///< place in history::operations
  std::int64_t called = 0;
  std::int64_t returned = 0; ///< if definite
  bool definite = true;      ///< took place between call and return; otherwise after its call, or never
  bool matched = true;
  std::uint64_t revision = 0; ///< that it took for certain; 0: none, or not known
  std::vector<step_cell> expected, writes, reads;

  /// Whatever the state is, it stays.
  bool only_reads() const { return !matched || writes.empty(); }
};

using key_state = std::vector<std::uint32_t>; ///< the value of each key of a component

/// Whether `s` could have told what it told in this state.
bool agrees(const step& s, const key_state& state);
/// Whether it would leave another state.
bool changes(const step& s, const key_state& state);
/// Whether one of the keys that `s` writes is read, compared or written by `other`.
bool touches(const step& s, const step& other);
/// Whether `s` could be of use right before `other` in this state: it brings what the other lacks, or the
/// other overwrites a part of what it writes.
bool serves(const step& s, const step& other, const key_state& state);

/// A revision that a step took, and how many before it, after the last one that a step of the component took,
/// no acknowledged write of the history took. Only what is not known to have a revision can have taken those.
struct known_revision {
  std::uint64_t revision = 0;
  std::uint64_t free_before = 0;
};

struct component {
  std::vector<step> steps;
  std::vector<known_revision> revisions;               ///< ascending
  std::vector<std::string> keys;                       ///< by number
  std::vector<std::optional<std::string>> value_names; ///< by number
};

/// Keys are together when some operation touches both. A write of unknown outcome whose value was seen
/// becomes definite: it took place before whoever saw it returned. Adds to `r` those which were seen before
/// their call.
std::vector<component> split(const history& h, report& r);

} // namespace troupe::checkers
