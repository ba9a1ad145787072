// Messages that can be decoded and that no node sends (docs/decisions/0013): dropped, and no reason to stop.

#include "base/entry_archive.hpp"
#include "raft/message_check.hpp"
#include "tests/raft/stage.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

/// Three nodes, and what n2 says to n1 as the leader of term 2.
class hostile_message : public testing::Test {
protected:
  hostile_message() {
    s.enter_all();
    s.settle();
  }
  void say(message m) { s.step("n2", "n1", std::move(m)); }
  entry next_entry(entry_kind kind, std::string_view payload) {
    return {term_t{2}, s.brain("n1").last_index() + 1, kind, 0, {}, blob{payload}};
  }
  append_request carrying(std::vector<entry> entries) {
    return {term_t{2}, s.brain("n1").last_index(), term_t{1}, {}, 1, true, std::move(entries)};
  }
  void expect_untouched() {
    EXPECT_EQ(s.brain("n1").term(), term_t{1});
    EXPECT_EQ(s.brain("n1").last_index(), index_t{1});
    EXPECT_FALSE(s.brain("n1").leader());
    s.settle();
  }

  stage s{{"n1", "n2", "n3"}};
};

TEST_F(hostile_message, a_membership_has_to_be_readable_and_to_have_a_voter) {
  auto none = s.members();
  none.members.clear();
  auto learners = s.members();
  for (auto& m : learners.members)
    m.voter = false;
  auto nameless = s.members();
  nameless.members.front().id = {};
  auto twice = s.members();
  twice.members.push_back(twice.members.back());
  for (auto& payload : {std::string("?"), encode(none), encode(learners), encode(nameless), encode(twice)}) {
    say(carrying({next_entry(entry_kind::membership, payload)}));
    expect_untouched();
  }
  say(carrying({next_entry(entry_kind::membership, encode(s.members()))}));
  EXPECT_EQ(s.brain("n1").last_index(), index_t{2});
}

TEST_F(hostile_message, entries_follow_each_other) {
  auto e = next_entry(entry_kind::command, "x");
  auto gap = e;
  gap.index = e.index + 2;
  auto later = e;
  later.index = e.index + 1;
  later.term = term_t{3};
  auto timeless = e;
  timeless.term = {};
  for (auto& entries :
       {std::vector{gap}, std::vector{e, gap}, std::vector{e, later}, std::vector{timeless}}) {
    say(carrying(entries));
    expect_untouched();
  }
}

TEST_F(hostile_message, a_term_or_an_index_that_nothing_can_follow_is_not_taken) {
  say(vote_request{term_t{UINT64_MAX}, index_t{9}, term_t{9}, true});
  say(append_response{term_t{number_max + 1}, true, {}, {}, {}, 0});
  say(append_request{term_t{2}, index_t{UINT64_MAX}, term_t{1}, {}, 1, true, {entry{}}});
  say(append_request{});
  expect_untouched();
}

TEST_F(hostile_message, a_snapshot_has_an_index_and_members) {
  snapshot_meta meta{index_t{20}, term_t{1}, s.members()};
  auto memberless = meta;
  memberless.members.members.clear();
  auto nowhere = meta;
  nowhere.index = {};
  auto beyond = meta;
  beyond.index = index_t{UINT64_MAX};
  auto later = meta;
  later.term = term_t{3};
  for (auto& m : {memberless, nowhere, beyond, later}) {
    say(install_snapshot{term_t{2}, m, 4, 0, "data", true});
    expect_untouched();
  }
}

/// Leadership in a term that this node may yet forget: what nobody was asked for counts for nothing.
TEST_F(hostile_message, votes_that_were_not_asked_for_do_not_count) {
  s.campaign("n1");
  say(pre_vote_response{s.brain("n1").term() + 1, true});
  ASSERT_EQ(s.brain("n1").role(), role_kind::candidate);
  for (auto voter : {"n2", "n3"})
    s.step(voter, "n1", vote_response{s.brain("n1").term(), true});
  EXPECT_EQ(s.brain("n1").role(), role_kind::candidate);
  s.settle();
  EXPECT_EQ(s.brain("n1").role(), role_kind::leader);
}

} // namespace
} // namespace troupe::raft
