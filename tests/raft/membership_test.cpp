// Changing the members: dissertation chapter 4. Each test is named by the section that it proves.

#include "base/entry_archive.hpp"
#include "raft/progress.hpp"
#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace troupe::raft {
namespace {

using terms = std::vector<std::uint64_t>;

member fresh(const std::string& name) {
  return {node_id{name}, {9, 9}, name, name, true};
}
add_learner adding(const std::string& name) {
  return {fresh(name)};
}
promote_learner promoting(const std::string& name) {
  return {node_id{name}};
}
remove_member removing(const std::string& name) {
  return {node_id{name}};
}

class changing : public testing::Test {
protected:
  changing() {
    s.enter_all();
    s.elect("n1");
  }
  static std::vector<std::string> voters(const core& c) {
    std::vector<std::string> out;
    for (auto& m : c.get_status().members.members)
      if (m.voter) out.push_back(m.id.name);
    return out;
  }
  /// Time passes for all, and everything is delivered.
  void pass(unsigned ticks, const std::vector<std::string>& who) {
    for (; ticks > 0; --ticks) {
      for (auto& name : who)
        s.tick(name);
      s.settle();
    }
  }
  void add_n4() {
    s.enter_empty("n4");
    ASSERT_EQ(s.change("n1", adding("n4")), change_refusal::none);
    pass(6, {"n1"});
  }
  using names = std::vector<std::string>;
  stage s{{"n1", "n2", "n3"}};
};

using section_4_1 = changing;
using section_4_2_1 = changing;
using section_4_2_2 = changing;
using section_4_2_3 = changing;

TEST_F(section_4_1, a_change_is_in_effect_from_its_append_on_before_it_is_committed) {
  s.isolate("n2");
  s.isolate("n3");
  EXPECT_EQ(s.change("n1", removing("n3")), change_refusal::none);
  EXPECT_EQ(voters(s.brain("n1")), (names{"n1", "n2"}));
  EXPECT_LT(s.brain("n1").commit(), s.brain("n1").get_status().members_index);
}

TEST_F(section_4_1, one_change_at_a_time) {
  s.isolate("n2");
  s.isolate("n3");
  EXPECT_EQ(s.change("n1", adding("n4")), change_refusal::none);
  EXPECT_EQ(s.change("n1", adding("n5")), change_refusal::in_progress);
  s.reconnect("n2");
  pass(4, {"n1"});
  EXPECT_EQ(s.change("n1", adding("n5")), change_refusal::known) << "n5 has the storage of n4 here";
  EXPECT_EQ(s.change("n1", removing("n4")), change_refusal::none);
}

TEST_F(section_4_1, only_the_leader_takes_changes) {
  EXPECT_EQ(s.change("n2", removing("n3")), change_refusal::not_leader);
  s.isolate("n3");
  s.hand_over("n1", "n3");
  EXPECT_EQ(s.change("n1", removing("n2")), change_refusal::handing_over);
}

TEST_F(section_4_1, what_the_members_themselves_do_not_allow) {
  EXPECT_EQ(s.change("n1", adding("n2")), change_refusal::known);
  auto same_storage = fresh("n4");
  same_storage.storage = s.members().members[1].storage;
  EXPECT_EQ(s.change("n1", add_learner{same_storage}), change_refusal::known);
  auto same_address = fresh("n4");
  same_address.peer_address = "n3";
  EXPECT_EQ(s.change("n1", add_learner{same_address}), change_refusal::known);
  EXPECT_EQ(s.change("n1", removing("n9")), change_refusal::unknown);
  EXPECT_EQ(s.change("n1", promoting("n9")), change_refusal::unknown);
  EXPECT_EQ(s.change("n1", promoting("n2")), change_refusal::voter);
}

TEST(section_4_1_alone, the_last_voter_stays) {
  stage s({"n1"}, {"n2"});
  s.enter_all();
  s.settle();
  EXPECT_EQ(s.change("n1", removing("n1")), change_refusal::last_voter);
  EXPECT_EQ(s.change("n1", removing("n2")), change_refusal::none);
}

TEST(section_4_1_alone, as_many_members_as_a_cluster_may_have) {
  membership full;
  for (std::size_t i = 0; i < members_max; ++i)
    full.members.push_back(
        {node_id{std::string(1, static_cast<char>('a' + i))}, {1, i + 1}, std::to_string(i), "", true});
  EXPECT_EQ(apply_change(full, adding("bb")), change_refusal::too_many);
  EXPECT_EQ(apply_change(full, removing("d")), change_refusal::none);
  EXPECT_EQ(apply_change(full, adding("bb")), change_refusal::none);
  EXPECT_TRUE(
      std::is_sorted(full.members.begin(), full.members.end(), [](auto& a, auto& b) { return a.id < b.id; }));
  EXPECT_FALSE(full.find(node_id{"bb"})->voter) << "whatever was asked for";
}

TEST_F(section_4_1, a_change_that_could_not_be_committed_is_refused) {
  s.isolate("n3");
  pass(s.limits.election_ticks_min, {"n1", "n2"});
  EXPECT_EQ(s.change("n1", removing("n2")), change_refusal::unheard) << "n1 and the silent n3 would be left";
  EXPECT_EQ(s.change("n1", removing("n3")), change_refusal::none);
}

TEST_F(section_4_1, a_change_that_is_cut_off_a_log_is_undone) {
  s.isolate("n1");
  EXPECT_EQ(s.change("n1", removing("n3")), change_refusal::none);
  s.persist("n1");
  s.elect("n2");
  s.propose("n2", {"a"});
  s.settle();
  s.reconnect("n1");
  pass(4, {"n2"});
  EXPECT_EQ(voters(s.brain("n1")), (names{"n1", "n2", "n3"}));
  EXPECT_EQ(s.brain("n1").get_status().members_index, index_t{1});
}

/// The flaw in the first description of changes one at a time (Ongaro on raft-dev, 10 July 2015): two
/// leaders, each from the same committed membership and each with a change of its own that is not committed,
/// have majorities that share nobody. n1 of term 2 adds n4 and crashes; n2 leads term 3, removes n1 and
/// commits that with n3 alone; n1 comes back and could commit with n1 and n4 what contradicts it.
TEST(section_4_1_flaw, a_leader_changes_nothing_before_an_entry_of_its_own_term_is_committed) {
  stage s({"n1", "n2", "n3"});
  s.enter_all();
  s.elect("n1");
  s.enter_empty("n4");
  // n1's change reaches n4 alone.
  s.isolate("n2");
  s.isolate("n3");
  ASSERT_EQ(s.change("n1", adding("n4")), change_refusal::none);
  s.settle();
  s.isolate("n1");
  s.reconnect("n2");
  s.reconnect("n3");
  s.unreachable("n2", "n1");
  s.unreachable("n3", "n1");
  s.campaign("n2");
  // n2 is elected, but no entry of its term is on a majority yet.
  for (int i = 0; i < 4 && s.brain("n2").role() != role_kind::leader; ++i) {
    s.persist("n2");
    s.deliver("n2", "n3");
    s.persist("n3");
    s.deliver("n3", "n2");
  }
  ASSERT_EQ(s.brain("n2").role(), role_kind::leader);
  EXPECT_EQ(s.change("n2", removing("n1")), change_refusal::not_ready);
  s.settle();
  // With its own entry on a majority, n1's log can win no majority of any membership it may hold.
  EXPECT_EQ(s.change("n2", removing("n1")), change_refusal::none);
  s.settle();
  s.reconnect("n1");
  s.isolate("n2");
  s.unreachable("n3", "n2");
  for (int i = 0; i < 200; ++i) {
    s.tick("n1");
    s.settle();
    ASSERT_TRUE(s.brain("n1").role() != role_kind::leader || s.brain("n1").term() == term_t{2});
  }
  EXPECT_NE(s.brain("n1").role(), role_kind::leader);
  EXPECT_LT(s.brain("n1").commit(), index_t{3});
}

TEST_F(section_4_1, a_log_with_a_change_comes_back_from_disk_and_from_snapshots) {
  add_n4();
  s.propose("n1", {"a"});
  s.settle();
  s.restart("n2");
  EXPECT_TRUE(s.brain("n2").get_status().members.find(node_id{"n4"}));
  auto last = s.brain("n1").last_index().value;
  s.snapshot("n1", last, last + 1);
  EXPECT_TRUE(s.at("n1").snapshot.members.find(node_id{"n4"}));
  s.restart("n1");
  EXPECT_TRUE(s.brain("n1").get_status().members.find(node_id{"n4"}));
  EXPECT_EQ(s.brain("n1").get_status().members_index, index_t{last});
}

TEST_F(section_4_2_1, a_new_member_is_a_learner_that_starts_with_nothing_and_gets_it_all) {
  s.propose("n1", {"a", "b"});
  s.settle();
  add_n4();
  EXPECT_EQ(s.log_terms("n4"), s.log_terms("n1"));
  EXPECT_EQ(voters(s.brain("n4")), (names{"n1", "n2", "n3"}));
  s.tick("n4", 20 * s.limits.election_ticks_max);
  EXPECT_EQ(s.brain("n4").role(), role_kind::follower) << "it does not campaign";
}

TEST_F(section_4_2_1, a_new_member_may_start_from_a_snapshot) {
  s.propose("n1", {"a", "b"});
  s.settle();
  s.snapshot("n1", 4, 5);
  add_n4();
  EXPECT_EQ(s.at("n4").snapshot.index, index_t{4});
  EXPECT_EQ(s.brain("n4").commit(), s.brain("n1").commit());
  EXPECT_EQ(s.brain("n4").get_status().members, s.brain("n1").get_status().members);
}

TEST_F(section_4_2_1, a_node_without_a_cluster_waits) {
  s.enter_empty("n4");
  s.tick("n4", 20 * s.limits.election_ticks_max);
  EXPECT_EQ(s.brain("n4").role(), role_kind::follower);
  EXPECT_TRUE(s.flying().empty());
  EXPECT_EQ(s.brain("n4").change_membership(adding("n5"), 0), change_refusal::not_leader);
}

TEST_F(section_4_2_1, a_learner_counts_for_nothing) {
  add_n4();
  s.isolate("n2");
  s.isolate("n3");
  auto before = s.brain("n1").commit();
  s.propose("n1", {"a"});
  s.settle();
  EXPECT_EQ(s.brain("n1").commit(), before) << "n1 and n4 have it, but n4 is no voter";
}

TEST_F(section_4_2_1, a_learner_is_promoted_when_it_has_caught_up) {
  add_n4();
  auto followers = s.brain("n1").get_status().followers;
  EXPECT_TRUE(std::any_of(followers.begin(), followers.end(),
                          [](auto& f) { return f.id == node_id{"n4"} && f.keeps_up; }));
  EXPECT_EQ(s.change("n1", promoting("n4")), change_refusal::none);
  s.settle();
  EXPECT_EQ(voters(s.brain("n4")), (names{"n1", "n2", "n3", "n4"}));
  // Three of four now.
  s.isolate("n3");
  s.isolate("n2");
  auto before = s.brain("n1").commit();
  s.propose("n1", {"a"});
  s.settle();
  EXPECT_EQ(s.brain("n1").commit(), before);
  s.reconnect("n2");
  pass(4, {"n1"});
  EXPECT_EQ(s.brain("n1").commit(), s.brain("n1").last_index());
}

TEST_F(section_4_2_1, a_learner_that_lags_or_is_silent_is_not_promoted) {
  s.enter_empty("n4");
  s.isolate("n4");
  ASSERT_EQ(s.change("n1", adding("n4")), change_refusal::none);
  s.settle();
  EXPECT_EQ(s.change("n1", promoting("n4")), change_refusal::behind) << "it holds nothing";
  s.reconnect("n4");
  pass(6, {"n1"});
  s.isolate("n4");
  pass(s.limits.election_ticks_min + 1, {"n1", "n2", "n3"});
  EXPECT_EQ(s.change("n1", promoting("n4")), change_refusal::behind) << "it is not heard";
}

TEST(section_4_2_1_rounds, a_round_that_took_too_long_does_not_count) {
  catch_up_rounds r;
  r.goal = index_t{100};
  for (int i = 0; i < 11; ++i)
    r.tick(10);
  r.reached(index_t{100}, index_t{110}, 10);
  EXPECT_FALSE(r.keeps_up) << "eleven ticks";
  r.tick(10);
  r.reached(index_t{105}, index_t{111}, 10);
  EXPECT_FALSE(r.keeps_up) << "the second round has not ended";
  r.reached(index_t{110}, index_t{112}, 10);
  EXPECT_TRUE(r.keeps_up);
  for (int i = 0; i < 11; ++i)
    r.tick(10);
  EXPECT_FALSE(r.keeps_up) << "the third takes too long already";
}

TEST_F(section_4_2_2, a_leader_that_removes_itself_leads_until_that_is_committed) {
  s.isolate("n2");
  s.isolate("n3");
  EXPECT_EQ(s.change("n1", removing("n1")), change_refusal::none);
  s.settle();
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
  EXPECT_EQ(voters(s.brain("n1")), (names{"n2", "n3"}));
  s.reconnect("n2");
  pass(4, {"n1"});
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader) << "it does not count itself: one of two is no majority";
  s.reconnect("n3");
  pass(4, {"n1"});
  EXPECT_NE(s.brain("n1").role(), role_kind::leader);
}

TEST_F(section_4_2_2, another_node_leads_at_once_when_the_leader_has_gone) {
  EXPECT_EQ(s.change("n1", removing("n1")), change_refusal::none);
  s.settle();
  auto leader = s.brain("n2").leader();
  ASSERT_TRUE(leader == node_id{"n2"} || leader == node_id{"n3"});
  EXPECT_EQ(s.brain("n2").term(), term_t{3});
  s.propose(leader.name, {"a"});
  s.settle();
  EXPECT_EQ(s.brain(leader.name).commit(), s.brain(leader.name).last_index());
}

TEST_F(section_4_2_2, the_removed_leader_does_not_come_back) {
  s.change("n1", removing("n1"));
  s.settle();
  auto term = s.brain("n2").term();
  s.tick("n1", 10 * s.limits.election_ticks_max);
  s.settle();
  EXPECT_EQ(s.brain("n1").role(), role_kind::follower);
  EXPECT_EQ(s.brain("n2").term(), term);
}

/// Of two voters the leader is removed and crashes when it alone holds that entry. It is not in its own
/// membership any more, and the other cannot be elected without its vote.
TEST(section_4_2_2_two, a_removed_node_campaigns_while_its_removal_may_not_be_committed) {
  stage s({"n1", "n2"});
  s.enter_all();
  s.elect("n1");
  s.isolate("n2");
  ASSERT_EQ(s.change("n1", removing("n1")), change_refusal::none);
  s.persist("n1");
  s.restart("n1");
  s.restart("n2");
  s.reconnect("n2");
  s.campaign("n2");
  s.settle();
  ASSERT_NE(s.brain("n2").role(), role_kind::leader) << "its log lacks the removal";
  s.tick("n1", 2 * s.limits.election_ticks_max);
  s.settle();
  EXPECT_EQ(s.brain("n2").get_status().members.members.size(), 1u);
  EXPECT_EQ(s.brain("n2").role(), role_kind::leader) << "it is alone now, and n1 has stepped down";
  EXPECT_NE(s.brain("n1").role(), role_kind::leader);
}

TEST_F(section_4_2_2, the_majority_shrinks_with_the_members) {
  EXPECT_EQ(s.change("n1", removing("n3")), change_refusal::none);
  s.settle();
  EXPECT_EQ(s.change("n1", removing("n2")), change_refusal::none);
  s.settle();
  s.isolate("n2");
  s.isolate("n3");
  s.propose("n1", {"alone"});
  s.settle();
  EXPECT_EQ(s.brain("n1").commit(), s.brain("n1").last_index());
  pass(3 * s.limits.election_ticks_min, {"n1"});
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader) << "it hears its quorum: itself";
}

TEST_F(section_4_2_3, a_removed_node_disturbs_nobody) {
  EXPECT_EQ(s.change("n1", removing("n3")), change_refusal::none);
  s.settle();
  ASSERT_EQ(voters(s.brain("n3")), (names{"n1", "n2", "n3"})) << "nobody tells it";
  auto term = s.brain("n1").term();
  for (int i = 0; i < 200; ++i)
    pass(1, {"n1", "n2", "n3"});
  EXPECT_EQ(s.brain("n1").term(), term);
  EXPECT_EQ(s.brain("n3").term(), term);
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
}

TEST_F(section_4_2_3, a_removed_node_is_not_elected_even_when_the_leader_is_gone) {
  s.change("n1", removing("n3"));
  s.settle();
  s.unreachable("n2", "n1");
  s.isolate("n1");
  s.campaign("n3");
  s.settle();
  EXPECT_NE(s.brain("n3").role(), role_kind::leader);
}

TEST_F(section_4_1, a_voter_votes_for_a_candidate_that_it_does_not_know_yet) {
  add_n4();
  ASSERT_EQ(s.change("n1", promoting("n4")), change_refusal::none);
  s.settle();
  // A node whose log ends before all that.
  stage other({"n1", "n2", "n3"});
  other.enter_all();
  other.step("n4", "n2", vote_request{term_t{5}, index_t{9}, term_t{4}});
  other.persist("n2");
  ASSERT_TRUE(other.newest<vote_response>("n2", "n4"));
  EXPECT_TRUE(other.newest<vote_response>("n2", "n4")->granted);
}

TEST_F(section_4_1, members_do_not_change_by_way_of_a_proposal) {
  EXPECT_DEATH(static_cast<void>(s.brain("n1").propose({{entry_kind::membership, {}, {}}}, 0)),
               "change_membership");
}

} // namespace
} // namespace troupe::raft
