// cluster_simulation: histories of whole clusters of real actors, each from a seed. See docs/testing.md.

#include "tests/sim/suite.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdio>

namespace {

using namespace troupe::simulation;

void print(const totals& t, double seconds) {
  std::printf("%llu histories, %llu operations, %llu turns of actors, %.1f s\n",
              static_cast<unsigned long long>(t.histories), static_cast<unsigned long long>(t.operations),
              static_cast<unsigned long long>(t.turns), seconds);
  for (auto& [path, times] : t.seen.counts())
    std::printf("%10llu  %s\n", static_cast<unsigned long long>(times), path.c_str());
}

bool all_paths_taken(const coverage& seen) {
  bool all = true;
  for (auto& path : coverage::required()) {
    if (seen.count(path) != 0) continue;
    std::printf("never reached: %s\n", path.c_str());
    all = false;
  }
  return all;
}

int tell(const broken_history& b) {
  std::printf("VIOLATION in scenario %s, seed %llu, found by: %s\n%s\n", b.scenario.c_str(),
              static_cast<unsigned long long>(b.seed), b.checker.c_str(), b.what.c_str());
  if (!b.scenario.empty())
    std::printf("replay: tests/simulate --scenario %s --seed %llu\n", b.scenario.c_str(),
                static_cast<unsigned long long>(b.seed));
  return 1;
}

} // namespace

int main(int argc, char** argv) {
  auto o = read_options(argc, argv);
  if (!o) return std::fprintf(stderr, "%s\n%s", o.error().detail.c_str(), usage), 2;
  auto scenarios = read_scenarios(o->folder);
  if (!scenarios) return std::fprintf(stderr, "%s\n", scenarios.error().detail.c_str()), 2;
  if (o->scenario != "all") std::erase_if(*scenarios, [&](auto& s) { return s.name != o->scenario; });
  if (scenarios->empty())
    return std::fprintf(stderr, "there is no scenario %s in %s\n", o->scenario.c_str(), o->folder.c_str()), 2;
  if (o->list) {
    for (auto& s : *scenarios)
      std::printf("%-14s %s\n", s.name.c_str(), s.about.c_str());
    return 0;
  }
  if (o->budget) o->seeds = budget_seeds;
  if (o->seeds == 0) o->seeds = o->minutes > 0 ? UINT64_MAX : 1;
  spdlog::set_level(spdlog::level::off);
  auto began = std::chrono::steady_clock::now();
  auto sum = run_suite(*o, *scenarios);
  print(sum, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  if (sum.broken) return tell(*sum.broken);
  if (o->budget && !all_paths_taken(sum.seen)) {
    std::printf("some paths were never taken: the simulation does not test them\n");
    return 1;
  }
  std::printf("every promise was kept\n");
  return 0;
}
