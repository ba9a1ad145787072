#pragma once

// What the command line of cluster_simulation says.

#include "base/result.hpp"

#include <cstdint>
#include <string>

namespace troupe::simulation {

struct options {
  std::string scenario = "all";
  std::uint64_t seed = 1;
  std::uint64_t seeds = 0; ///< 0: as many as the minutes allow, or one
  double minutes = 0;      ///< 0: no limit
  unsigned jobs = 1;       ///< processes over disjoint seeds
  std::string folder;      ///< of the scenarios
  bool budget = false;     ///< the fixed budget of the test suite; every rare path has to be taken
  bool twice = false;      ///< run each seed twice and compare
  bool list = false;
  bool verbose = false;
  std::string bug; ///< deliberate bug to switch on
};

inline constexpr const char* usage =
    "usage: cluster_simulation [options]\n"
    "  --scenario NAME|all   which scenario (all: the seed chooses)\n"
    "  --seed S              the first seed (1)\n"
    "  --seeds N             so many histories\n"
    "  --minutes M           no new history after so long\n"
    "  --jobs J              so many processes\n"
    "  --budget              the fixed budget of the test suite; fails when a rare path was never taken\n"
    "  --twice               runs each history twice and compares every turn\n"
    "  --bug NAME            with a deliberate bug, in a build that has them\n"
    "  --folder PATH         where the scenarios are\n"
    "  --list                lists scenarios and bugs\n"
    "  --verbose             tells what happens\n";

result<options> read_options(int argc, char** argv);

} // namespace troupe::simulation
