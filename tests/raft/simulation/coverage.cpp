#include "tests/raft/simulation/coverage.hpp"

namespace troupe::raft::simulation {

const std::vector<std::string>& coverage::required() {
  static const std::vector<std::string> paths{
      "leader elected",
      "leader lost its quorum",
      "pre-vote refused",
      "vote refused",
      "append refused",
      "back-tracked over more than one entry",
      "suffix truncated",
      "durable notice for a truncated suffix",
      "durable notices out of order",
      "hard state durable ahead of entries",
      "batch lost in a crash",
      "batch torn in a crash",
      "entries loaded for a follower",
      "entries loaded to be applied",
      "load failed",
      "log compacted",
      "snapshot chunk after the first",
      "snapshot installed",
      "snapshot rejected",
      "snapshot replaced a log with entries",
      "read answered at the leader",
      "read answered at a follower",
      "read failed",
      "read at a leader that was replaced",
      "read answered by lease",
      "read at a leader without a lease",
      "proposal overloaded",
      "proposal during a handover",
      "leadership handed over",
      "membership changed",
      "membership truncated",
      "leader stepped down after its removal",
      "leader elected that was removed",
      "change refused: the leader has only just been elected",
      "change refused: another change is not committed yet",
      "change refused: the learner has not caught up",
      "change refused: too few of the voters that would be left are heard",
      "handover given up",
      "message lost",
      "message repeated",
      "restart",
      "learner caught up",
      "peer unreachable",
  };
  return paths;
}

} // namespace troupe::raft::simulation
