// The core at its limits and with strange company.

#include "base/entry_archive.hpp"
#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

struct core_of_three : testing::Test {
  stage s{{"n1", "n2", "n3"}};
};

TEST_F(core_of_three, messages_of_oneself_are_dropped) {
  s.enter_all();
  s.step("n1", "n1", vote_request{term_t{99}, index_t{99}, term_t{99}});
  EXPECT_EQ(s.brain("n1").term(), term_t{1});
  EXPECT_TRUE(s.flying().empty());
}

TEST_F(core_of_three, malformed_appends_are_dropped) {
  s.enter_all();
  entry gap{term_t{1}, index_t{5}, entry_kind::command, 0, {}, {}};
  s.step("n2", "n1", append_request{term_t{1}, index_t{1}, term_t{1}, index_t{5}, 0, true, {gap}});
  entry future{term_t{7}, index_t{2}, entry_kind::command, 0, {}, {}};
  s.step("n2", "n1", append_request{term_t{1}, index_t{1}, term_t{1}, index_t{5}, 0, true, {future}});
  EXPECT_EQ(s.brain("n1").get_status().last_index, index_t{1});
}

TEST_F(core_of_three, a_commit_index_beyond_what_matched_is_not_believed) {
  s.enter("n1", {1, 1, 1}, 1);
  s.step("n2", "n1", append_request{term_t{2}, index_t{1}, term_t{1}, index_t{3}, 0, true, {}});
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{1});
}

TEST_F(core_of_three, proposals_are_refused_by_those_who_do_not_lead) {
  s.enter_all();
  EXPECT_EQ(s.brain("n1").propose({proposal{}}, 0), refusal::not_leader);
  s.elect("n1");
  EXPECT_EQ(s.brain("n2").propose({proposal{}}, 0), refusal::not_leader);
  EXPECT_EQ(s.brain("n1").propose({}, 0), refusal::none);
}

TEST_F(core_of_three, proposals_are_refused_while_too_much_is_uncommitted_all_or_nothing) {
  s.limits.uncommitted_bytes_max = 300;
  s.enter_all();
  s.elect("n1");
  auto last = s.brain("n1").get_status().last_index;
  std::vector<proposal> large(10);
  EXPECT_EQ(s.brain("n1").propose(large, 0), refusal::none) << "a single larger batch passes alone";
  EXPECT_EQ(s.brain("n1").propose({proposal{}}, 0), refusal::overloaded);
  EXPECT_EQ(s.brain("n1").get_status().last_index, last + 10);
  s.tick("n1");
  s.settle();
  EXPECT_EQ(s.brain("n1").propose({proposal{}}, 0), refusal::none);
}

TEST_F(core_of_three, leader_time_never_runs_backwards) {
  s.enter_all();
  s.elect("n1");
  for (std::int64_t clock : {1000, 500, 2000, 1500})
    EXPECT_EQ(s.brain("n1").propose({proposal{}}, clock), refusal::none);
  s.tick("n1");
  s.settle();
  s.elect("n2");
  s.propose("n2", {"at time 0"});
  s.settle();
  std::int64_t before = 0;
  for (auto& e : s.at("n2").log) {
    EXPECT_GE(e.leader_time_ms, before);
    before = e.leader_time_ms;
  }
  EXPECT_EQ(before, 2000);
}

TEST_F(core_of_three, a_dead_follower_costs_a_bounded_number_of_messages) {
  s.enter_all();
  s.elect("n1");
  s.leave("n3");
  auto to_the_dead = [&] {
    std::size_t bytes = 0;
    for (auto& p : s.flying())
      if (auto* m = std::get_if<append_request>(&p.body); m && p.to == "n3")
        for (auto& e : m->entries)
          bytes += e.cost();
    return bytes;
  };
  std::size_t sent = 0;
  for (int i = 0; i < 300; ++i) {
    s.propose("n1", {std::string(1000, 'x')});
    sent += to_the_dead();
    s.drop("n1", "n3");
    s.settle();
    s.tick("n1");
  }
  // One window, and nothing but empty probes once it is known to be silent.
  EXPECT_LE(sent, s.limits.inflight_messages_max * 1100);
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{302});
}

TEST_F(core_of_three, an_unreachable_follower_is_probed_not_streamed) {
  s.enter_all();
  s.elect("n1");
  s.unreachable("n1", "n3");
  s.propose("n1", {"a"});
  EXPECT_FALSE(s.newest<append_request>("n1", "n3"));
  s.tick("n1", s.limits.heartbeat_ticks);
  EXPECT_TRUE(s.newest<append_request>("n1", "n3"));
  s.settle();
  EXPECT_EQ(s.at("n3").applied.size(), 3u);
}

TEST_F(core_of_three, losing_the_link_to_the_leader_brings_the_election_forward) {
  s.enter_all();
  s.elect("n1");
  s.leave("n1");
  s.unreachable("n2", "n1");
  s.unreachable("n3", "n1");
  unsigned ticks = 0;
  for (; s.brain("n2").role() != role_kind::leader && s.brain("n3").role() != role_kind::leader; ++ticks) {
    ASSERT_LT(ticks, s.limits.election_ticks_min + 5);
    s.tick("n2");
    s.tick("n3");
    s.settle();
  }
}

TEST_F(core_of_three, a_restarted_node_loads_what_it_has_to_apply) {
  s.limits.tail_bytes_max = 200;
  s.limits.append_bytes_max = 200;
  s.enter("n1", std::vector<std::uint64_t>(50, 1));
  s.enter("n2", std::vector<std::uint64_t>(20, 1));
  s.enter("n3");
  s.elect("n1");
  EXPECT_NE(s.take_transcript().find("n1 loads 1.."), std::string::npos);
  for (auto* name : {"n1", "n2", "n3"}) {
    s.settle();
    EXPECT_EQ(s.at(name).applied.size(), 51u) << name;
  }
}

TEST_F(core_of_three, more_reads_than_agreed_fail_at_once) {
  s.limits.pending_reads_max = 2;
  s.enter_all();
  s.elect("n1");
  s.isolate("n1");
  for (std::uint64_t id = 1; id <= 3; ++id)
    s.read("n1", id);
  EXPECT_EQ(s.at("n1").reads_failed, std::vector<std::uint64_t>{3});
  s.read("n2", 4);
  s.read("n2", 5);
  s.read("n2", 6);
  EXPECT_EQ(s.at("n2").reads_failed, std::vector<std::uint64_t>{6});
}

TEST_F(core_of_three, a_membership_in_the_log_counts_from_its_append_on) {
  s.enter_all();
  s.elect("n1");
  auto with_learner = s.members();
  with_learner.members.push_back({node_id{"n4"}, {1, 4}, "n4", "n4", false});
  EXPECT_EQ(s.brain("n1").change_membership(add_learner{with_learner.members.back()}, 0),
            change_refusal::none);
  s.tick("n1");
  EXPECT_EQ(s.brain("n1").get_status().members, with_learner);
  ASSERT_EQ(s.brain("n1").get_status().followers.size(), 3u);
  EXPECT_TRUE(s.newest<append_request>("n1", "n4")) << "the learner is sent to at once";
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{2});
  s.settle();
  EXPECT_EQ(s.brain("n2").get_status().members, with_learner);
}

TEST(core_with_learner, a_learner_is_not_counted_and_never_campaigns) {
  stage s({"n1", "n2"}, {"n3"});
  s.enter_all();
  s.elect("n1");
  s.isolate("n2");
  s.propose("n1", {"a"});
  s.settle();
  EXPECT_EQ(s.brain("n1").get_status().commit, index_t{2});
  EXPECT_EQ(s.log_terms("n3").size(), 3u);
  s.leave("n1");
  s.tick("n3", 100);
  EXPECT_EQ(s.brain("n3").role(), role_kind::follower);
}

TEST(core_alone, a_single_voter_works_at_once) {
  stage s({"n1"});
  s.enter_all();
  s.settle();
  ASSERT_EQ(s.brain("n1").role(), role_kind::leader);
  s.read("n1", 1);
  ASSERT_EQ(s.at("n1").reads.size(), 1u);
  s.propose("n1", {"a"});
  EXPECT_EQ(s.at("n1").applied.size(), 2u) << "not durable";
  s.settle();
  EXPECT_EQ(s.at("n1").applied.size(), 3u);
}

/// While the driver replaces log and state by a snapshot, nothing may be appended that would be lost with the
/// log.
TEST(core_installing, takes_no_entries_and_keeps_its_leader) {
  membership three{{1, 1}, {}};
  for (auto* name : {"n1", "n2", "n3"})
    three.members.push_back({node_id{name}, {1, 1}, name, name, true});
  recovered r;
  r.state.term = term_t{1};
  r.snapshot.members = three;
  core c(settings{}, node_id{"n1"}, r, 1);
  c.take();
  node_id leader{"n2"};
  snapshot_meta meta{index_t{5}, term_t{1}, three};
  c.step(leader, install_snapshot{term_t{1}, meta, 3, 0, "abc", true});
  auto out = c.take();
  ASSERT_TRUE(out.store_chunk && out.store_chunk->done);
  entry e{term_t{1}, index_t{1}, entry_kind::command, 0, {}, {}};
  c.step(leader, append_request{term_t{1}, index_t{0}, term_t{0}, index_t{1}, 4, true, {e}});
  out = c.take();
  EXPECT_FALSE(out.persist);
  EXPECT_TRUE(out.apply.empty());
  ASSERT_EQ(out.messages.size(), 1u);
  EXPECT_EQ(std::get<append_response>(out.messages[0].body).read_round, 4u);
  for (int i = 0; i < 200; ++i)
    c.tick(0);
  EXPECT_EQ(c.role(), role_kind::follower) << "no time to lead";
  c.snapshot_installed(meta, 77);
  out = c.take();
  ASSERT_FALSE(out.messages.empty());
  EXPECT_EQ(std::get<install_snapshot_response>(out.messages[0].body).status, install_status::installed);
  auto status = c.get_status();
  EXPECT_EQ(status.commit, index_t{5});
  EXPECT_EQ(status.applied, index_t{5});
  EXPECT_EQ(status.first_index, index_t{6});
}

TEST(core_installing, a_rejected_snapshot_changes_nothing) {
  membership two{{1, 1}, {{node_id{"n1"}, {1, 1}, "a", "a", true}, {node_id{"n2"}, {1, 2}, "b", "b", true}}};
  recovered r;
  r.state.term = term_t{1};
  r.snapshot.members = two;
  core c(settings{}, node_id{"n1"}, r, 1);
  snapshot_meta meta{index_t{5}, term_t{1}, two};
  c.step(node_id{"n2"}, install_snapshot{term_t{1}, meta, 3, 0, "abc", true});
  c.take();
  c.snapshot_rejected(meta);
  auto out = c.take();
  ASSERT_EQ(out.messages.size(), 1u);
  EXPECT_EQ(std::get<install_snapshot_response>(out.messages[0].body).status, install_status::rejected);
  EXPECT_EQ(c.get_status().commit, index_t{0});
}

TEST(core_installing, a_chunk_that_cannot_be_stored_begins_the_transfer_anew) {
  membership two{{1, 1}, {{node_id{"n1"}, {1, 1}, "a", "a", true}, {node_id{"n2"}, {1, 2}, "b", "b", true}}};
  recovered r;
  r.state.term = term_t{1};
  r.snapshot.members = two;
  core c(settings{}, node_id{"n1"}, r, 1);
  snapshot_meta meta{index_t{5}, term_t{1}, two};
  c.step(node_id{"n2"}, install_snapshot{term_t{1}, meta, 6, 0, "abc", false});
  ASSERT_TRUE(c.take().store_chunk);
  c.snapshot_rejected(meta);
  auto out = c.take();
  ASSERT_EQ(out.messages.size(), 1u) << "the leader must be told, or it waits for ever";
  EXPECT_EQ(std::get<install_snapshot_response>(out.messages[0].body).status, install_status::rejected);
  c.step(node_id{"n2"}, install_snapshot{term_t{1}, meta, 6, 0, "abc", false});
  EXPECT_TRUE(c.take().store_chunk) << "there is space again";
}

TEST(core_limits, what_is_not_durable_here_counts_although_others_committed_it) {
  membership three{{1, 1}, {}};
  for (auto* name : {"n1", "n2", "n3"})
    three.members.push_back({node_id{name}, {1, 1}, name, name, true});
  recovered r;
  r.state.term = term_t{1};
  r.snapshot.members = three;
  settings small;
  small.uncommitted_bytes_max = 1'000;
  core c(small, node_id{"n1"}, r, 1);
  // Elected, with a disk that takes the vote and then stalls.
  for (unsigned i = 0; i <= small.election_ticks_max && c.role() == role_kind::follower; ++i)
    c.tick(0);
  c.take();
  c.step(node_id{"n2"}, pre_vote_response{term_t{2}, true});
  auto vote = c.take();
  ASSERT_TRUE(vote.persist);
  c.persisted(vote.persist->number);
  c.take();
  c.step(node_id{"n2"}, vote_response{term_t{2}, true});
  ASSERT_EQ(c.role(), role_kind::leader);
  c.take();
  ASSERT_EQ(c.propose({{entry_kind::command, {}, blob{std::string(900, 'x')}}}, 0), refusal::none);
  c.take();
  for (auto* name : {"n2", "n3"})
    c.step(node_id{name}, append_response{term_t{2}, true, index_t{2}, {}, {}, 0});
  c.take();
  EXPECT_EQ(c.get_status().commit, index_t{2}) << "two of three have it";
  EXPECT_EQ(c.propose({{entry_kind::command, {}, blob{std::string(900, 'x')}}}, 0), refusal::overloaded);
}

TEST(core_death, limits_and_recovered_state_are_checked) {
  membership one{{1, 1}, {{node_id{"n1"}, {1, 1}, "a", "a", true}}};
  recovered r;
  r.snapshot.members = one;
  settings bad;
  bad.heartbeat_ticks = bad.election_ticks_min;
  EXPECT_DEATH(core(bad, node_id{"n1"}, r, 1), "heartbeat_ticks < election_ticks_min");
  r.snapshot = {index_t{3}, term_t{2}, one};
  r.last_index = index_t{3};
  EXPECT_DEATH(core(settings{}, node_id{"n1"}, r, 1), "older than the log");
  r.snapshot.members = {};
  r.state.term = term_t{2};
  EXPECT_DEATH(core(settings{}, node_id{"n1"}, r, 1), "without a membership");
}

} // namespace
} // namespace troupe::raft
