#pragma once

// One history: a cluster, its clients, the faults that a scenario and a seed bring, and the checks
// afterwards.

#include "tests/sim/client.hpp"
#include "tests/sim/cluster.hpp"
#include "tests/sim/scenario.hpp"
#include "tests/sim/surroundings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::simulation {

struct verdict {
  std::string violation;    ///< empty: every promise was kept
  std::string checker;      ///< which one found it
  std::uint64_t digest = 0; ///< of the whole history
  std::uint64_t operations = 0;
  std::uint64_t turns = 0;
};

class world {
public:
  world(const scenario& plan, std::uint64_t seed, coverage& seen, bool verbose);
  verdict run();

private:
  /// Lets time pass until `done`, at most so long. False: it did not come about, or something broke.
  bool pass(std::int64_t ms, const std::function<bool()>& done);
  void pass(std::int64_t ms);
  void maintain();
  void settle();
  bool progress();
  bool at_rest();
  void read_everything();
  void compare_states();
  void compare_indexes();
  std::string built_afresh(const storage::state_machine& m);
  void check_history();
  void violated(const std::string& checker, const std::string& what);
  bool broken() const { return !result_.violation.empty() || !around_.check.violation().empty(); }

  const scenario& scenario_;
  surroundings around_;
  cluster cluster_;
  checkers::history history_;
  std::vector<std::unique_ptr<client>> clients_;
  caf::actor prober_;
  std::map<std::uint64_t, std::size_t> probes_; ///< id -> node
  std::vector<bool> probed_;
  std::uint64_t last_probe_ = 0;
  verdict result_;
};

} // namespace troupe::simulation
