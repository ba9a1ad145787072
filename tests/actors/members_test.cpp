// Whole nodes that come, go and are replaced while the others work.

#include "tests/actors/cluster_fixture.hpp"

#include <functional>
#include <set>

namespace troupe::test {
namespace {

class members_test : public cluster_test {
protected:
  static const refusal* refused(const std::optional<answer>& a) {
    return a ? std::get_if<refusal>(&a->body) : nullptr;
  }
  std::set<std::string> voters(test_node& n) {
    std::set<std::string> out;
    for (auto& m : n.status().members)
      if (m.voter) out.insert(m.id.name);
    return out;
  }
  /// What the supervisor would do.
  void end_those_told_to_stop() {
    for (auto& n : nodes)
      if (n.runs() && n.told_to_stop()) crash(n);
  }
  using set = std::set<std::string>;
};

TEST_F(members_test, a_node_is_added_catches_up_and_votes) {
  ASSERT_TRUE(put(*leader(), "before", "x"));
  auto& n4 = join("n4");
  EXPECT_EQ(n4.status().role, node_role::forming);
  ASSERT_EQ(leader()->status().waiting.size(), 1u);
  auto added = change(*leader(), member_action::add, "n4");
  ASSERT_TRUE(is_changed(added)) << state();
  EXPECT_EQ(std::get<member_result>(added->body).voters, 3u);
  EXPECT_EQ(std::get<member_result>(added->body).learners, 1u);
  pass(3'000);
  EXPECT_EQ(n4.status().role, node_role::learner);
  EXPECT_TRUE(leader()->status().waiting.empty());
  EXPECT_EQ(get(n4, "before"), "x") << "a learner serves reads";
  EXPECT_TRUE(put(n4, "by a learner", "x")) << "and forwards writes";
  ASSERT_TRUE(is_changed(change(*leader(), member_action::promote, "n4")));
  EXPECT_EQ(voters(*leader()), (set{"n1", "n2", "n3", "n4"}));
  // Four voters need three: with n4 and two others the cluster goes on.
  crash(follower());
  EXPECT_TRUE(put(n4, "after", "x")) << state();
}

TEST_F(members_test, a_node_that_waits_to_be_added_says_so_at_once) {
  auto& n4 = join("n4");
  for (auto r : {put_request(0, "k", "v"), get_request(0, "k", consistency::linearizable),
                 get_request(0, "k", consistency::stale), request{0, 5'000, transfer_request{}},
                 request{0, 5'000, member_request{member_action::remove, node_id{"n1"}, {}}}}) {
    auto told = wait_for(n4, n4.ask(std::move(r)), 100);
    n4.asker.clear();
    ASSERT_TRUE(refused(told));
    EXPECT_EQ(refused(told)->kind, refusal_kind::not_ready);
  }
  EXPECT_TRUE(put(*leader(), "k", "v"));
}

TEST_F(members_test, asking_again_changes_nothing) {
  join("n4");
  for (auto action : {member_action::add, member_action::promote}) {
    ASSERT_TRUE(is_changed(change(*leader(), action, "n4")));
    auto again = change(*leader(), action, "n4");
    ASSERT_TRUE(again && std::holds_alternative<member_result>(again->body));
    EXPECT_FALSE(is_changed(again));
    pass(3'000);
  }
  EXPECT_FALSE(is_changed(change(*leader(), member_action::remove, "n9")));
}

TEST_F(members_test, a_follower_hands_the_wish_on_and_tells_the_answer) {
  join("n4");
  EXPECT_TRUE(add_and_promote(follower(), "n4"));
  auto told = change(follower(), member_action::promote, "n9");
  ASSERT_TRUE(refused(told));
  EXPECT_EQ(refused(told)->kind, refusal_kind::not_possible);
}

TEST_F(members_test, a_wish_that_may_have_died_with_the_leader_is_answered_at_once) {
  auto& asked = follower();
  auto& old = *leader();
  auto id = asked.ask({0, 30'000, member_request{member_action::add, node_id{"n9"}, {}}});
  pass(500);
  ASSERT_FALSE(asked.answer_to(id)) << "it waits for n9";
  crash(old);
  asked.link(old.name(), false);
  pass(50);
  auto told = asked.answer_to(id);
  ASSERT_TRUE(refused(told));
  EXPECT_EQ(refused(told)->kind, refusal_kind::outcome_unknown);
}

TEST_F(members_test, nobody_is_added_who_does_not_wait) {
  auto told = change(*leader(), member_action::add, "n4", 2'000);
  ASSERT_TRUE(refused(told));
  EXPECT_EQ(refused(told)->kind, refusal_kind::not_possible);
  EXPECT_NE(refused(told)->detail.find("no node waits"), std::string::npos);
  EXPECT_EQ(leader()->status().members.size(), 3u);
}

TEST_F(members_test, a_wish_waits_for_the_node_to_show_up) {
  auto& asked = *leader();
  auto id = asked.ask({0, 10'000, member_request{member_action::add, node_id{"n4"}, {}}});
  pass(1'000);
  EXPECT_FALSE(asked.answer_to(id));
  join("n4");
  EXPECT_TRUE(is_changed(wait_for(asked, id)));
}

TEST_F(members_test, a_change_without_a_majority_has_no_known_outcome) {
  join("n4");
  auto& old = *leader();
  for (auto& other : nodes)
    if (&other != &old && other.name() != "n4") cut(old, other); // it still hears them
  auto told = change(old, member_action::add, "n4", 1'000);
  ASSERT_TRUE(refused(told));
  EXPECT_EQ(refused(told)->kind, refusal_kind::outcome_unknown);
}

TEST_F(members_test, a_removed_follower_is_told_stops_and_stays_out) {
  auto& gone = follower();
  ASSERT_TRUE(is_changed(change(*leader(), member_action::remove, gone.name())));
  pass(3'000);
  ASSERT_TRUE(gone.told_to_stop());
  EXPECT_EQ(gone.told_to_stop()->code, exit_code::refused);
  EXPECT_NE(gone.told_to_stop()->why.find("was removed"), std::string::npos);
  auto term = leader()->status().term;
  crash(gone, crash_mode::drop_unsynced);
  EXPECT_FALSE(gone.start()) << "its folder is of no use any more";
  ASSERT_TRUE(gone.refused);
  EXPECT_EQ(gone.refused->code, exit_code::refused);
  EXPECT_TRUE(put(*leader(), "after", "x"));
  EXPECT_EQ(leader()->status().term, term) << "it disturbed nobody";
}

TEST_F(members_test, a_node_that_was_away_hears_of_its_removal) {
  auto& gone = follower();
  crash(gone);
  ASSERT_TRUE(is_changed(change(*leader(), member_action::remove, gone.name())));
  auto term = leader()->status().term;
  restart(gone);
  pass(3'000);
  EXPECT_TRUE(gone.told_to_stop());
  EXPECT_EQ(leader()->status().term, term) << "it disturbed nobody";
}

TEST_F(members_test, a_leader_removes_itself) {
  auto& old = *leader();
  ASSERT_TRUE(is_changed(change(old, member_action::remove, old.name()))) << state();
  pass(3'000);
  EXPECT_TRUE(old.told_to_stop());
  end_those_told_to_stop();
  ASSERT_TRUE(leader());
  EXPECT_EQ(leader()->status().members.size(), 2u);
  EXPECT_TRUE(put(*leader(), "after", "x"));
  EXPECT_FALSE(old.start());
}

TEST_F(members_test, the_last_voter_stays) {
  for (auto& id : names) {
    if (id == leader()->name()) continue;
    ASSERT_TRUE(is_changed(change(*leader(), member_action::remove, id)));
    pass(2'000);
    end_those_told_to_stop();
  }
  auto told = change(*leader(), member_action::remove, leader()->name());
  ASSERT_TRUE(refused(told));
  EXPECT_NE(refused(told)->detail.find("last voter"), std::string::npos);
}

TEST_F(members_test, a_lost_disk_is_replaced) {
  ASSERT_TRUE(put(*leader(), "before", "x"));
  auto& lost = follower();
  crash(lost);
  lost.replace_disk();
  ASSERT_TRUE(lost.start());
  connect(lost);
  pass(1'500);
  EXPECT_TRUE(lost.told_to_stop()) << "without --join an empty folder takes no part";
  crash(lost);
  lost.join = true;
  restart(lost);
  pass(1'500);
  EXPECT_FALSE(lost.told_to_stop());
  auto told = change(*leader(), member_action::add, lost.name());
  ASSERT_TRUE(refused(told));
  EXPECT_NE(refused(told)->detail.find("another data folder"), std::string::npos);
  ASSERT_TRUE(is_changed(change(*leader(), member_action::replace, lost.name()))) << state();
  pass(3'000);
  ASSERT_TRUE(is_changed(change(*leader(), member_action::promote, lost.name()))) << state();
  EXPECT_EQ(voters(*leader()), (set{"n1", "n2", "n3"}));
  EXPECT_EQ(get(lost, "before"), "x");
  for (auto& n : nodes)
    if (&n != &lost && &n != leader()) {
      crash(n);
      break;
    }
  EXPECT_TRUE(put(lost, "after", "x")) << "it counts as one of three";
}

TEST_F(members_test, a_member_starts_again_after_it_joined) {
  auto& n4 = join("n4");
  ASSERT_TRUE(is_changed(change(*leader(), member_action::add, "n4")));
  crash(n4); // perhaps before its log had anything
  restart(n4);
  pass(3'000);
  ASSERT_TRUE(is_changed(change(*leader(), member_action::promote, "n4"))) << state();
  crash(n4);
  n4.join = false;
  restart(n4);
  pass(2'000);
  EXPECT_EQ(n4.status().members.size(), 4u);
  EXPECT_TRUE(put(n4, "after", "x"));
}

TEST_F(members_test, one_that_lags_gets_its_log_from_a_leader_that_it_does_not_know) {
  auto& late = follower();
  isolate(late);
  auto& n4 = join("n4");
  ASSERT_TRUE(add_and_promote(*leader(), "n4")) << state();
  auto& old = *leader();
  ASSERT_TRUE(wait_for(old, old.ask({0, 5'000, transfer_request{node_id{"n4"}}})));
  pass(1'000);
  ASSERT_TRUE(n4.leads()) << state();
  // Only the new leader can reach it.
  heal();
  for (auto& other : nodes)
    if (&other != &late && &other != &n4) cut(other, late), cut(late, other);
  connect(late);
  pass(3'000);
  EXPECT_EQ(late.status().leader, node_id{"n4"}) << state();
  EXPECT_EQ(late.status().members.size(), 4u);
  EXPECT_EQ(late.status().applied, n4.status().applied);
}

TEST_F(members_test, a_leader_that_nobody_confirms_says_nothing_is_so_already) {
  auto& old = *leader();
  isolate(old);
  auto told = change(old, member_action::remove, "n9");
  ASSERT_TRUE(refused(told)) << "others may have added n9 meanwhile";
  EXPECT_EQ(refused(told)->kind, refusal_kind::no_leader);
  heal();
  pass(1'000);
  auto confirmed = change(*leader(), member_action::remove, "n9");
  ASSERT_TRUE(confirmed && std::holds_alternative<member_result>(confirmed->body)) << "the control";
}

TEST_F(members_test, a_member_that_has_moved_is_asked_where_it_is) {
  auto& led = *leader();
  auto& moved = follower();
  // Nobody has noticed yet that it is gone.
  moved.kill();
  moved.http = "elsewhere:8000";
  ASSERT_TRUE(moved.start());
  auto id = led.ask({0, 6'000, member_request{member_action::add, node_id{moved.name()}, {}}});
  pass(200);
  EXPECT_FALSE(led.answer_to(id)) << "what it said in its former life is no answer";
  connect(moved);
  EXPECT_TRUE(is_changed(wait_for(led, id))) << state();
  for (auto& m : led.status().members)
    EXPECT_EQ(m.http_address, m.id.name == moved.name() ? "elsewhere:8000" : m.id.name + ":8000");
  EXPECT_FALSE(is_changed(change(led, member_action::add, moved.name()))) << "once is enough";
}

TEST_F(members_test, a_leader_that_has_moved_knows_where_it_is) {
  auto& moved = follower();
  crash(moved);
  moved.http = "elsewhere:8000";
  restart(moved);
  pass(3'000);
  auto& led = *leader();
  auto handed = wait_for(led, led.ask({0, 5'000, transfer_request{node_id{moved.name()}}}));
  ASSERT_TRUE(handed);
  EXPECT_FALSE(refused(handed)) << refused(handed)->detail;
  pass(1'000);
  ASSERT_TRUE(moved.leads()) << state();
  EXPECT_TRUE(is_changed(change(moved, member_action::add, moved.name()))) << state();
}

/// A node that waits under the id of a member, with a folder of its own.
member impostor(const std::string& id) {
  return {node_id{id}, storage_id{7, 7}, id + "b:7000", id + "b:8000", true};
}

TEST_F(members_test, a_member_that_is_heard_is_not_replaced) {
  auto& led = *leader();
  auto& lives = follower();
  led.supervisor.tell(led.raft, joiner_state{impostor(lives.name()), true});
  auto told = change(led, member_action::replace, lives.name(), 1'000);
  ASSERT_TRUE(refused(told));
  EXPECT_NE(refused(told)->detail.find("only a member that is gone is replaced"), std::string::npos)
      << refused(told)->detail;
  EXPECT_EQ(led.status().members.size(), 3u);
}

TEST_F(members_test, only_the_member_that_was_there_when_it_was_asked_for_is_replaced) {
  auto& led = *leader();
  auto& lost = follower();
  crash(lost);
  auto waits = led.ask(
      {0, 30'000, member_request{member_action::replace, node_id{lost.name()}, lost.name() + "b:7000"}});
  pass(500);
  EXPECT_FALSE(led.answer_to(waits)) << "nobody is there to take its place";
  // Meanwhile somebody else gives it another folder.
  lost.replace_disk();
  lost.join = true;
  restart(lost);
  pass(1'500);
  ASSERT_TRUE(is_changed(change(led, member_action::replace, lost.name()))) << state();
  auto told = wait_for(led, waits);
  ASSERT_TRUE(refused(told));
  EXPECT_EQ(refused(told)->kind, refusal_kind::outcome_unknown);
  led.supervisor.tell(led.raft, joiner_state{impostor(lost.name()), true});
  pass(3'000);
  EXPECT_EQ(led.status().members.size(), 3u)
      << "and the one that waits now does not take the place of the new one";
  EXPECT_FALSE(lost.told_to_stop());
}

TEST_F(members_test, answers_of_another_folder_of_the_same_id_do_not_count) {
  auto& led = *leader();
  for (auto& n : nodes)
    if (&n != &led) crash(n);
  auto before = led.status().commit;
  auto write = led.ask(put_request(0, "k", "v"));
  pass(50);
  auto st = led.status();
  auto acknowledge = [&](const std::function<storage_id(const std::string&)>& storage_of) {
    for (auto& id : names) {
      if (id == led.name()) continue;
      raft::append_response ok{st.term, true, st.last, {}, {}, 0};
      led.supervisor.tell(led.raft, peer_input{node_id{id}, storage_of(id), {raft::message{ok}}});
    }
    s.run();
  };
  acknowledge([](auto&) { return storage_id{66, 66}; });
  EXPECT_FALSE(led.answer_to(write)) << "an empty folder in the name of a member acknowledged";
  EXPECT_EQ(led.status().commit, before);
  acknowledge([&](auto& id) { return wires->storages[id]; });
  EXPECT_TRUE(led.answer_to(write)) << "the control: the member itself counts";
}

} // namespace
} // namespace troupe::test
