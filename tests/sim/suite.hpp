#pragma once

// Many histories, in several processes, and what came of them.

#include "tests/sim/coverage.hpp"
#include "tests/sim/options.hpp"
#include "tests/sim/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe::simulation {

/// What `ctest` runs: so many histories over all scenarios, in one process.
inline constexpr std::uint64_t budget_seeds = 240;

/// A history that broke a promise.
struct broken_history {
  std::string scenario;
  std::uint64_t seed = 0;
  std::string checker;
  std::string what;
};

struct totals {
  std::uint64_t histories = 0;
  std::uint64_t operations = 0;
  std::uint64_t turns = 0;
  coverage seen;
  std::optional<broken_history> broken;
};

/// Runs what the options ask for; stops at the first broken history.
totals run_suite(const options& o, const std::vector<scenario>& scenarios);

} // namespace troupe::simulation
