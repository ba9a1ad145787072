// cluster_simulation: histories of whole clusters of real actors, each from a seed. See docs/testing.md.

#include "base/deliberate_bug.hpp"
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

int tell(const broken_history& b, const std::string& bug) {
  if (b.scenario.empty()) return 1;
  std::printf("%s\nbroken: scenario=%s seed=%llu checker=%s\n", b.what.c_str(), b.scenario.c_str(),
              static_cast<unsigned long long>(b.seed), b.checker.c_str());
  std::printf("replay: tests/simulate --scenario %s --seed %llu%s\n", b.scenario.c_str(),
              static_cast<unsigned long long>(b.seed), bug.empty() ? "" : (" --bug " + bug).c_str());
  return 1;
}

/// False: there is no such bug in this build.
bool switch_on(const std::string& name) {
#ifdef TROUPE_DELIBERATE_BUGS
  for (auto& [which, known] : troupe::bug_names)
    if (known == name) return troupe::choose_bug(which), true;
#endif
  return name.empty();
}

void list(const std::vector<scenario>& scenarios) {
  for (auto& s : scenarios)
    std::printf("scenario %-12s %s\n", s.name.c_str(), s.about.c_str());
#ifdef TROUPE_DELIBERATE_BUGS
  for (auto& [which, name] : troupe::bug_names)
    std::printf("bug %.*s\n", static_cast<int>(name.size()), name.data());
#endif
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
  if (o->list) return list(*scenarios), 0;
  if (!switch_on(o->bug))
    return std::fprintf(stderr, "this build has no bug %s that could be switched on\n", o->bug.c_str()), 2;
  if (o->budget) o->seeds = budget_seeds;
  if (o->seeds == 0) o->seeds = o->minutes > 0 ? UINT64_MAX : 1;
  spdlog::set_pattern("          | %v");
  spdlog::set_level(o->verbose ? spdlog::level::info : spdlog::level::off);
  auto began = std::chrono::steady_clock::now();
  auto sum = run_suite(*o, *scenarios);
  print(sum, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  if (sum.broken) return tell(*sum.broken, o->bug);
  if (o->budget && !all_paths_taken(sum.seen)) {
    std::printf("some paths were never taken: the simulation does not test them\n");
    return 1;
  }
  std::printf("every promise was kept\n");
  return 0;
}
