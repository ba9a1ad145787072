// Reads by leader lease: dissertation §6.4.1, and what it needs of elections (§4.2.3), of handing over
// (§3.10) and of changes of the membership (§4.1).

#include "raft/lease.hpp"
#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

constexpr std::int64_t tick_us = 1'000;

struct section_6_4_1 : testing::Test {
  section_6_4_1() {
    s.limits.silent_ticks_at_start = s.limits.election_ticks_min;
    s.limits.lease_us = lease_length_us(s.limits.election_ticks_min, tick_us, 0);
    s.enter_all();
    s.elect("n1");
    renew();
    s.lose_all_messages();
  }

  void pass(const std::string& who, unsigned ticks) {
    for (unsigned i = 0; i < ticks; ++i) {
      s.clock_us += tick_us;
      s.tick(who);
    }
  }
  /// A heartbeat, and its answers.
  void renew() {
    pass("n1", s.limits.heartbeat_ticks);
    s.settle();
    s.propose("n1", {}); // the answers have come by the next take()
  }
  bool answered(const std::string& who, std::uint64_t id) {
    for (auto& ready : s.at(who).reads)
      for (auto known : ready.ids)
        if (known == id) return true;
    return false;
  }

  stage s{{"n1", "n2", "n3"}};
};

TEST_F(section_6_4_1, a_read_within_the_lease_is_answered_without_a_message) {
  s.read("n1", 7);
  EXPECT_TRUE(answered("n1", 7));
  EXPECT_TRUE(s.flying().empty());
}

TEST_F(section_6_4_1, when_the_lease_is_over_a_read_is_confirmed_as_ever) {
  s.clock_us += s.limits.lease_us;
  s.read("n1", 7);
  EXPECT_FALSE(answered("n1", 7));
  EXPECT_TRUE(s.newest<append_request>("n1", "n2"));
  s.settle();
  EXPECT_TRUE(answered("n1", 7));
}

TEST_F(section_6_4_1, it_is_the_clock_that_ends_it_and_not_the_ticks) {
  // The process was halted: no tick has come, and the first thing it does is to take a read.
  s.isolate("n1");
  s.clock_us += 60 * tick_us;
  s.read("n1", 7);
  EXPECT_FALSE(answered("n1", 7));
}

TEST_F(section_6_4_1, it_begins_when_the_round_is_sent_not_when_it_is_answered) {
  s.clock_us += s.limits.lease_us;
  s.read("n1", 7);
  auto round = s.newest<append_request>("n1", "n2")->read_round;
  s.clock_us += s.limits.lease_us - 2;
  s.step("n2", "n1", append_response{s.brain("n1").term(), true, index_t{2}, {}, {}, round});
  s.read("n1", 8);
  EXPECT_TRUE(answered("n1", 8)) << "the round's lease goes on for a moment";
  s.clock_us += 1;
  s.read("n1", 9);
  EXPECT_FALSE(answered("n1", 9));
}

TEST_F(section_6_4_1, a_minority_gives_no_lease) {
  stage five({"n1", "n2", "n3", "n4", "n5"});
  five.limits.lease_us = s.limits.lease_us;
  five.enter_all();
  five.elect("n1");
  for (auto* lost : {"n3", "n4", "n5"})
    five.isolate(lost);
  five.clock_us += five.limits.lease_us;
  five.tick("n1", five.limits.heartbeat_ticks);
  five.settle();
  five.read("n1", 7);
  EXPECT_TRUE(five.at("n1").reads.empty());
}

TEST_F(section_6_4_1, learners_give_no_lease) {
  stage other({"n1", "n2"}, {"n3"});
  other.limits.lease_us = s.limits.lease_us;
  other.enter_all();
  other.elect("n1");
  other.isolate("n2");
  other.clock_us += other.limits.lease_us;
  other.tick("n1", other.limits.heartbeat_ticks);
  other.settle();
  other.read("n1", 7);
  EXPECT_TRUE(other.at("n1").reads.empty());
}

TEST_F(section_6_4_1, a_new_leader_answers_nothing_before_its_first_entry_is_committed) {
  stage fresh({"n1", "n2", "n3"});
  fresh.limits = s.limits;
  fresh.enter_all();
  fresh.campaign("n1");
  while (fresh.brain("n1").role() != role_kind::leader) {
    for (auto* who : {"n1", "n2"})
      fresh.persist(who);
    ASSERT_TRUE(fresh.deliver("n1", "n2") || fresh.deliver("n2", "n1"));
  }
  fresh.tick("n1", fresh.limits.heartbeat_ticks);
  auto round = fresh.newest<append_request>("n1", "n2")->read_round;
  ASSERT_GT(round, 0u);
  fresh.step("n2", "n1", append_response{term_t{2}, true, index_t{1}, {}, {}, round});
  fresh.read("n1", 7);
  EXPECT_TRUE(fresh.at("n1").reads.empty());
  fresh.persist("n1");
  fresh.step("n2", "n1", append_response{term_t{2}, true, index_t{2}, {}, {}, round});
  ASSERT_EQ(fresh.at("n1").reads.size(), 1u);
  EXPECT_EQ(fresh.at("n1").reads[0].index, index_t{2});
}

TEST_F(section_6_4_1, a_follower_that_asks_is_answered_at_once) {
  s.read("n3", 7);
  s.deliver("n3", "n1");
  auto* answer = s.newest<read_index_response>("n1", "n3");
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->granted);
  EXPECT_FALSE(s.newest<append_request>("n1", "n2"));
}

TEST_F(section_6_4_1, without_the_option_no_promise_is_asked_for) {
  stage plain({"n1", "n2", "n3"});
  plain.enter_all();
  plain.elect("n1");
  plain.read("n1", 7);
  EXPECT_FALSE(plain.newest<append_request>("n1", "n2")->hold);
  EXPECT_TRUE(plain.at("n1").reads.empty());
}

// What a follower promised it keeps whatever happens to it.

TEST_F(section_6_4_1, section_4_2_3_a_broken_link_to_the_leader_does_not_free_a_follower) {
  s.isolate("n1");
  s.unreachable("n2", "n1");
  s.unreachable("n3", "n1");
  s.step("n3", "n2", pre_vote_request{term_t{3}, index_t{9}, term_t{2}});
  EXPECT_FALSE(s.newest<pre_vote_response>("n2", "n3")->granted);
  s.step("n3", "n2", vote_request{term_t{3}, index_t{9}, term_t{2}});
  EXPECT_EQ(s.brain("n2").term(), term_t{2});
  s.tick("n2", s.limits.election_ticks_min - 1);
  EXPECT_EQ(s.brain("n2").role(), role_kind::follower) << "nor does it stand itself";
  s.tick("n2");
  s.lose_all_messages();
  s.step("n3", "n2", pre_vote_request{term_t{3}, index_t{9}, term_t{2}});
  EXPECT_TRUE(s.newest<pre_vote_response>("n2", "n3")->granted);
}

TEST_F(section_6_4_1, section_4_2_3_a_newer_term_does_not_free_a_follower) {
  s.step("n3", "n2", append_response{term_t{5}, false, {}, {}, {}, 0});
  ASSERT_EQ(s.brain("n2").term(), term_t{5});
  s.persist("n2");
  s.lose_all_messages();
  s.step("n3", "n2", vote_request{term_t{5}, index_t{9}, term_t{2}});
  s.persist("n2");
  EXPECT_FALSE(s.newest<vote_response>("n2", "n3")->granted);
  s.tick("n2", s.limits.election_ticks_min);
  s.step("n3", "n2", vote_request{term_t{5}, index_t{9}, term_t{2}});
  s.persist("n2");
  EXPECT_TRUE(s.newest<vote_response>("n2", "n3")->granted);
}

TEST_F(section_6_4_1, section_4_2_3_a_restart_does_not_free_a_follower) {
  s.restart("n2");
  s.step("n3", "n2", vote_request{term_t{3}, index_t{9}, term_t{2}});
  EXPECT_EQ(s.brain("n2").term(), term_t{2});
  s.tick("n2", s.limits.election_ticks_min);
  s.step("n3", "n2", vote_request{term_t{3}, index_t{9}, term_t{2}});
  EXPECT_EQ(s.brain("n2").term(), term_t{3});
}

TEST_F(section_6_4_1, a_single_voter_leads_at_once_when_it_starts_again) {
  stage alone({"n1"});
  alone.limits = s.limits;
  alone.enter("n1", {1, 2, 2}, 2, "n1");
  alone.settle();
  EXPECT_EQ(alone.brain("n1").role(), role_kind::leader);
  alone.read("n1", 7);
  EXPECT_EQ(alone.at("n1").reads.size(), 1u);
}

// What ends a lease early.

TEST_F(section_6_4_1, section_3_10_a_handover_ends_it_for_good) {
  s.isolate("n3");
  s.hand_over("n1", "n2"); // the word is on its way
  s.drop("n1", "n2");
  s.read("n1", 7);
  EXPECT_FALSE(answered("n1", 7));
  for (unsigned i = 0; i < s.limits.election_ticks_min; ++i) {
    s.drop("n1", "n2");
    pass("n1", 1);
  }
  s.lose_all_messages();
  ASSERT_EQ(s.brain("n1").role(), role_kind::leader);
  ASSERT_FALSE(s.brain("n1").handing_over_to());
  // The first word may come even now.
  renew();
  s.read("n1", 8);
  EXPECT_FALSE(answered("n1", 8));
  s.settle();
  EXPECT_TRUE(answered("n1", 8)) << "it asks, as if there were no lease";
}

TEST_F(section_6_4_1, section_4_1_other_members_have_to_confirm_anew) {
  member n4{node_id{"n4"}, storage_id{1, 4}, "n4:7000", "n4:8000", false};
  ASSERT_EQ(s.change("n1", add_learner{n4}), change_refusal::none);
  s.lose_all_messages();
  s.read("n1", 7);
  EXPECT_FALSE(answered("n1", 7));
}

TEST_F(section_6_4_1, section_4_2_2_a_leader_that_is_being_removed_has_none) {
  ASSERT_EQ(s.change("n1", remove_member{node_id{"n1"}}), change_refusal::none);
  s.persist("n1");
  // n2 and n3 answer a round, and have not told that they hold the entry.
  pass("n1", s.limits.heartbeat_ticks);
  auto round = s.newest<append_request>("n1", "n2")->read_round;
  for (auto* other : {"n2", "n3"})
    s.step(other, "n1", append_response{s.brain("n1").term(), true, index_t{2}, {}, {}, round});
  s.lose_all_messages();
  ASSERT_EQ(s.brain("n1").role(), role_kind::leader);
  s.read("n1", 7);
  EXPECT_FALSE(answered("n1", 7));
}

TEST(lease_length, allows_for_the_drift_and_for_two_ticks) {
  EXPECT_EQ(lease_length_us(16, 25'000, 0), 350'000);
  EXPECT_EQ(lease_length_us(16, 25'000, 10), 346'534);
  EXPECT_EQ(lease_length_us(16, 25'000, 1000), 175'000);
  EXPECT_EQ(lease_length_us(2, 25'000, 0), 0);
}

TEST(lease, forgets_the_oldest_rounds_when_none_is_answered) {
  lease trust{1'000};
  for (std::uint64_t round = 1; round <= 1'000; ++round)
    trust.sent(round, static_cast<std::int64_t>(round) * 10);
  trust.confirmed(1);
  EXPECT_FALSE(trust.holds(10)) << "that round is not remembered any more";
  trust.confirmed(1'000);
  EXPECT_TRUE(trust.holds(10'000));
  EXPECT_FALSE(trust.holds(11'000));
}

} // namespace
} // namespace troupe::raft
