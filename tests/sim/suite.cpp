#include "tests/sim/suite.hpp"

#include "tests/sim/world.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sstream>

#include <sys/wait.h>
#include <unistd.h>

namespace troupe::simulation {

namespace {

using wall = std::chrono::steady_clock;

char current_history[256];

void note_history(const std::string& scenario, std::uint64_t seed) {
  std::snprintf(current_history, sizeof current_history,
                "\nbroken: scenario=%s seed=%llu checker=assertion\n"
                "replay: tests/simulate --scenario %s --seed %llu\n",
                scenario.c_str(), static_cast<unsigned long long>(seed), scenario.c_str(),
                static_cast<unsigned long long>(seed));
}

/// An assertion of the product aborts; the seed must be told all the same.
void tell_history(int) {
  [[maybe_unused]] auto written = ::write(STDOUT_FILENO, current_history, std::strlen(current_history));
}

void run_one(const options& o, const scenario& plan, std::uint64_t seed, totals& sum) {
  note_history(plan.name, seed);
  auto v = world{plan, seed, sum.seen, o.verbose}.run();
  if (o.twice && v.violation.empty()) {
    coverage again;
    auto second = world{plan, seed, again, false}.run();
    if (second.digest != v.digest || second.turns != v.turns) {
      v.checker = "determinism";
      v.violation = "the same seed gave two histories";
    }
  }
  ++sum.histories;
  sum.operations += v.operations;
  sum.turns += v.turns;
  if (!v.violation.empty()) sum.broken = broken_history{plan.name, seed, v.checker, v.violation};
}

/// The seeds o.seed + first, o.seed + first + step, ...
totals run_some(const options& o, const std::vector<scenario>& scenarios, std::uint64_t first,
                std::uint64_t step) {
  std::signal(SIGABRT, tell_history);
  totals sum;
  auto end = wall::now() + std::chrono::duration<double>(o.minutes * 60);
  auto said = wall::now();
  for (auto n = first; n < o.seeds && !sum.broken; n += step) {
    if (o.minutes > 0 && wall::now() >= end) break;
    auto seed = o.seed + n;
    run_one(o, scenarios[seed % scenarios.size()], seed, sum);
    if (first == 0 && wall::now() - said >= std::chrono::seconds(10)) {
      said = wall::now();
      std::printf("... %llu histories of one process, %llu operations\n",
                  static_cast<unsigned long long>(sum.histories),
                  static_cast<unsigned long long>(sum.operations));
      std::fflush(stdout);
    }
  }
  return sum;
}

/// For the pipe between the processes: one line each, the violation last.
std::string written(const totals& t) {
  std::ostringstream out;
  out << t.histories << ' ' << t.operations << ' ' << t.turns << '\n';
  for (auto& [path, times] : t.seen.counts())
    out << times << ' ' << path << '\n';
  if (t.broken)
    out << "!\n"
        << t.broken->scenario << ' ' << t.broken->seed << ' ' << t.broken->checker << '\n'
        << t.broken->what << '\n';
  return out.str();
}

bool read_into(totals& sum, const std::string& text) {
  std::istringstream in(text);
  std::uint64_t histories = 0, operations = 0, turns = 0;
  if (!(in >> histories >> operations >> turns)) return false;
  sum.histories += histories;
  sum.operations += operations;
  sum.turns += turns;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line) && line != "!") {
    auto blank = line.find(' ');
    sum.seen.reached(line.substr(blank + 1), std::stoull(line));
  }
  if (line != "!") return true;
  broken_history b;
  in >> b.scenario >> b.seed;
  in.ignore();
  std::getline(in, b.checker);
  std::getline(in, b.what, '\0');
  if (!sum.broken) sum.broken = b;
  return true;
}

std::string read_all(int from) {
  std::string out;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(from, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(got));
  return out;
}

} // namespace

totals run_suite(const options& o, const std::vector<scenario>& scenarios) {
  if (o.jobs == 1) return run_some(o, scenarios, 0, 1);
  struct worker {
    pid_t pid;
    int from;
  };
  std::vector<worker> workers;
  std::fflush(stdout);
  for (unsigned w = 0; w < o.jobs; ++w) {
    int ends[2];
    if (::pipe(ends) != 0) break;
    auto pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      auto text = written(run_some(o, scenarios, w, o.jobs));
      for (std::size_t at = 0; at < text.size();) {
        auto put = ::write(ends[1], text.data() + at, text.size() - at);
        if (put <= 0) break;
        at += static_cast<std::size_t>(put);
      }
      std::fflush(stdout);
      ::_exit(0);
    }
    ::close(ends[1]);
    workers.push_back({pid, ends[0]});
  }
  totals sum;
  for (auto& w : workers) {
    auto text = read_all(w.from);
    ::close(w.from);
    int status = 0;
    ::waitpid(w.pid, &status, 0);
    // It has said itself which history that was.
    if (!read_into(sum, text) && !sum.broken)
      sum.broken = broken_history{"", 0, "assertion", "a process of the simulation ended early"};
  }
  return sum;
}

} // namespace troupe::simulation
