// Handing the leadership over: dissertation §3.10 and §4.2.3.

#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

struct section_3_10 : testing::Test {
  section_3_10() {
    s.enter_all();
    s.elect("n1");
  }
  stage s{{"n1", "n2", "n3"}};
};

TEST_F(section_3_10, the_named_node_leads_the_next_term_without_a_timeout_or_a_pre_vote) {
  EXPECT_EQ(s.hand_over("n1", "n3"), handover::begun);
  EXPECT_TRUE(s.newest<timeout_now>("n1", "n3")) << "it holds everything already";
  s.take_transcript();
  s.settle();
  EXPECT_EQ(s.brain("n3").role(), role_kind::leader);
  EXPECT_EQ(s.brain("n3").term(), term_t{3});
  EXPECT_EQ(s.brain("n1").leader(), node_id{"n3"});
  EXPECT_EQ(s.brain("n2").leader(), node_id{"n3"});
  EXPECT_EQ(s.take_transcript().find("pre_vote"), std::string::npos);
}

TEST_F(section_3_10, first_the_target_is_brought_up_to_date) {
  s.propose("n1", {"a"});
  EXPECT_EQ(s.hand_over("n1", "n3"), handover::begun);
  s.persist("n1");
  s.deliver("n1", "n3");
  EXPECT_FALSE(s.newest<timeout_now>("n1", "n3"));
  s.persist("n3");
  s.deliver("n3", "n1");
  EXPECT_TRUE(s.newest<timeout_now>("n1", "n3"));
  s.settle();
  EXPECT_EQ(s.brain("n3").role(), role_kind::leader);
  EXPECT_EQ(s.log_terms("n3"), (std::vector<std::uint64_t>{1, 2, 2, 3}));
}

TEST_F(section_3_10, meanwhile_nothing_new_is_accepted) {
  s.isolate("n3");
  s.hand_over("n1", "n3");
  EXPECT_EQ(s.brain("n1").propose({proposal{}}, 0), refusal::handing_over);
  EXPECT_EQ(s.brain("n1").handing_over_to(), node_id{"n3"});
  EXPECT_EQ(s.brain("n1").get_status().handing_over_to, node_id{"n3"});
}

TEST_F(section_3_10, reads_are_served_meanwhile) {
  s.isolate("n3");
  s.hand_over("n1", "n3");
  s.read("n1", 5);
  s.settle();
  ASSERT_EQ(s.at("n1").reads.size(), 1u);
}

TEST_F(section_3_10, after_an_election_timeout_the_leader_goes_on) {
  s.isolate("n3");
  s.hand_over("n1", "n3");
  for (unsigned i = 0; i < s.limits.election_ticks_min; ++i) {
    EXPECT_EQ(s.brain("n1").propose({proposal{}}, 0), refusal::handing_over) << i;
    s.tick("n1");
    s.settle();
  }
  EXPECT_FALSE(s.brain("n1").handing_over_to());
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
  EXPECT_EQ(s.brain("n1").propose({proposal{}}, 0), refusal::none);
}

TEST_F(section_3_10, a_broken_link_to_the_target_ends_it_at_once) {
  s.hand_over("n1", "n3");
  s.unreachable("n1", "n3");
  EXPECT_FALSE(s.brain("n1").handing_over_to());
}

TEST_F(section_3_10, a_lost_word_is_said_again) {
  s.hand_over("n1", "n3");
  s.drop("n1", "n3");
  s.tick("n1", s.limits.heartbeat_ticks);
  EXPECT_TRUE(s.newest<timeout_now>("n1", "n3"));
  s.settle();
  EXPECT_EQ(s.brain("n3").role(), role_kind::leader);
}

TEST_F(section_3_10, without_a_name_the_voter_that_holds_most_takes_over) {
  s.isolate("n2");
  s.propose("n1", {"a"});
  s.settle();
  EXPECT_EQ(s.hand_over("n1"), handover::begun);
  EXPECT_EQ(s.brain("n1").handing_over_to(), node_id{"n3"});
}

TEST_F(section_3_10, the_target_must_be_a_voter_that_is_heard) {
  EXPECT_EQ(s.hand_over("n1", "n1"), handover::leads);
  EXPECT_EQ(s.hand_over("n1", "n9"), handover::no_member);
  EXPECT_EQ(s.hand_over("n2", "n3"), handover::not_leader);
  EXPECT_EQ(s.hand_over("n2", "n1"), handover::leads);
  s.isolate("n3");
  for (unsigned i = 0; i < s.limits.election_ticks_min; ++i) {
    s.tick("n1");
    s.settle();
  }
  EXPECT_EQ(s.hand_over("n1", "n3"), handover::unheard);
  EXPECT_EQ(s.hand_over("n1", "n2"), handover::begun);
  EXPECT_EQ(s.hand_over("n1"), handover::begun) << "it goes on, whoever it is to";
  EXPECT_EQ(s.hand_over("n1", "n3"), handover::busy);
}

TEST(section_3_10_alone, there_is_nobody_to_take_over_from_a_single_voter) {
  stage s({"n1"}, {"n2"});
  s.enter_all();
  s.settle();
  ASSERT_EQ(s.brain("n1").role(), role_kind::leader);
  EXPECT_EQ(s.hand_over("n1"), handover::unheard);
  EXPECT_EQ(s.hand_over("n1", "n2"), handover::no_voter);
}

TEST_F(section_3_10, a_word_of_another_term_or_of_another_node_moves_nobody) {
  s.step("n1", "n3", timeout_now{term_t{1}});
  s.step("n2", "n3", timeout_now{term_t{2}});
  EXPECT_EQ(s.brain("n3").role(), role_kind::follower);
  EXPECT_EQ(s.brain("n3").term(), term_t{2});
  s.step("n2", "n1", timeout_now{term_t{2}});
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
}

TEST_F(section_3_10, said_twice_it_costs_one_election) {
  s.hand_over("n1", "n3");
  s.step("n1", "n3", timeout_now{term_t{2}});
  s.step("n1", "n3", timeout_now{term_t{2}});
  s.settle();
  EXPECT_EQ(s.brain("n3").term(), term_t{3});
  EXPECT_EQ(s.brain("n3").role(), role_kind::leader);
}

TEST_F(section_3_10, a_learner_does_not_campaign) {
  stage other({"n1", "n2"}, {"n3"});
  other.enter_all();
  other.elect("n1");
  other.step("n1", "n3", timeout_now{term_t{2}});
  EXPECT_EQ(other.brain("n3").role(), role_kind::follower);
}

TEST_F(section_3_10, a_target_that_lacks_what_is_committed_is_not_elected) {
  // A late copy of the word reaches a node that fell behind since.
  s.isolate("n3");
  s.propose("n1", {"a"});
  s.settle();
  s.reconnect("n3");
  s.step("n1", "n3", timeout_now{term_t{2}});
  s.settle();
  EXPECT_NE(s.brain("n3").role(), role_kind::leader);
}

TEST_F(section_3_10, section_4_2_3_a_vote_is_asked_for_in_the_leaders_name) {
  s.hand_over("n1", "n3");
  s.deliver("n1", "n3");
  s.persist("n3");
  auto* request = s.newest<vote_request>("n3", "n2");
  ASSERT_TRUE(request);
  EXPECT_TRUE(request->handed_over);
  // The same without that is not listened to, as n2 hears its leader.
  s.step("n3", "n2", vote_request{term_t{3}, index_t{2}, term_t{2}, false});
  EXPECT_EQ(s.brain("n2").term(), term_t{2});
}

} // namespace
} // namespace troupe::raft
