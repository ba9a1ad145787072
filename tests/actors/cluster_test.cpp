// Three whole nodes whose wires can be cut one direction at a time.

#include "tests/actors/cluster_fixture.hpp"

#include <random>

namespace troupe::test {
namespace {

TEST_F(cluster_test, agrees_on_one_leader) {
  pass(500);
  auto* led = leader();
  ASSERT_NE(led, nullptr);
  for (auto& n : nodes) {
    auto st = n.status();
    EXPECT_EQ(st.leader, node_id{led->name()});
    EXPECT_EQ(st.term, led->status().term);
    EXPECT_EQ(st.members.size(), 3u);
  }
}

TEST_F(cluster_test, a_put_on_a_follower_is_forwarded_and_answered_there) {
  auto& f = follower(0);
  ASSERT_TRUE(put(f, "k", "v"));
  EXPECT_EQ(get(f, "k"), "v");
  EXPECT_EQ(get(follower(1), "k"), "v");
  EXPECT_EQ(get(*leader(), "k"), "v");
}

TEST_F(cluster_test, a_put_needs_a_majority) {
  auto* led = leader();
  isolate(*led);
  auto id = led->ask(put_request(0, "k", "v", 2'000));
  s.run();
  EXPECT_FALSE(led->answer_to(id)) << "acknowledged by one of three";
}

TEST_F(cluster_test, the_others_elect_when_the_leader_is_cut_off) {
  auto* old = leader();
  ASSERT_TRUE(put(*old, "k", "before"));
  isolate(*old);
  auto pending = old->ask(put_request(0, "k", "lost?", 4'000));
  pass(2'000);
  auto* led = leader();
  ASSERT_NE(led, old);
  ASSERT_TRUE(put(*led, "k", "after"));
  auto told = wait_for(*old, pending);
  ASSERT_TRUE(told);
  EXPECT_EQ(refusal_in(*told), refusal_kind::outcome_unknown) << "it is in a log, so nobody knows";
  heal();
  pass(2'000);
  for (auto& n : nodes)
    EXPECT_EQ(get(n, "k"), "after");
}

TEST_F(cluster_test, a_pending_write_is_answered_by_what_really_happened) {
  auto* old = leader();
  // Its entries reach the others, their answers do not come back.
  for (auto& n : nodes)
    if (&n != old) cut(n, *old);
  auto pending = old->ask(put_request(0, "k", "v", 10'000));
  s.run();
  EXPECT_FALSE(old->answer_to(pending));
  pass(1'500);
  heal();
  auto told = wait_for(*old, pending, 11'000);
  ASSERT_TRUE(told);
  auto seen = get(*leader(), "k");
  if (is_applied(told)) {
    EXPECT_EQ(seen, "v");
  } else {
    EXPECT_EQ(refusal_in(*told), refusal_kind::outcome_unknown);
  }
}

TEST_F(cluster_test, a_leader_that_hears_nobody_gives_way) {
  auto* old = leader();
  for (auto& n : nodes)
    if (&n != old) cut(n, *old);
  pass(3'000);
  auto* led = leader();
  ASSERT_NE(led, nullptr);
  ASSERT_NE(led, old);
  EXPECT_TRUE(put(*led, "k", "v"));
}

TEST_F(cluster_test, a_write_without_any_leader_is_certainly_not_applied) {
  auto& f = follower(0);
  isolate(f);
  pass(2'000);
  auto told = wait_for(f, f.ask(put_request(0, "k", "v")));
  ASSERT_TRUE(told);
  EXPECT_EQ(refusal_in(*told), refusal_kind::no_leader);
  heal();
  pass(2'000);
  EXPECT_EQ(get(f, "k"), std::nullopt);
}

TEST_F(cluster_test, a_linearizable_read_on_an_isolated_leader_is_not_answered) {
  auto* old = leader();
  ASSERT_TRUE(put(*old, "k", "old"));
  isolate(*old);
  auto id = old->ask(get_request(0, "k", consistency::linearizable, 3'000));
  s.run();
  EXPECT_FALSE(old->answer_to(id));
  pass(2'000);
  ASSERT_TRUE(put(*leader(), "k", "new"));
  EXPECT_EQ(get(*old, "k", consistency::stale), "old");
  auto told = wait_for(*old, id);
  ASSERT_TRUE(told);
  EXPECT_TRUE(refusal_in(*told) == refusal_kind::timed_out || refusal_in(*told) == refusal_kind::no_leader);
}

TEST_F(cluster_test, a_read_on_a_lagging_follower_waits_for_what_was_written_before_it) {
  auto& f = follower(0);
  ASSERT_TRUE(put(follower(1), "k", "v"));
  EXPECT_EQ(get(f, "k"), "v");
}

TEST_F(cluster_test, a_follower_behind_the_compacted_log_gets_a_snapshot) {
  auto& lagging = follower(0);
  isolate(lagging);
  auto* led = leader();
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(put(*led, "k" + std::to_string(i), std::string(1'000, 'v')));
  for (auto& n : nodes) {
    if (&n == &lagging) continue;
    auto a = wait_for(n, n.ask({0, 5'000, snapshot_now_request{}}));
    ASSERT_TRUE(a && std::holds_alternative<snapshot_result>(a->body));
  }
  pass(100);
  ASSERT_GT(led->status().first, lagging.status().last + 1) << "the log still holds what it needs";
  heal();
  pass(3'000);
  EXPECT_GE(lagging.status().snapshot, index_t{40});
  EXPECT_EQ(lagging.status().applied, leader()->status().applied);
  EXPECT_EQ(get(lagging, "k0", consistency::stale), std::string(1'000, 'v'));
  ASSERT_TRUE(put(lagging, "more", "v"));
  crash(lagging);
  restart(lagging);
  pass(1'000);
  EXPECT_EQ(get(lagging, "k39"), std::string(1'000, 'v'));
  EXPECT_EQ(get(lagging, "more"), "v");
}

TEST_F(cluster_test, survives_the_crash_of_its_leader) {
  auto* old = leader();
  ASSERT_TRUE(put(*old, "k", "v"));
  crash(*old);
  pass(1'500);
  auto* led = leader();
  ASSERT_NE(led, nullptr);
  EXPECT_EQ(get(*led, "k"), "v");
  ASSERT_TRUE(put(*led, "k", "w"));
  restart(*old);
  pass(1'000);
  EXPECT_EQ(get(*old, "k"), "w");
}

TEST_F(cluster_test, survives_a_power_cut_of_all) {
  ASSERT_TRUE(put(follower(0), "k", "v"));
  for (auto& n : nodes)
    crash(n, crash_mode::reorder);
  for (auto& n : nodes)
    restart(n);
  pass(2'000);
  ASSERT_NE(leader(), nullptr);
  EXPECT_EQ(get(follower(1), "k"), "v");
}

TEST_F(cluster_test, the_leadership_is_handed_to_the_node_that_is_named) {
  auto* old = leader();
  auto& heir = follower(1);
  auto id = old->ask({0, 5'000, transfer_request{node_id{heir.name()}}});
  auto write = old->ask(put_request(0, "k", "v", 5'000));
  auto told = wait_for(*old, id, 100);
  ASSERT_TRUE(told) << "no timeout is waited for";
  ASSERT_TRUE(std::holds_alternative<transfer_result>(told->body));
  EXPECT_EQ(std::get<transfer_result>(told->body).leader, node_id{heir.name()});
  EXPECT_TRUE(heir.leads());
  EXPECT_TRUE(is_applied(wait_for(*old, write))) << "a write that came meanwhile goes to the new leader";
  told = wait_for(heir, heir.ask({0, 5'000, transfer_request{node_id{heir.name()}}}), 25);
  ASSERT_TRUE(told && std::holds_alternative<transfer_result>(told->body)) << "it leads already";
}

TEST_F(cluster_test, any_node_can_be_asked_to_have_the_leadership_moved) {
  auto* old = leader();
  auto& asked = follower(0);
  auto told = wait_for(asked, asked.ask({0, 5'000, transfer_request{}}), 200);
  ASSERT_TRUE(told && std::holds_alternative<transfer_result>(told->body));
  EXPECT_NE(std::get<transfer_result>(told->body).leader, node_id{old->name()});
  EXPECT_FALSE(old->leads());
  EXPECT_TRUE(put(*old, "k", "v"));
}

TEST_F(cluster_test, a_transfer_that_cannot_be_is_refused_and_the_leader_goes_on) {
  auto* led = leader();
  auto& heir = follower(0);
  auto refused = [&](test_node& n, const std::string& to) {
    auto told = wait_for(n, n.ask({0, 5'000, transfer_request{node_id{to}}}), 4'000);
    return told ? refusal_in(*told) : std::nullopt;
  };
  EXPECT_EQ(refused(*led, "nobody"), refusal_kind::invalid);
  EXPECT_EQ(refused(heir, "nobody"), refusal_kind::invalid);
  isolate(heir);
  EXPECT_EQ(refused(*led, heir.name()), refusal_kind::not_possible) << "it does not answer";
  EXPECT_EQ(refused(*led, heir.name()), refusal_kind::not_possible) << "it is not heard any more";
  EXPECT_TRUE(led->leads());
  EXPECT_TRUE(put(*led, "k", "v"));
}

TEST_F(cluster_test, a_leader_that_is_about_to_stop_hands_over_first) {
  auto* old = leader();
  old->supervisor.tell(old->raft, give_way{old->supervisor.as<supervisor_actor>()});
  s.run();
  EXPECT_EQ(old->supervisor.count<gave_way>(), 1u);
  auto* led = leader();
  ASSERT_NE(led, nullptr);
  EXPECT_NE(led, old);
  old->supervisor.tell(old->raft, give_way{old->supervisor.as<supervisor_actor>()});
  s.run();
  EXPECT_EQ(old->supervisor.count<gave_way>(), 2u) << "who does not lead has nothing to hand over";
}

// Cuts, crashes, snapshots and writes in an order chosen by a seed. Each key is written once, so that what
// was acknowledged must be there in the end.
TEST_F(cluster_test, loses_nothing_in_any_order_of_misfortunes) {
  std::mt19937_64 random{storage::testing::test_seed()};
  struct written {
    std::string key;
    std::size_t node;
    std::uint64_t id;
  };
  std::vector<written> open;
  std::set<std::string> acknowledged;
  auto collect = [&] {
    std::erase_if(open, [&](auto& w) {
      auto a = nodes[w.node].answer_to(w.id);
      if (is_applied(a)) acknowledged.insert(w.key);
      return a.has_value();
    });
    for (auto& n : nodes)
      n.asker.clear();
  };
  for (int step = 0; step < 300; ++step) {
    auto which = static_cast<std::size_t>(random() % nodes.size());
    auto& n = nodes[which];
    switch (random() % 20) {
    case 0: isolate(n); break;
    case 1: cut(n, nodes[random() % nodes.size()]); break;
    case 2:
    case 3: heal(); break;
    case 4:
      if (n.runs()) crash(n, static_cast<crash_mode>(random() % 3));
      break;
    case 5:
    case 6:
      for (auto& each : nodes)
        if (!each.runs()) restart(each);
      break;
    case 7:
      if (n.runs()) n.ask({0, 5'000, snapshot_now_request{}});
      break;
    default:
      if (!n.runs()) break;
      auto key = "k" + std::to_string(step);
      open.push_back({key, which, n.ask(put_request(0, key, key + std::string(300, 'v'), 3'000))});
    }
    ASSERT_FALSE(HasFatalFailure());
    pass(static_cast<std::int64_t>(random() % 10) * 25);
    collect();
  }
  heal();
  for (auto& n : nodes)
    if (!n.runs()) restart(n);
  pass(4'000);
  collect();
  ASSERT_NE(leader(), nullptr);
  for (auto& n : nodes) {
    EXPECT_EQ(n.supervisor.count<fatal_failure>(), 0u);
    for (auto& key : acknowledged)
      ASSERT_EQ(get(n, key), key + std::string(300, 'v')) << "lost " << key << " on " << n.name() << "\n"
                                                          << state();
    n.asker.clear();
  }
  std::cout << acknowledged.size() << " acknowledged puts\n";
  EXPECT_GT(acknowledged.size(), 30u);
}

} // namespace
} // namespace troupe::test
