// raft_simulation --seeds N --seed S: runs N histories, the first from seed S. Prints the seed of a history
// that breaks a promise, and fails as well if a rare path was never taken in a long run.

#include "tests/raft/simulation/world.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include <unistd.h>

namespace {

using namespace troupe::raft::simulation;

char current_seed[96];

void note_seed(std::uint64_t seed) {
  std::snprintf(current_seed, sizeof current_seed, "broken history: raft_simulation --seeds 1 --seed %llu\n",
                static_cast<unsigned long long>(seed));
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
    else
      return std::fprintf(stderr, "usage: raft_simulation [--seeds N] [--seed S]\n"), 2;
  }
  std::signal(SIGABRT, tell_seed);
  coverage seen;
  for (auto seed = first; seed < first + seeds; ++seed) {
    note_seed(seed);
    try {
      world{seed, seen}.run();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n%s", e.what(), current_seed);
      return 1;
    }
  }
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
