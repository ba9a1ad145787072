// One whole node: what it acknowledges survives a power cut at any file operation.

#include "tests/actors/test_node.hpp"

#include <random>

namespace troupe::test {
namespace {

/// A node alone, its clock, and what it acknowledged.
struct lone_node {
  explicit lone_node(std::uint64_t seed = 1) : node(s, std::make_shared<wiring>(), "n1", {"n1"}, seed) {}

  void pass(std::int64_t ms) {
    for (auto end = now + ms; now < end && !node.disk.is_off();) {
      now += 25;
      node.time_is(now);
      s.run();
    }
  }
  std::optional<answer> get_answer(request r) {
    auto id = node.ask(std::move(r));
    s.run();
    for (int i = 0; i < 40 && !node.answer_to(id); ++i)
      pass(50);
    auto a = node.answer_to(id);
    node.asker.clear();
    return a;
  }
  /// False when there was no answer that it is applied.
  bool put(const std::string& key, std::string_view value) {
    auto a = get_answer(put_request(0, key, value));
    return a && std::holds_alternative<command_result>(a->body);
  }
  std::optional<std::string> get(const std::string& key) {
    auto a = get_answer(get_request(0, key));
    return a ? value_in(*a) : std::nullopt;
  }
  bool snapshot() {
    auto a = get_answer({0, 5'000, snapshot_now_request{}});
    return a && std::holds_alternative<snapshot_result>(a->body);
  }
  void lose_power(crash_mode mode) {
    node.kill();
    node.disk.crash(mode);
  }

  stage s;
  std::int64_t now = 0;
  test_node node;
};

TEST(lone_node, serves_at_once) {
  lone_node n;
  ASSERT_TRUE(n.node.start());
  n.pass(100);
  EXPECT_TRUE(n.node.leads());
  EXPECT_TRUE(n.put("k", "v"));
  EXPECT_EQ(n.get("k"), "v");
  EXPECT_EQ(n.get("absent"), std::nullopt);
}

TEST(lone_node, puts_of_one_turn_share_one_sync) {
  lone_node n;
  ASSERT_TRUE(n.node.start());
  n.pass(100);
  ASSERT_TRUE(n.put("warm", "up"));
  auto before = n.node.disk.operations(file_op::sync);
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 50; ++i)
    ids.push_back(n.node.ask(put_request(0, "k" + std::to_string(i), "v")));
  n.s.run();
  EXPECT_EQ(n.node.disk.operations(file_op::sync) - before, 1u);
  for (auto id : ids)
    EXPECT_TRUE(n.node.answer_to(id));
}

TEST(lone_node, a_put_is_not_answered_when_its_sync_fails) {
  lone_node n;
  ASSERT_TRUE(n.node.start());
  n.pass(100);
  n.node.disk.fail(file_op::sync, 1, errc::io_error);
  auto id = n.node.ask(put_request(0, "k", "v", 1'000));
  n.s.run();
  EXPECT_FALSE(n.node.answer_to(id));
  EXPECT_EQ(n.node.supervisor.last<fatal_failure>().code, exit_code::storage);
  n.pass(1'500);
  auto a = n.node.answer_to(id);
  ASSERT_TRUE(a);
  EXPECT_EQ(refusal_in(*a), refusal_kind::outcome_unknown);
}

TEST(lone_node, an_acknowledged_put_survives_a_power_cut) {
  lone_node n;
  ASSERT_TRUE(n.node.start());
  n.pass(100);
  ASSERT_TRUE(n.put("k", "v"));
  n.lose_power(crash_mode::drop_unsynced);
  ASSERT_TRUE(n.node.start()) << n.node.refused->why;
  n.pass(100);
  EXPECT_EQ(n.get("k"), "v");
  EXPECT_TRUE(n.put("k", "w"));
}

TEST(lone_node, a_snapshot_cuts_the_log_and_the_state_comes_back) {
  lone_node n;
  ASSERT_TRUE(n.node.start());
  n.pass(100);
  for (int i = 0; i < 60; ++i)
    ASSERT_TRUE(n.put("k" + std::to_string(i), std::string(1'000, 'v')));
  ASSERT_TRUE(n.snapshot());
  n.pass(50);
  auto status = n.node.status();
  EXPECT_GT(status.first.value, 50u);
  ASSERT_TRUE(n.put("last", "one"));
  n.lose_power(crash_mode::drop_unsynced);
  ASSERT_TRUE(n.node.start()) << n.node.refused->why;
  n.pass(100);
  for (int i = 0; i < 60; ++i)
    EXPECT_EQ(n.get("k" + std::to_string(i)), std::string(1'000, 'v'));
  EXPECT_EQ(n.get("last"), "one");
}

TEST(lone_node, a_snapshot_is_made_when_the_log_is_long) {
  lone_node n;
  n.node.options.snapshot_log_entries = 20;
  ASSERT_TRUE(n.node.start());
  n.pass(100);
  for (int i = 0; i < 30; ++i)
    ASSERT_TRUE(n.put("k", "v"));
  n.pass(2'500);
  EXPECT_GT(n.node.status().snapshot.value, 20u);
}

TEST(lone_node, a_full_disk_refuses_writes_serves_reads_and_recovers) {
  lone_node n;
  ASSERT_TRUE(n.node.start());
  n.pass(100);
  ASSERT_TRUE(n.put("k", "v"));
  n.node.disk.set_capacity(n.node.disk.bytes_used());
  std::optional<refusal_kind> refused;
  for (int i = 0; i < 60 && !refused; ++i) {
    auto id = n.node.ask(put_request(0, "big", std::string(2'000, 'x'), 60'000));
    n.pass(100);
    if (auto a = n.node.answer_to(id)) refused = refusal_in(*a);
  }
  EXPECT_EQ(refused, refusal_kind::disk_full);
  EXPECT_EQ(n.get("k"), "v");
  EXPECT_EQ(n.node.supervisor.count<fatal_failure>(), 0u);
  n.node.disk.set_capacity(fault_file_system::unlimited);
  n.pass(1'000);
  EXPECT_TRUE(n.put("k", "w"));
}

/// Puts, a snapshot, log compaction, more puts; stops where the power goes off. Fills in what was
/// acknowledged.
void small_scenario(lone_node& n, std::map<std::string, std::string>& acknowledged) {
  if (!n.node.start()) return;
  n.pass(50);
  int next = 0;
  auto puts = [&](int count) {
    for (int i = 0; i < count && !n.node.disk.is_off(); ++i) {
      auto key = "k" + std::to_string(next++);
      auto value = key + std::string(1'500, 'v');
      if (n.put(key, value)) acknowledged[key] = value;
    }
  };
  puts(14);
  if (!n.node.disk.is_off()) n.snapshot();
  puts(12);
  if (!n.node.disk.is_off()) n.snapshot();
  puts(3);
}

/// A start that may be cut short as well, then one that may not.
void check_survivors(lone_node& n, const std::map<std::string, std::string>& acknowledged, crash_mode mode,
                     std::mt19937_64& random) {
  n.lose_power(mode);
  if (random() % 2 == 0) {
    n.node.disk.power_off_after(random() % 20);
    if (n.node.start()) n.pass(100);
    n.lose_power(mode);
  }
  ASSERT_TRUE(n.node.start()) << n.node.refused->why;
  n.pass(100);
  ASSERT_TRUE(n.put("after", "all")) << "the node does not serve again";
  for (auto& [key, value] : acknowledged)
    ASSERT_EQ(n.get(key), value) << "lost " << key;
}

class power_cut : public testing::TestWithParam<crash_mode> {};

TEST_P(power_cut, at_any_file_operation_loses_nothing_that_was_acknowledged) {
  std::mt19937_64 random{storage::testing::test_seed()};
  std::uint64_t acknowledged_in_all = 0;
  for (std::uint64_t operations = 0;; ++operations) {
    lone_node n{1 + random() % 1'000'000};
    n.node.disk.power_off_after(operations);
    std::map<std::string, std::string> acknowledged;
    small_scenario(n, acknowledged);
    bool finished = !n.node.disk.is_off();
    n.node.disk.power_off_after(fault_file_system::unlimited);
    acknowledged_in_all += acknowledged.size();
    check_survivors(n, acknowledged, GetParam(), random);
    if (HasFatalFailure()) {
      ADD_FAILURE() << "power went off after operation " << operations;
      return;
    }
    if (finished) {
      EXPECT_EQ(acknowledged.size(), 29u);
      EXPECT_GT(operations, 60u);
      std::cout << operations << " points of failure, " << acknowledged_in_all << " acknowledged puts\n";
      return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(every_mode, power_cut,
                         testing::Values(crash_mode::drop_unsynced, crash_mode::keep_all,
                                         crash_mode::reorder));

} // namespace
} // namespace troupe::test
