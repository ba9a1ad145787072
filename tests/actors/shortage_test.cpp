// Whole nodes that run out of memory quota or of disk space, and recover by themselves.

#include "tests/actors/cluster_fixture.hpp"

namespace troupe::test {
namespace {

request delete_request(std::string key) {
  return {0, 5'000, write_request{encode_command(storage::testing::deleting(std::move(key)))}};
}

class shortage : public cluster_test {
protected:
  /// None when it was applied; unanswered is a failure.
  std::optional<refusal_kind> write(test_node& n, request r) {
    auto a = wait_for(n, n.ask(std::move(r)));
    n.asker.clear();
    if (!a) ADD_FAILURE() << "no answer\n" << state();
    return a ? refusal_in(*a) : std::nullopt;
  }
  std::optional<refusal_kind> put_big(test_node& n, int number) {
    return write(n, put_request(0, "big" + std::to_string(number), std::string(2'000, 'v')));
  }
};

class memory_quota : public shortage {
protected:
  static constexpr std::uint64_t quota = 100'000;
  void prepare(test_node& n) override { n.options.memory_quota_bytes = quota; }
  /// Puts values until one is refused; how many were not.
  int fill(test_node& n) {
    for (int i = 0; i < 100; ++i)
      if (auto refused = put_big(n, i)) {
        EXPECT_EQ(refused, refusal_kind::memory_full);
        return i;
      }
    ADD_FAILURE() << "the quota was never reached";
    return 0;
  }
};

TEST_F(memory_quota, refuses_what_grows_takes_deletes_and_recovers_by_itself) {
  auto& led = *leader();
  auto& other = follower();
  auto taken = fill(led);
  EXPECT_GE(taken, 45);
  EXPECT_LE(taken, 52) << "little more than the quota";
  pass(200);
  for (auto* n : {&led, &other}) {
    EXPECT_TRUE(n->status().memory_alarm);
    EXPECT_EQ(put_big(*n, 999), refusal_kind::memory_full) << n->name();
    EXPECT_EQ(get(*n, "big0"), std::string(2'000, 'v'));
  }
  // Hysteresis: one value less is not enough.
  EXPECT_EQ(write(other, delete_request("big0")), std::nullopt);
  pass(2'000);
  EXPECT_TRUE(led.status().memory_alarm);
  for (int i = 1; i < 12; ++i)
    EXPECT_EQ(write(i % 2 ? led : other, delete_request("big" + std::to_string(i))), std::nullopt);
  pass(3'000);
  EXPECT_LT(led.status().memory_bytes, quota * 9 / 10) << "what was deleted is freed, also from history";
  for (auto& n : nodes) {
    EXPECT_FALSE(n.status().memory_alarm) << n.name();
    EXPECT_EQ(put_big(n, 999), std::nullopt) << n.name();
  }
}

TEST_F(memory_quota, history_goes_before_writes_are_refused) {
  auto& led = *leader();
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(write(led, put_request(0, "same", std::string(2'000, 'v'))), std::nullopt) << i;
    pass(i % 10 == 9 ? 1'000 : 25);
  }
  EXPECT_FALSE(led.status().memory_alarm);
  EXPECT_GT(led.status().compacted.value, 1u);
}

TEST_F(memory_quota, survives_a_restart_and_a_change_of_leader) {
  fill(*leader());
  pass(200);
  for (auto& n : nodes)
    crash(n);
  for (auto& n : nodes)
    restart(n);
  for (int i = 0; i < 200 && !leader(); ++i)
    pass(25);
  ASSERT_NE(leader(), nullptr);
  pass(500);
  for (auto& n : nodes) {
    EXPECT_TRUE(n.status().memory_alarm) << n.name();
    EXPECT_EQ(put_big(n, 999), refusal_kind::memory_full) << n.name();
  }
  isolate(*leader());
  auto cut_off = leader()->name();
  pass(4'000);
  ASSERT_NE(leader(), nullptr);
  ASSERT_NE(leader()->name(), cut_off);
  EXPECT_EQ(put_big(*leader(), 999), refusal_kind::memory_full);
  for (int i = 0; i < 12; ++i)
    EXPECT_EQ(write(*leader(), delete_request("big" + std::to_string(i))), std::nullopt);
  pass(3'000);
  EXPECT_EQ(put_big(*leader(), 999), std::nullopt);
}

TEST_F(memory_quota, comes_with_a_snapshot_to_a_node_that_was_away) {
  auto& away = follower();
  isolate(away);
  fill(*leader());
  pass(200);
  wait_for(*leader(), leader()->ask({0, 5'000, snapshot_now_request{}}));
  heal();
  pass(5'000);
  EXPECT_GT(away.status().snapshot.value, 10u) << state();
  EXPECT_TRUE(away.status().memory_alarm);
  EXPECT_EQ(put_big(away, 999), refusal_kind::memory_full);
}

/// A follower that has not applied the alarm yet forwards in good faith.
TEST_F(memory_quota, the_leader_refuses_what_is_forwarded_and_takes_the_deletes_beside_it) {
  auto& led = *leader();
  auto& other = follower();
  fill(led);
  peer_input in{node_id{other.name()}, {}, {}};
  forward_proposals batch{led.status().term, {}};
  auto proposal = [&](std::uint64_t number, const command& c) {
    batch.proposals.push_back({entry_kind::command, origin{incarnation_t{4711}, number}, encode_command(c)});
  };
  proposal(1, putting("forwarded", "v"));
  proposal(2, storage::testing::deleting("big1"));
  in.messages.emplace_back(batch);
  led.supervisor.tell(led.raft, std::move(in));
  pass(500);
  EXPECT_EQ(get(led, "forwarded"), std::nullopt);
  EXPECT_EQ(get(led, "big1"), std::nullopt);
}

class disk_space : public shortage {
protected:
  void prepare(test_node& n) override { n.reserve_bytes = 1u << 20; }
  /// Fills the disk of one node to its end and writes until the node says so.
  void fill_disk(test_node& n) {
    n.disk.set_capacity(n.disk.bytes_used() + (20u << 10));
    for (int i = 0; i < 200 && n.runs() && !n.status().disk_full; ++i)
      put_big(*leader(), i % 10);
    ASSERT_TRUE(n.status().disk_full);
  }
  void no_failures() {
    for (auto& n : nodes)
      EXPECT_EQ(n.supervisor.count<fatal_failure>(), 0u) << n.name();
  }
};

TEST_F(disk_space, the_leader_hands_over_to_a_node_that_has_some) {
  auto& old = *leader();
  fill_disk(old);
  pass(2'000);
  auto* led = leader();
  ASSERT_NE(led, nullptr);
  EXPECT_NE(led, &old);
  EXPECT_EQ(put_big(*led, 1), std::nullopt);
  EXPECT_EQ(put_big(old, 2), std::nullopt) << "the full node forwards to it";
  auto term = led->status().term;
  pass(5'000);
  EXPECT_EQ(leader()->status().term, term) << "the leadership does not wander";
  no_failures();
}

TEST_F(disk_space, when_all_are_full_reads_and_deletes_go_on_and_the_leader_stays) {
  for (auto& n : nodes)
    n.disk.set_capacity(n.disk.bytes_used() + (20u << 10));
  std::optional<refusal_kind> refused;
  for (int i = 0; i < 200 && refused != refusal_kind::disk_full; ++i) {
    refused = put_big(*leader(), i);
    pass(25);
  }
  ASSERT_EQ(refused, refusal_kind::disk_full);
  pass(4'000);
  ASSERT_NE(leader(), nullptr);
  EXPECT_EQ(get(*leader(), "big0"), std::string(2'000, 'v'));
  EXPECT_EQ(get(follower(), "big0"), std::string(2'000, 'v'));
  EXPECT_EQ(write(*leader(), delete_request("big0")), std::nullopt);
  EXPECT_EQ(write(follower(), delete_request("big1")), std::nullopt);
  no_failures();
  for (auto& n : nodes)
    n.disk.set_capacity(fault_file_system::unlimited);
  pass(3'000);
  EXPECT_EQ(put_big(*leader(), 1), std::nullopt);
  for (auto& n : nodes)
    EXPECT_FALSE(n.status().disk_full) << n.name();
}

/// The disk stays as small as it is: the snapshot that the reserve has space for lets the log go.
TEST_F(disk_space, recovers_by_itself_when_the_log_is_what_fills_the_disk) {
  for (auto& n : nodes)
    n.disk.set_capacity(n.disk.bytes_used() + (600u << 10)); // a snapshot, and some log
  bool was_full = false;
  int applied = 0;
  for (int i = 0; i < 700; ++i) {
    auto refused = write(*leader(), put_request(0, "same", std::string(2'000, 'v')));
    was_full = was_full || refused == refusal_kind::disk_full;
    applied += !refused;
    pass(refused ? 500 : 25);
    ASSERT_NE(leader(), nullptr);
  }
  EXPECT_TRUE(was_full || leader()->status().snapshot.value > 1) << "1.4 MB went through a disk of less";
  EXPECT_GT(applied, 550) << state();
  no_failures();
}

TEST_F(disk_space, the_status_of_the_leader_names_the_full_follower) {
  auto& full = follower();
  fill_disk(full);
  pass(1'500);
  auto member = [](const cluster_status& s, const std::string& id) {
    for (auto& m : s.members)
      if (m.id == node_id{id}) return m;
    return member_status{};
  };
  auto& led = *leader();
  ASSERT_NE(&led, &full);
  auto seen = led.status();
  EXPECT_TRUE(member(seen, full.name()).disk_full);
  EXPECT_FALSE(member(seen, led.name()).disk_full);
  EXPECT_TRUE(member(seen, led.name()).keeps_up) << "a leader keeps up with itself";
  EXPECT_TRUE(member(full.status(), full.name()).disk_full);
  crash(full);
  pass(2'000);
  EXPECT_FALSE(member(led.status(), full.name()).keeps_up) << "it is dead";
  EXPECT_FALSE(member(led.status(), full.name()).disk_full) << "nobody says so any more";
  full.disk.set_capacity(fault_file_system::unlimited);
  restart(full);
  pass(3'000);
  EXPECT_TRUE(member(led.status(), full.name()).keeps_up);
  EXPECT_FALSE(member(led.status(), full.name()).disk_full);
  no_failures();
}

/// Where entries wait for space nothing new is learned, and whoever asks is told so instead of being kept.
TEST_F(disk_space, a_node_that_takes_no_entries_says_so_at_once) {
  auto& full = follower();
  auto& led = *leader();
  fill_disk(full);
  int i = 0;
  for (; i < 2'000 && full.status().applied == led.status().commit; ++i) {
    put_big(led, i % 10);
    pass(25);
  }
  ASSERT_LT(i, 2'000) << "it still takes what comes\n" << state();
  auto refused = [&](request r) {
    auto a = wait_for(full, full.ask(std::move(r)), 300);
    full.asker.clear();
    return a ? refusal_in(*a) : std::nullopt;
  };
  EXPECT_EQ(refused(put_request(0, "k", "v")), refusal_kind::not_ready);
  EXPECT_EQ(refused(get_request(0, "big0", consistency::linearizable)), refusal_kind::not_ready);
  EXPECT_EQ(get(full, "big0", consistency::stale), std::string(2'000, 'v'));
  EXPECT_EQ(put_big(led, 1), std::nullopt) << "the others go on";
  full.disk.set_capacity(fault_file_system::unlimited);
  pass(3'000);
  EXPECT_EQ(get(full, "big0"), std::string(2'000, 'v'));
  EXPECT_EQ(put_big(full, 1), std::nullopt);
  no_failures();
}

TEST_F(disk_space, a_node_on_a_full_disk_votes) {
  auto& full = follower(0);
  fill_disk(full);
  auto& dead = *leader();
  ASSERT_NE(&dead, &full);
  crash(dead);
  pass(4'000);
  auto* led = leader();
  ASSERT_NE(led, nullptr) << "two of three are there\n" << state();
  no_failures();
}

class used_up_reserve : public disk_space {
protected:
  void prepare(test_node& n) override { n.reserve_bytes = 128u << 10; }
  index_t match_of(const std::string& id) {
    for (auto& m : leader()->status().members)
      if (m.id.name == id) return m.match;
    return {};
  }
};

TEST_F(used_up_reserve, keeps_no_node_from_voting) {
  auto& full = follower(0);
  // More than a snapshot could be written of in what the reserve leaves, so nothing frees the disk.
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(put_big(*leader(), i), std::nullopt);
  fill_disk(full);
  for (int i = 100; i < 300 && match_of(full.name()) + 5 > leader()->status().commit; ++i)
    ASSERT_EQ(put_big(*leader(), i), std::nullopt);
  ASSERT_LE(match_of(full.name()) + 5, leader()->status().commit) << "its log takes no entries any more";
  auto& dead = *leader();
  ASSERT_NE(&dead, &full);
  crash(dead);
  pass(4'000);
  auto* led = leader();
  ASSERT_NE(led, nullptr) << "two of three are there\n" << state();
  no_failures();
  full.disk.set_capacity(fault_file_system::unlimited);
  pass(2'000);
  ASSERT_NE(leader(), nullptr);
  EXPECT_EQ(put_big(*leader(), 1), std::nullopt) << state();
}

TEST_F(disk_space, a_node_that_starts_on_a_full_disk_serves_reads_and_recovers) {
  auto& n = follower();
  fill_disk(n);
  crash(n);
  restart(n);
  pass(2'000);
  EXPECT_TRUE(n.status().disk_full);
  EXPECT_EQ(get(n, "big0", consistency::stale), std::string(2'000, 'v'));
  n.disk.set_capacity(fault_file_system::unlimited);
  pass(3'000);
  EXPECT_FALSE(n.status().disk_full);
  EXPECT_EQ(n.status().applied, leader()->status().applied);
  no_failures();
}

TEST_F(disk_space, an_error_inside_a_segment_still_stops_the_node) {
  auto& n = follower();
  n.disk.fail(file_op::write, 1, errc::disk_full, false, "/wal/");
  put_big(*leader(), 0);
  pass(500);
  ASSERT_EQ(n.supervisor.count<fatal_failure>(), 1u);
  EXPECT_EQ(n.supervisor.last<fatal_failure>().code, exit_code::storage);
}

} // namespace
} // namespace troupe::test
