#pragma once

// Counts what histories went through. Rare paths that the whole suite must have taken are named in
// coverage.cpp; a simulator that never goes there proves nothing about them.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::simulation {

class coverage {
public:
  void reached(const std::string& path, std::uint64_t times = 1) { counts_[path] += times; }
  std::uint64_t count(const std::string& path) const {
    auto found = counts_.find(path);
    return found == counts_.end() ? 0 : found->second;
  }
  const std::map<std::string, std::uint64_t>& counts() const { return counts_; }
  void merge(const coverage& other) {
    for (auto& [path, times] : other.counts_)
      counts_[path] += times;
  }

  /// Paths that a run over all scenarios with the fixed budget must take.
  static const std::vector<std::string>& required();

private:
  std::map<std::string, std::uint64_t> counts_;
};

} // namespace troupe::simulation
