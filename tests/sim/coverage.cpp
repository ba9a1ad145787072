#include "tests/sim/coverage.hpp"

namespace troupe::simulation {

const std::vector<std::string>& coverage::required() {
  static const std::vector<std::string> paths{
      "leader elected",
      "leader elected during a partition",
      "another leader after a one-way partition",
      "leadership transferred",
      "linearizable read at the leader",
      "linearizable read at a follower",
      "suffix truncated",
      "log compacted behind a snapshot",
      "snapshot installed",
      "snapshot installed across a change of leader",
      "snapshot chunk after the first",
      "snapshot asked for was written",
      "entries read from disk for a follower",
      "node started again",
      "node stopped in good order",
      "torn tail cut at recovery",
      "power cut inside a write",
      "node stopped because of its disk",
      "bit rot found at the start",
      "bit rot found while running",
      "retry after a lost answer",
      "session expired",
      "frame lost",
      "frame lost in a partition",
      "frame repeated",
      "frame overtaken",
      "request lost",
      "answer lost",
      "indexer started again",
      "embedder started again",
      "indexes compared",
      "states compared",
  };
  return paths;
}

} // namespace troupe::simulation
