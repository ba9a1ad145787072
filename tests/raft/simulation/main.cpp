// raft_simulation --seeds N --seed S: runs N histories, the first from seed S. Prints the seed of a history
// that breaks a promise, and fails as well if a rare path was never taken in a long run.
//
// With --slowest-clock P the clocks that leases are measured by run at P thousandths of the others at the
// slowest. Below what the lease allows for it is a control: the run fails unless a stale read is found.

#include "tests/raft/simulation/world.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <unistd.h>

namespace {

using namespace troupe::raft::simulation;

char current_seed[128];
unsigned slowest_clock = world::slowest_clock_allowed;

void note_seed(std::uint64_t seed) {
  std::snprintf(current_seed, sizeof current_seed,
                "broken history: raft_simulation --seeds 1 --seed %llu --slowest-clock %u\n",
                static_cast<unsigned long long>(seed), slowest_clock);
}

/// An assertion of the core aborts; the seed must be told all the same.
void tell_seed(int) {
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, current_seed, std::strlen(current_seed));
}

bool all_paths_taken(const coverage& seen) {
  bool all = true;
  for (auto& path : coverage::required()) {
    auto count = seen.count(path);
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(count), path.c_str());
    all = all && count > 0;
  }
  return all;
}

} // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 1000;
  std::uint64_t first = 1;
  if (auto* s = std::getenv("TROUPE_SEED")) {
    first = std::strtoull(s, nullptr, 10);
    seeds = 1;
  }
  for (int i = 1; i + 1 < argc; i += 2) {
    auto value = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--seeds") == 0)
      seeds = value;
    else if (std::strcmp(argv[i], "--seed") == 0)
      first = value;
    else if (std::strcmp(argv[i], "--slowest-clock") == 0 && value >= 1 && value <= 1200)
      slowest_clock = static_cast<unsigned>(value);
    else
      return std::fprintf(stderr, "usage: raft_simulation [--seeds N] [--seed S] [--slowest-clock P]\n"), 2;
  }
  std::signal(SIGABRT, tell_seed);
  const bool control = slowest_clock < world::slowest_clock_allowed;
  coverage seen;
  for (auto seed = first; seed < first + seeds; ++seed) {
    note_seed(seed);
    try {
      world{seed, seen, slowest_clock}.run();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n%s", e.what(), current_seed);
      bool stale_read = std::strncmp(e.what(), "linearizability:", 16) == 0;
      return control && stale_read ? 0 : 1;
    }
  }
  if (control) return std::fprintf(stderr, "no stale read was found, though the clocks differ too much\n"), 1;
  std::printf("%llu histories from seed %llu kept every promise\n", static_cast<unsigned long long>(seeds),
              static_cast<unsigned long long>(first));
  bool all = all_paths_taken(seen);
  constexpr std::uint64_t long_run = 1000;
  if (!all && seeds >= long_run) {
    std::fprintf(stderr, "some paths were never taken: the simulation does not test them\n");
    return 1;
  }
  return 0;
}
