#pragma once

// A scenario: which workload meets which faults. A data file tests/sim/NAME.toml; the seed draws the rest.

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::simulation {

struct scenario {
  std::string name;
  std::string about;                  ///< one sentence
  std::vector<std::int64_t> sizes{3}; ///< nodes; one of these
  bool leases = false;                ///< leaders answer reads by lease, and clocks keep to what that assumes
  std::int64_t spares = 0;            ///< nodes that wait to be added
  bool searches = false;              ///< the nodes have an index and make vectors
  bool tight = false;                 ///< limits on what is in flight are so small that they are met
  std::int64_t storm_ms = 20'000;     ///< how long faults come
  std::int64_t clients = 6;
  std::int64_t pace_ms = 60;                    ///< a client rests about so long between two operations
  std::int64_t filling_bytes = 0;               ///< values are filled up to at most this size
  std::map<std::string, std::int64_t> workload; ///< kind of operation -> weight
  std::map<std::string, std::int64_t> faults;   ///< kind of fault -> mean time between two, milliseconds
};

/// Names that a scenario may use.
const std::vector<std::string>& workload_kinds();
const std::vector<std::string>& fault_kinds();

/// invalid_argument says file, line and what is wrong: unknown names are refused.
result<scenario> read_scenario(const std::string& path);
/// All of a folder, sorted by name.
result<std::vector<scenario>> read_scenarios(const std::string& folder);

} // namespace troupe::simulation
