// Regression: replication to a restarted follower stopped for as long as linearizable reads kept coming,
// because every read round put off the repetition of a lost probe (paper §5.3: the leader retries
// indefinitely).

#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

TEST(lost_probe, is_repeated_under_a_stream_of_reads) {
  stage s{{"n1", "n2", "n3"}};
  s.enter_all();
  s.elect("n1");
  s.isolate("n2");
  s.propose("n1", {"a", "b"});
  s.settle();
  s.unreachable("n1", "n2"); // the probe that follows is held back until the next heartbeat
  s.reconnect("n2");
  for (std::uint64_t read = 1; read <= 10 * s.limits.heartbeat_ticks; ++read) {
    s.read("n1", read);
    s.settle();
    s.tick("n1");
    s.settle();
  }
  EXPECT_EQ(s.log_terms("n2"), s.log_terms("n1"));
}

} // namespace
} // namespace troupe::raft
