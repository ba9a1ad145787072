// Each test is named by the section of the paper (Ongaro & Ousterhout, extended version) that it proves.

#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

using terms = std::vector<std::uint64_t>;

struct paper : testing::Test {
  paper() { s.enter_all(); }
  stage s{{"n1", "n2", "n3"}};
};

TEST_F(paper, section_5_1_a_node_adopts_a_larger_term_and_steps_down) {
  s.elect("n1");
  s.step("n2", "n1", append_response{term_t{9}, false, {}, {}, {}, 0});
  EXPECT_EQ(s.brain("n1").role(), role_kind::follower);
  EXPECT_EQ(s.brain("n1").term(), term_t{9});
  EXPECT_FALSE(s.brain("n1").leader());
}

TEST_F(paper, section_5_1_a_request_of_a_past_term_is_refused_with_the_present_one) {
  s.elect("n1");
  s.step("n3", "n2", append_request{term_t{1}, index_t{0}, term_t{0}, index_t{0}, 0, true, {}});
  auto* answer = s.newest<append_response>("n2", "n3");
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->accepted);
  EXPECT_EQ(answer->term, s.brain("n2").term());
  EXPECT_EQ(s.brain("n2").leader(), node_id{"n1"});
}

TEST_F(paper, section_5_2_nodes_begin_as_followers_and_stay_so_while_a_leader_is_heard) {
  for (auto* name : {"n1", "n2", "n3"})
    EXPECT_EQ(s.brain(name).role(), role_kind::follower);
  s.elect("n1");
  for (int i = 0; i < 100; ++i) {
    for (auto* name : {"n1", "n2", "n3"})
      s.tick(name);
    s.settle();
  }
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
  EXPECT_EQ(s.brain("n1").term(), term_t{2});
}

TEST_F(paper, section_5_2_a_vote_is_given_once_a_term_and_kept_over_a_restart) {
  s.step("n1", "n3", vote_request{term_t{2}, index_t{1}, term_t{1}});
  s.persist("n3");
  ASSERT_TRUE(s.newest<vote_response>("n3", "n1")->granted);
  s.step("n2", "n3", vote_request{term_t{2}, index_t{1}, term_t{1}});
  EXPECT_FALSE(s.newest<vote_response>("n3", "n2")->granted);
  s.leave("n3");
  s.enter("n3", {1}, 2, "n1");
  s.lose_all_messages();
  s.step("n2", "n3", vote_request{term_t{2}, index_t{1}, term_t{1}});
  EXPECT_FALSE(s.newest<vote_response>("n3", "n2")->granted);
  s.step("n1", "n3", vote_request{term_t{2}, index_t{1}, term_t{1}});
  EXPECT_TRUE(s.newest<vote_response>("n3", "n1")->granted) << "the same vote may be repeated";
}

TEST_F(paper, section_5_2_no_vote_leaves_before_it_is_durable) {
  s.step("n1", "n3", vote_request{term_t{2}, index_t{1}, term_t{1}});
  EXPECT_FALSE(s.newest<vote_response>("n3", "n1"));
  s.persist("n3");
  EXPECT_TRUE(s.newest<vote_response>("n3", "n1"));
}

/// n2 and n3 have entry 3 in memory, but the disk of n2 has no space for it; then the leader is gone.
struct full_voter : paper {
  full_voter() {
    s.elect("n1");
    s.propose("n1", {"a"});
    s.deliver("n1", "n2");
    s.deliver("n1", "n3");
    s.persist("n3");
    s.isolate("n1");
    s.lose_all_messages();
    s.unreachable("n2", "n1");
    s.unreachable("n3", "n1");
  }
};

TEST_F(full_voter, section_5_2_a_vote_waits_for_its_own_write_and_not_for_the_entries_before_it) {
  s.step("n3", "n2", vote_request{term_t{3}, index_t{3}, term_t{2}});
  EXPECT_FALSE(s.newest<vote_response>("n2", "n3")) << "nothing is durable yet";
  s.persist_states("n2");
  ASSERT_TRUE(s.newest<vote_response>("n2", "n3"));
  EXPECT_TRUE(s.newest<vote_response>("n2", "n3")->granted);
  EXPECT_EQ(s.brain("n2").get_status().durable_index, index_t{2});
  EXPECT_FALSE(s.newest<append_response>("n2", "n3")) << "entries that are not durable are not acknowledged";
}

TEST_F(full_voter, section_5_2_a_cluster_elects_with_its_vote) {
  s.campaign("n3");
  for (int i = 0; i < 10 && s.brain("n3").role() != role_kind::leader; ++i) {
    s.persist_states("n2");
    s.persist("n3");
    while (s.deliver("n3", "n2") || s.deliver("n2", "n3")) {
    }
  }
  EXPECT_EQ(s.brain("n3").role(), role_kind::leader);
  // Its no-op is not on a majority of disks before there is space.
  s.persist_states("n2");
  s.persist("n3");
  while (s.deliver("n3", "n2") || s.deliver("n2", "n3")) {
  }
  EXPECT_LT(s.brain("n3").commit(), index_t{4});
  s.settle();
  EXPECT_EQ(s.brain("n3").commit(), index_t{4});
}

TEST_F(full_voter, section_5_2_it_can_be_a_candidate_whose_entries_count_when_they_are_durable) {
  s.campaign("n2");
  for (int i = 0; i < 10 && s.brain("n2").role() != role_kind::leader; ++i) {
    s.persist_states("n2");
    s.persist("n3");
    while (s.deliver("n2", "n3") || s.deliver("n3", "n2")) {
    }
  }
  ASSERT_EQ(s.brain("n2").role(), role_kind::leader);
  s.persist("n3");
  while (s.deliver("n2", "n3") || s.deliver("n3", "n2")) {
  }
  EXPECT_LT(s.brain("n2").commit(), index_t{4}) << "n3 alone is no majority";
  s.persist("n2");
  EXPECT_EQ(s.brain("n2").commit(), index_t{4});
}

TEST_F(paper, section_5_2_a_candidate_follows_a_leader_of_its_term) {
  s.campaign("n2");
  s.deliver("n2", "n3");
  s.deliver("n3", "n2");
  ASSERT_EQ(s.brain("n2").role(), role_kind::candidate);
  s.step("n1", "n2", append_request{s.brain("n2").term(), index_t{1}, term_t{1}, index_t{0}, 0, true, {}});
  EXPECT_EQ(s.brain("n2").role(), role_kind::follower);
  EXPECT_EQ(s.brain("n2").leader(), node_id{"n1"});
}

TEST(section_5_2, split_votes_end_because_timeouts_are_random) {
  stage s({"n1", "n2", "n3"});
  s.enter_all();
  for (int i = 0; i < 500; ++i) {
    for (auto* name : {"n1", "n2", "n3"})
      s.tick(name);
    s.settle();
  }
  int leaders = 0;
  for (auto* name : {"n1", "n2", "n3"})
    leaders += s.brain(name).role() == role_kind::leader;
  EXPECT_EQ(leaders, 1);
}

TEST_F(paper, section_5_3_an_entry_is_committed_when_a_majority_holds_it_durably) {
  s.elect("n1");
  s.isolate("n3");
  s.propose("n1", {"a"});
  s.persist("n1");
  s.deliver("n1", "n2");
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{2}) << "n2 has not written it yet";
  s.settle();
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{3});
  EXPECT_EQ(s.at("n2").applied.size(), 3u) << "the commit index is told at once";
}

TEST_F(paper, section_5_3_a_leader_counts_itself_only_when_its_own_disk_has_it) {
  s.elect("n1");
  s.isolate("n3");
  s.propose("n1", {"a"});
  s.deliver("n1", "n2");
  s.persist("n2");
  while (s.deliver("n2", "n1")) {
  }
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{2});
  s.persist("n1");
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{3});
}

TEST(section_5_3, figure_7_every_log_becomes_the_leaders) {
  stage s({"n1", "n2", "n3", "n4", "n5", "n6", "n7"});
  s.enter("n1", {1, 1, 1, 4, 4, 5, 5, 6, 6, 6}, 7);
  s.enter("n2", {1, 1, 1, 4, 4, 5, 5, 6, 6}, 7);
  s.enter("n3", {1, 1, 1, 4}, 7);
  s.enter("n4", {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}, 7);
  s.enter("n5", {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, 7);
  s.enter("n6", {1, 1, 1, 4, 4, 4, 4}, 7);
  s.enter("n7", {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, 7);
  s.elect("n1");
  for (auto& m : s.members().members)
    EXPECT_EQ(s.log_terms(m.id.name), (terms{1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8})) << m.id.name;
}

TEST_F(paper, section_5_3_what_is_committed_is_never_cut_by_a_late_message) {
  s.elect("n1");
  s.propose("n1", {"a", "b", "c"});
  s.settle();
  auto before = s.log_terms("n2");
  // A copy of an earlier append that carries less.
  s.step(
      "n1", "n2",
      append_request{s.brain("n1").term(), index_t{2}, term_t{2}, index_t{2}, 0, true, {s.at("n1").log[2]}});
  EXPECT_EQ(s.log_terms("n2"), before);
}

TEST(section_5_4_1, a_voter_refuses_a_log_less_complete_than_its_own) {
  struct row {
    terms mine;
    std::uint64_t last_index;
    std::uint64_t last_term;
    bool granted;
  };
  std::vector<row> table{
      {{1, 2}, 2, 2, true},  {{1, 2}, 3, 2, true},     {{1, 2}, 1, 3, true},       {{1, 2}, 1, 2, false},
      {{1, 2}, 9, 1, false}, {{1, 2, 2}, 2, 2, false}, {{1, 1, 1, 1}, 2, 2, true},
  };
  for (auto& r : table) {
    stage s({"n1", "n2", "n3"});
    s.enter("n1", r.mine, 3);
    s.step("n2", "n1", pre_vote_request{term_t{4}, index_t{r.last_index}, term_t{r.last_term}});
    EXPECT_EQ(s.newest<pre_vote_response>("n1", "n2")->granted, r.granted);
    s.step("n2", "n1", vote_request{term_t{4}, index_t{r.last_index}, term_t{r.last_term}});
    s.persist("n1");
    EXPECT_EQ(s.newest<vote_response>("n1", "n2")->granted, r.granted);
  }
}

/// Figure 8: index 2 of term 2 reaches a majority under a later leader (c), and yet may be replaced (d). It
/// must not have been committed by being counted; only an entry of the leader's own term commits it (e).
TEST(section_5_4_2, figure_8_entries_of_earlier_terms_are_not_committed_by_counting) {
  stage s({"n1", "n2", "n3", "n4", "n5"});
  // As in (b): n1 led term 2 and reached n2; n5 led term 3 and reached nobody.
  s.enter("n1", {1, 2}, 3);
  s.enter("n2", {1, 2}, 3);
  s.enter("n3", {1}, 3);
  s.enter("n4", {1}, 3);
  s.enter("n5", {1, 3}, 3);
  s.isolate("n4");
  s.isolate("n5");
  // (c): n1 leads term 4, and brings index 2 to n3, but not yet an entry of its own term.
  s.campaign("n1");
  auto pass_votes = [&] {
    for (int round = 0; round < 3; ++round)
      for (auto* other : {"n2", "n3"}) {
        s.persist("n1");
        s.deliver("n1", other);
        s.persist(other);
        s.deliver(other, "n1");
        if (s.brain("n1").role() == role_kind::leader) return;
      }
  };
  pass_votes();
  ASSERT_EQ(s.brain("n1").role(), role_kind::leader);
  ASSERT_EQ(s.brain("n1").term(), term_t{4});
  s.lose_all_messages();
  s.persist("n1");
  auto old = s.at("n1").log[1];
  ASSERT_EQ(old.term, term_t{2});
  for (auto* other : {"n2", "n3"}) {
    s.step("n1", other, append_request{term_t{4}, index_t{1}, term_t{1}, index_t{0}, 0, true, {old}});
    s.persist(other);
    ASSERT_EQ(s.newest<append_response>(other, "n1")->index, index_t{2});
    while (s.deliver(other, "n1")) {
    }
  }
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{0}) << "on a majority, and not committed";
  EXPECT_EQ(s.log_terms("n3"), (terms{1, 2}));

  // (d): n1 fails; n5, whose last term is larger, is elected by n3 and n4 and replaces the entry.
  s.lose_all_messages();
  s.leave("n1");
  s.leave("n2");
  s.reconnect("n4");
  s.reconnect("n5");
  s.campaign("n5"); // learns of term 4
  s.settle();
  s.elect("n5");
  EXPECT_EQ(s.log_terms("n3"), (terms{1, 3, 5}));
}

TEST(section_5_4_2, figure_8_e_an_entry_of_the_own_term_commits_all_before_it) {
  stage s({"n1", "n2", "n3", "n4", "n5"});
  s.enter("n1", {1, 2}, 3);
  s.enter("n2", {1, 2}, 3);
  s.enter("n3", {1}, 3);
  s.isolate("n4");
  s.isolate("n5");
  s.elect("n1");
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{3});
  s.enter("n5", {1, 3}, 3);
  s.leave("n1");
  s.enter("n4", {1}, 3);
  s.reconnect("n4");
  s.reconnect("n5");
  for (auto* other : {"n2", "n3"})
    s.unreachable(other, "n1");
  s.campaign("n5");
  s.settle();
  EXPECT_NE(s.brain("n5").role(), role_kind::leader) << "n5 lacks a committed entry";
}

TEST_F(paper, section_7_a_follower_that_needs_what_is_compacted_gets_the_snapshot) {
  s.elect("n1");
  s.isolate("n3");
  s.propose("n1", {"a", "b", "c"});
  s.settle();
  s.snapshot("n1", 4, 5);
  s.reconnect("n3");
  s.tick("n1", 3);
  s.settle();
  EXPECT_EQ(s.at("n3").snapshot.index, index_t{4});
  EXPECT_EQ(s.brain("n3").get_status().commit, index_t{5});
  EXPECT_EQ(s.brain("n1").get_status().followers[1].match, index_t{5});
}

TEST_F(paper, section_7_a_follower_that_has_it_all_needs_no_snapshot) {
  s.elect("n1");
  s.propose("n1", {"a", "b", "c"});
  s.settle();
  s.step("n1", "n2",
         install_snapshot{term_t{2}, {index_t{3}, term_t{2}, s.members()}, 20, 0, "bytes", false});
  auto* answer = s.newest<install_snapshot_response>("n2", "n1");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, install_status::installed);
  EXPECT_EQ(s.at("n2").snapshot.index, index_t{0});
}

TEST_F(paper, section_8_a_leader_begins_with_a_noop_of_its_term) {
  s.elect("n1");
  auto& first = s.at("n1").log[1];
  EXPECT_EQ(first.kind, entry_kind::noop);
  EXPECT_EQ(first.term, s.brain("n1").term());
  EXPECT_EQ(s.brain("n1").get_status().commit, first.index);
}

} // namespace
} // namespace troupe::raft
