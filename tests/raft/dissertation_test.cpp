// Each test is named by the section of Ongaro's dissertation that it proves.

#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

struct dissertation : testing::Test {
  dissertation() { s.enter_all(); }
  stage s{{"n1", "n2", "n3"}};
};

TEST_F(dissertation, section_4_2_3_a_node_that_hears_a_leader_ignores_other_candidates) {
  s.elect("n1");
  s.step("n3", "n2", vote_request{term_t{9}, index_t{9}, term_t{9}});
  s.step("n3", "n1", vote_request{term_t{9}, index_t{9}, term_t{9}});
  EXPECT_EQ(s.brain("n2").term(), term_t{2});
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
}

TEST_F(dissertation, section_6_2_a_leader_without_a_quorum_steps_down) {
  s.elect("n1");
  s.isolate("n1");
  s.tick("n1", 2 * s.limits.election_ticks_min);
  EXPECT_EQ(s.brain("n1").role(), role_kind::follower);
  EXPECT_EQ(s.brain("n1").term(), term_t{2});
}

TEST_F(dissertation, section_6_2_one_follower_is_quorum_enough) {
  s.elect("n1");
  s.isolate("n3");
  for (int i = 0; i < 100; ++i) {
    s.tick("n1");
    s.settle();
  }
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
}

TEST_F(dissertation, section_6_4_a_read_joins_only_a_round_that_starts_after_it) {
  s.elect("n1");
  s.read("n1", 1);
  auto first = *s.newest<append_request>("n1", "n2");
  // The second read arrives while the first round is out; the answer to the first round must not answer it.
  s.read("n1", 2);
  s.step("n2", "n1", append_response{term_t{2}, true, index_t{2}, {}, {}, first.read_round});
  ASSERT_EQ(s.at("n1").reads.size(), 1u);
  EXPECT_EQ(s.at("n1").reads[0].ids, std::vector<std::uint64_t>{1});
  s.settle();
  ASSERT_EQ(s.at("n1").reads.size(), 2u);
  EXPECT_EQ(s.at("n1").reads[1].ids, std::vector<std::uint64_t>{2});
}

TEST_F(dissertation, section_6_4_a_leader_that_was_replaced_answers_no_read) {
  s.elect("n1");
  s.isolate("n1");
  s.read("n1", 1);
  s.elect("n2");
  s.propose("n2", {"news"});
  s.settle();
  EXPECT_TRUE(s.at("n1").reads.empty());
  s.reconnect("n1");
  s.tick("n2", 3);
  s.settle();
  EXPECT_TRUE(s.at("n1").reads.empty());
  EXPECT_EQ(s.at("n1").reads_failed, std::vector<std::uint64_t>{1});
}

TEST_F(dissertation, section_6_4_an_answer_from_an_earlier_term_confirms_nothing) {
  s.elect("n1");
  s.read("n1", 1);
  s.lose_all_messages();
  s.step("n2", "n1", append_response{term_t{1}, true, index_t{1}, {}, {}, 99});
  EXPECT_TRUE(s.at("n1").reads.empty());
}

TEST_F(dissertation, section_6_4_followers_ask_the_leader) {
  s.elect("n1");
  s.propose("n1", {"a"});
  s.settle();
  s.read("n3", 7);
  EXPECT_TRUE(s.at("n3").reads.empty());
  s.settle();
  ASSERT_EQ(s.at("n3").reads.size(), 1u);
  EXPECT_EQ(s.at("n3").reads[0].index, index_t{3});
}

TEST_F(dissertation, section_6_4_a_lost_question_is_asked_again) {
  s.elect("n1");
  s.read("n3", 7);
  s.drop("n3", "n1");
  s.tick("n3", 2 * s.limits.heartbeat_ticks);
  s.settle();
  EXPECT_EQ(s.at("n3").reads.size(), 1u);
}

TEST_F(dissertation, section_6_4_without_a_leader_a_read_fails_at_once) {
  s.read("n3", 7);
  EXPECT_EQ(s.at("n3").reads_failed, std::vector<std::uint64_t>{7});
}

TEST_F(dissertation, section_9_6_a_pre_vote_changes_nothing_at_the_voter) {
  s.step("n1", "n2", pre_vote_request{term_t{2}, index_t{1}, term_t{1}});
  EXPECT_TRUE(s.newest<pre_vote_response>("n2", "n1")->granted);
  EXPECT_EQ(s.brain("n2").term(), term_t{1});
  EXPECT_TRUE(s.at("n2").writes.empty());
  s.step("n3", "n2", pre_vote_request{term_t{2}, index_t{1}, term_t{1}});
  EXPECT_TRUE(s.newest<pre_vote_response>("n2", "n3")->granted) << "it may be given to several";
}

TEST_F(dissertation, section_9_6_a_node_that_was_away_disturbs_nobody) {
  s.elect("n1");
  s.isolate("n3");
  s.tick("n3", 20 * s.limits.election_ticks_max);
  EXPECT_EQ(s.brain("n3").term(), term_t{2}) << "terms do not grow without a pre-vote";
  s.reconnect("n3");
  s.tick("n3", s.limits.election_ticks_max);
  s.settle();
  s.tick("n1", 3);
  s.settle();
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
  EXPECT_EQ(s.brain("n3").leader(), node_id{"n1"});
}

TEST_F(dissertation, section_9_6_a_node_stuck_in_a_larger_term_moves_the_leader_there) {
  s.leave("n3");
  s.elect("n1");
  s.enter("n3", {1}, 7);
  s.tick("n1", 3);
  s.settle();
  s.elect("n1");
  EXPECT_GE(s.brain("n1").term(), term_t{8});
  EXPECT_EQ(s.brain("n3").leader(), node_id{"n1"});
}

TEST_F(dissertation, section_10_2_1_a_leader_sends_entries_while_it_writes_them) {
  s.elect("n1");
  s.propose("n1", {"a"});
  EXPECT_FALSE(s.at("n1").writes.empty());
  ASSERT_TRUE(s.newest<append_request>("n1", "n2"));
  EXPECT_EQ(s.newest<append_request>("n1", "n2")->entries.size(), 1u);
}

TEST_F(dissertation,
       section_10_2_1_two_followers_commit_for_a_leader_with_a_slow_disk_but_it_applies_only_what_it_holds) {
  s.elect("n1");
  s.propose("n1", {"a"});
  for (auto* other : {"n2", "n3"}) {
    s.deliver("n1", other);
    s.persist(other);
    while (s.deliver(other, "n1")) {
    }
  }
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{3});
  EXPECT_EQ(s.at("n1").applied.size(), 2u);
  s.persist("n1");
  EXPECT_EQ(s.at("n1").applied.size(), 3u);
}

TEST_F(dissertation, section_10_2_2_appends_are_pipelined_within_the_window) {
  s.elect("n1");
  auto window = s.limits.inflight_messages_max;
  for (std::size_t i = 0; i < 2 * window; ++i)
    s.propose("n1", {"x"});
  std::size_t with_entries = 0;
  for (auto& p : s.flying())
    if (auto* m = std::get_if<append_request>(&p.body); m && p.to == "n2")
      with_entries += !m->entries.empty();
  EXPECT_EQ(with_entries, window);
  s.settle();
  EXPECT_EQ(s.at("n2").applied.size(), 2 + 2 * window);
}

} // namespace
} // namespace troupe::raft
