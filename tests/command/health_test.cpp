// What a status means: the sentence a person reads, and what a script decides by.

#include "command/health.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

struct health_test : testing::Test {
  health_test() {
    s.cluster = cluster_id{1, 1};
    s.self = s.leader = node_id{"n1"};
    s.role = node_role::leader;
    s.commit = index_t{10'000};
    for (auto* name : {"n1", "n2", "n3"})
      s.members.push_back({node_id{name}, "p", "h", node_role::follower, s.commit, 40, true, true});
    s.members[0].role = node_role::leader;
    s.members[0].last_contact_ms = 0;
  }
  cluster_status s;
};

TEST_F(health_test, three_of_three) {
  auto h = assess(s);
  EXPECT_EQ(h.state, cluster_state::healthy);
  EXPECT_EQ(h.summary, "healthy: 3 of 3 voters, tolerates 1 failure");
  EXPECT_EQ(h.members.at(2).state, member_state::ok);
}

TEST_F(health_test, a_single_node_tolerates_nothing) {
  s.members.resize(1);
  EXPECT_EQ(assess(s).summary, "healthy: 1 of 1 voters, tolerates 0 failures");
}

TEST_F(health_test, one_that_is_not_heard) {
  s.members[2].last_contact_ms = 12'345;
  s.members[2].match = index_t{9'000};
  auto h = assess(s);
  EXPECT_EQ(h.state, cluster_state::degraded);
  EXPECT_EQ(h.summary, "DEGRADED: n3 is not heard for 12 s; 2 of 3 voters, tolerates 0 failures");
  EXPECT_EQ(h.members.at(2).state, member_state::unreachable);
  EXPECT_EQ(h.members.at(2).lag, 1'000u);
}

TEST_F(health_test, the_bounds_of_silence_and_of_lag) {
  s.members[1].last_contact_ms = unheard_after_ms - 1;
  s.members[2].match = s.commit - behind_after_entries;
  EXPECT_EQ(assess(s).state, cluster_state::healthy);
  s.members[1].last_contact_ms = unheard_after_ms;
  EXPECT_EQ(assess(s).members.at(1).state, member_state::unreachable);
  s.members[1].last_contact_ms = 0;
  s.members[2].match = s.commit - behind_after_entries - 1;
  EXPECT_EQ(assess(s).summary, "DEGRADED: n3 is 1001 entries behind; 2 of 3 voters, tolerates 0 failures");
}

TEST_F(health_test, behind_for_long_is_behind_however_little) {
  s.members[2].match = s.commit - 3;
  EXPECT_EQ(assess(s).state, cluster_state::healthy) << "they are on their way";
  EXPECT_EQ(assess(s).members.at(2).lag, 3u);
  s.members[2].keeps_up = false;
  EXPECT_EQ(assess(s).summary, "DEGRADED: n3 is 3 entries behind; 2 of 3 voters, tolerates 0 failures");
  s.members[1].match = index_t{0};
  s.members[1].keeps_up = false;
  EXPECT_EQ(assess(s).state, cluster_state::degraded) << "all are heard, as after an election";
  s.members[1].match = s.members[2].match = s.commit;
  EXPECT_EQ(assess(s).state, cluster_state::healthy) << "they lack nothing";
}

TEST_F(health_test, a_full_disk_is_counted_on_no_more) {
  s.members[2].disk_full = true;
  auto h = assess(s);
  EXPECT_EQ(h.summary, "DEGRADED: the disk of n3 is full; 2 of 3 voters, tolerates 0 failures");
  EXPECT_EQ(h.members.at(2).state, member_state::disk_full);
  s.members[1].disk_full = true;
  h = assess(s);
  EXPECT_EQ(h.state, cluster_state::degraded) << "they still answer";
  EXPECT_EQ(h.tolerates, 0u);
  EXPECT_EQ(h.problems.size(), 2u);
  s.members[1].last_contact_ms = s.members[2].last_contact_ms = unheard_after_ms;
  EXPECT_EQ(assess(s).state, cluster_state::unavailable);
  EXPECT_EQ(assess(s).members.at(2).state, member_state::unreachable) << "that is the worse of both";
}

TEST_F(health_test, a_majority_that_takes_entries_is_needed) {
  s.members[1].last_contact_ms = unheard_after_ms;
  s.members[2].disk_full = true;
  EXPECT_EQ(assess(s).state, cluster_state::degraded) << "what it has space for still commits";
  s.members[2].match = s.commit - 1;
  EXPECT_EQ(assess(s).summary, "UNAVAILABLE: 1 of 3 voters; n2 is not heard for 2 s; the disk of n3 is full");
}

TEST_F(health_test, a_new_leader_does_not_take_silence_for_an_empty_log) {
  s.members[1].match = index_t{0};
  s.members[1].keeps_up = false;
  auto h = assess(s);
  EXPECT_EQ(h.summary, "DEGRADED: n2 has not answered this leader yet; 2 of 3 voters, tolerates 0 failures");
  EXPECT_EQ(h.members.at(1).lag, 0u);
}

TEST_F(health_test, the_leaders_full_disk_is_said_once) {
  s.disk_full = s.members[0].disk_full = true;
  EXPECT_EQ(assess(s).summary, "DEGRADED: the disk of n1 is full; 2 of 3 voters, tolerates 0 failures");
}

TEST_F(health_test, a_leader_alone_of_three_is_unavailable) {
  s.members[1].last_contact_ms = -1;
  s.members[2].last_contact_ms = 5'000;
  auto h = assess(s);
  EXPECT_EQ(h.state, cluster_state::unavailable);
  EXPECT_EQ(h.summary, "UNAVAILABLE: 1 of 3 voters; n2 was never heard; n3 is not heard for 5 s");
}

TEST_F(health_test, a_learner_counts_for_no_majority) {
  s.members.push_back({node_id{"n4"}, "p", "h", node_role::learner, index_t{10}, 40});
  auto h = assess(s);
  EXPECT_EQ(h.state, cluster_state::degraded);
  EXPECT_EQ(h.members.at(3).state, member_state::catching_up);
  EXPECT_EQ(h.voters, 3u);
  EXPECT_EQ(h.tolerates, 1u);
}

TEST_F(health_test, alarms_of_memory_and_disk) {
  s.memory_alarm = s.disk_full = s.members[0].disk_full = true;
  auto h = assess(s);
  EXPECT_EQ(h.state, cluster_state::degraded);
  EXPECT_EQ(h.problems.size(), 2u);
}

TEST_F(health_test, without_a_leader) {
  s.leader = {};
  s.role = node_role::follower;
  EXPECT_EQ(assess(s).state, cluster_state::unavailable);
  EXPECT_EQ(assess(s).summary, "UNAVAILABLE: no leader is known to n1");
  s.cluster = {};
  EXPECT_EQ(assess(s).summary, "UNAVAILABLE: the cluster has not formed yet");
}

TEST_F(health_test, a_follower_does_not_know_the_others) {
  s.leader = node_id{"n2"};
  s.role = node_role::follower;
  auto h = assess(s);
  EXPECT_EQ(h.state, cluster_state::unknown);
  EXPECT_EQ(h.members.at(2).state, member_state::unknown);
}

TEST_F(health_test, the_index_behind_the_revision) {
  s.revision = revision_t{100};
  EXPECT_EQ(assess(s).index_lag, 0u) << "there is no index";
  s.search.text_on = true;
  s.search.indexed_revision = revision_t{90};
  EXPECT_EQ(assess(s).index_lag, 10u);
}

} // namespace
} // namespace troupe
