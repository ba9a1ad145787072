// Log time: what leaders stamp on entries.

#include "raft/log_clock.hpp"
#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace troupe::raft {
namespace {

TEST(log_clock, goes_on_from_the_newest_time_at_the_pace_of_the_own_clock) {
  log_clock c{1'000};
  EXPECT_EQ(c.now(), 1'000);
  c.tick(5'000'000);
  EXPECT_EQ(c.now(), 1'000) << "where the own clock begins means nothing";
  c.tick(5'000'250);
  EXPECT_EQ(c.now(), 1'250);
  c.reached(1'300);
  EXPECT_EQ(c.now(), 1'300);
  c.tick(5'000'260);
  EXPECT_EQ(c.now(), 1'310);
}

TEST(log_clock, is_not_ahead_of_a_leader_whose_clock_is_slower) {
  log_clock c{0};
  c.tick(1);
  c.tick(1'001);
  EXPECT_EQ(c.now(), 1'000);
  c.reached(900);
  EXPECT_EQ(c.now(), 900);
  c.reached(100);
  c.tick(1'011);
  EXPECT_EQ(c.now(), 910) << "what is older than the newest says nothing";
}

TEST(log_clock, does_not_count_a_pause_of_the_process_before_what_came_in_it) {
  log_clock c{0};
  c.tick(1'000);
  c.tick(2'000);
  EXPECT_EQ(c.now(), 1'000);
  // Stopped for 4 s; what the leader stamped meanwhile is handled before the clock is read.
  c.came(5'000);
  EXPECT_EQ(c.now(), 5'000);
  c.tick(6'000);
  EXPECT_EQ(c.now(), 5'000) << "the pause would count twice";
  c.tick(6'010);
  EXPECT_EQ(c.now(), 5'010);
}

TEST(log_clock, never_goes_back_and_never_overflows) {
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  log_clock c{10};
  c.tick(1'000);
  c.tick(500);
  c.tick(std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(c.now(), 10);
  c.reached(last - 5);
  c.tick(2'000);
  EXPECT_GE(c.now(), last - 5);
  c.tick(last);
  EXPECT_GE(c.now(), last - 5);
}

struct log_time : testing::Test {
  void enter_with_clock(const std::string& name, std::int64_t clock_ms) {
    s.clock_ms[name] = clock_ms;
    s.enter(name);
    s.tick(name);
  }
  std::int64_t stamped(const std::string& name) { return s.at(name).log.back().leader_time_ms; }
  void propose(const std::string& name) {
    s.propose(name, {"x"});
    s.settle();
  }

  stage s{{"n1", "n2", "n3"}};
};

TEST_F(log_time, goes_on_with_the_clock_of_each_leader_though_these_clocks_have_nothing_in_common) {
  enter_with_clock("n1", 1'700'000'000'000);
  enter_with_clock("n2", 50);
  enter_with_clock("n3", 86'400'000);
  s.elect("n1");
  propose("n1");
  auto begun = stamped("n1");
  s.clock_ms["n1"] += 60'000;
  propose("n1");
  EXPECT_EQ(stamped("n1"), begun + 60'000);
  // The others' clocks have gone on, too, though nothing was written; from the first tick after the entry.
  for (auto* name : {"n1", "n2", "n3"}) {
    s.tick(name);
    s.clock_ms[name] += 30'000;
    s.tick(name);
  }
  s.elect("n2");
  propose("n2");
  EXPECT_EQ(stamped("n2"), begun + 90'000);
  s.clock_ms["n2"] += 1'000;
  propose("n2");
  EXPECT_EQ(stamped("n2"), begun + 91'000);
}

TEST_F(log_time, goes_on_behind_a_log_whose_time_is_far_ahead) {
  // As leaders left it that stamped the time of a wall clock which was years ahead.
  const std::int64_t far = 4'000'000'000'000;
  for (auto* name : {"n1", "n2", "n3"})
    enter_with_clock(name, 1'000);
  entry e{term_t{2}, index_t{2}, entry_kind::command, far, {}, blob{"x"}};
  s.step("n3", "n1", append_request{term_t{2}, index_t{1}, term_t{1}, index_t{1}, 0, true, {e}});
  s.persist("n1");
  s.elect("n1");
  propose("n1");
  auto then = stamped("n1");
  EXPECT_EQ(then, far);
  s.clock_ms["n1"] += 600'000;
  propose("n1");
  EXPECT_EQ(stamped("n1"), far + 600'000) << "ten minutes are ten minutes: what waits for its age grows old";
}

TEST_F(log_time, does_not_jump_when_a_node_starts_again) {
  for (auto* name : {"n1", "n2", "n3"})
    enter_with_clock(name, 1'000);
  s.elect("n1");
  s.clock_ms["n1"] += 5'000;
  propose("n1");
  auto before = stamped("n1");
  for (auto* name : {"n1", "n2", "n3"}) {
    s.clock_ms[name] = 9'000'000'000; // another boot: the clock begins elsewhere
    s.restart(name);
    s.tick(name);
  }
  s.elect("n2");
  propose("n2");
  EXPECT_EQ(stamped("n2"), before);
}

} // namespace
} // namespace troupe::raft
