#pragma once

// What the parts of one history share.

#include "tests/sim/calendar.hpp"
#include "tests/sim/coverage.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/observer.hpp"
#include "tests/sim/stage.hpp"
#include "tests/sim/trace.hpp"

#include <string>

namespace troupe::simulation {

struct surroundings {
  surroundings(std::uint64_t seed, coverage& seen, bool verbose)
      : random(seed), seen(seen), log(verbose), actors(random, time, log), wires(random, time, seen) {}
  surroundings(const surroundings&) = delete;

  void say(const std::string& what) { log.say(time.now(), what); }
  void reached(const std::string& path) { seen.reached(path); }
  /// A moment of its own for each call, in the order of the calls: what histories are recorded in.
  std::int64_t moment() { return last_moment = std::max(last_moment + 1, time.now() * 1'000); }

  dice random;
  coverage& seen;
  trace log;
  calendar time;
  observer check;
  stage actors;
  network wires;
  std::int64_t last_moment = 0;
};

} // namespace troupe::simulation
