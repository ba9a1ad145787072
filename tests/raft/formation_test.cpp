// Formation: design of consensus, "no vote from amnesia". Each test is one way in which a cluster does, or
// must not, come into being.

#include "tests/raft/formation_cluster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

using testing::HasSubstr;

void expect_all_formed(formation_cluster& c) {
  const membership* first = nullptr;
  for (auto& [address, n] : c.nodes()) {
    ASSERT_EQ(n.process->state(), formation_state::formed) << address << ": " << n.process->problem();
    ASSERT_TRUE(n.folder.formed);
    if (!first) first = &*n.folder.accepted;
    EXPECT_EQ(*n.folder.accepted, *first);
  }
  ASSERT_EQ(first->members.size(), c.nodes().size());
  for (auto& [address, n] : c.nodes())
    EXPECT_EQ(*first->find(n.self.id), n.self);
}

TEST(formation, one_node_forms_at_once) {
  formation_cluster c(1);
  c.start(1);
  EXPECT_EQ(c.state(1), formation_state::waiting);
  c.finish_write(c.address_of(1));
  expect_all_formed(c);
}

TEST(formation, three_nodes_form_when_all_have_met) {
  formation_cluster c(3);
  c.start(1);
  c.start(2);
  c.settle();
  EXPECT_EQ(c.state(1), formation_state::waiting);
  EXPECT_EQ(c.at(1).process->missing(), std::vector<std::string>{c.address_of(3)});
  EXPECT_FALSE(c.at(1).folder.accepted);
  c.start(3);
  c.settle();
  expect_all_formed(c);
}

TEST(formation, nothing_is_told_before_it_is_durable) {
  formation_cluster c(3);
  c.start_all();
  auto deliver_everything = [&] {
    for (int round = 0; round < 20; ++round)
      for (int a = 1; a <= 3; ++a)
        for (int b = 1; b <= 3; ++b)
          while (c.deliver(c.address_of(a), c.address_of(b))) {
          }
  };
  deliver_everything();
  // The lowest id wants to propose, and nobody has heard of it.
  EXPECT_TRUE(c.at(1).writing);
  EXPECT_FALSE(c.at(2).writing || c.at(3).writing);
  c.finish_write(c.address_of(1));
  deliver_everything();
  EXPECT_TRUE(c.at(2).writing && c.at(3).writing);
  c.finish_write(c.address_of(2));
  deliver_everything();
  for (int i = 1; i <= 3; ++i)
    EXPECT_EQ(c.state(i), formation_state::waiting);
  EXPECT_FALSE(c.at(1).writing) << "formed before the third accepted";
  EXPECT_FALSE(c.at(2).writing) << "formed before the third accepted";
}

TEST(formation, restart_at_every_step_forms_the_same_cluster) {
  // Let `steps` things happen, restart one node without what it was writing, and go on.
  for (int victim = 1; victim <= 3; ++victim)
    for (int steps = 0; steps < 40; ++steps) {
      formation_cluster c(3);
      c.start_all();
      int done = 0;
      for (int round = 0; round < 40 && done < steps; ++round)
        for (int a = 1; a <= 3 && done < steps; ++a) {
          done += c.finish_write(c.address_of(a));
          for (int b = 1; b <= 3 && done < steps; ++b)
            done += c.deliver(c.address_of(a), c.address_of(b));
        }
      c.stop(c.address_of(victim));
      c.start(victim);
      c.settle();
      c.tick_all();
      c.settle();
      expect_all_formed(c);
    }
}

TEST(formation, wiped_member_of_a_formed_cluster_is_told_that_its_storage_was_replaced) {
  for (int victim = 1; victim <= 3; ++victim) {
    formation_cluster c(3);
    c.start_all();
    c.settle();
    c.stop(c.address_of(victim));
    c.wipe(c.address_of(victim));
    c.start(victim);
    c.settle();
    EXPECT_EQ(c.state(victim), formation_state::replaced_storage);
    EXPECT_THAT(c.at(victim).process->problem(), HasSubstr("replaced folder"));
    EXPECT_FALSE(c.at(victim).folder.accepted) << "a wiped node must not accept anything";
  }
}

TEST(formation, member_wiped_while_the_cluster_forms_never_joins) {
  formation_cluster c(3);
  c.start_all();
  for (int round = 0; round < 10; ++round)
    for (int a = 1; a <= 3; ++a)
      for (int b = 1; b <= 3; ++b)
        c.deliver(c.address_of(a), c.address_of(b));
  ASSERT_TRUE(c.finish_write(c.address_of(1))); // n1 proposes, and only n2 accepts
  while (c.deliver(c.address_of(1), c.address_of(2))) {
  }
  ASSERT_TRUE(c.finish_write(c.address_of(2)));
  c.stop(c.address_of(3));
  c.wipe(c.address_of(3));
  c.start(3);
  c.settle();
  c.tick_all();
  c.settle();
  EXPECT_EQ(c.state(3), formation_state::replaced_storage);
  EXPECT_EQ(c.state(1), formation_state::waiting);
  EXPECT_THAT(c.at(1).process->problem(), HasSubstr("n3 at host3:7000"));
}

TEST(formation, the_others_form_though_the_coordinator_was_wiped_after_its_proposal) {
  formation_cluster c(3);
  c.start_all();
  for (int round = 0; round < 10; ++round)
    for (int a = 1; a <= 3; ++a)
      for (int b = 1; b <= 3; ++b)
        c.deliver(c.address_of(a), c.address_of(b));
  ASSERT_TRUE(c.finish_write(c.address_of(1)));
  while (c.deliver(c.address_of(1), c.address_of(2))) {
  }
  while (c.deliver(c.address_of(1), c.address_of(3))) {
  }
  c.stop(c.address_of(1));
  c.wipe(c.address_of(1));
  c.settle();
  EXPECT_EQ(c.state(2), formation_state::formed);
  EXPECT_EQ(c.state(3), formation_state::formed);
  c.start(1);
  c.settle();
  EXPECT_EQ(c.state(1), formation_state::replaced_storage);
}

TEST(formation, late_member_is_taught) {
  formation_cluster c(3);
  c.start_all();
  for (int i = 0; i < 200 && c.state(1) != formation_state::formed; ++i)
    for (int a = 1; a <= 3; ++a) {
      c.finish_write(c.address_of(a));
      for (int b = 1; b <= 3; ++b)
        // n3 accepts, and hears nothing more, and nothing of n2 at all.
        if (!(b == 3 && (a == 2 || c.at(3).folder.accepted))) c.deliver(c.address_of(a), c.address_of(b));
    }
  ASSERT_EQ(c.state(1), formation_state::formed);
  c.stop(c.address_of(3));
  ASSERT_FALSE(c.at(3).folder.formed);
  c.start(3);
  c.settle();
  expect_all_formed(c);
}

TEST(formation, differing_lists_are_named_and_waited_out) {
  formation_cluster c(3);
  c.at(2).addresses = {c.address_of(1), c.address_of(2)};
  c.start_all();
  c.settle();
  EXPECT_EQ(c.state(1), formation_state::waiting);
  EXPECT_THAT(c.at(1).process->problem(), HasSubstr("n2 at host2:7000 lists host1:7000, host2:7000"));
  EXPECT_THAT(c.at(3).process->problem(), HasSubstr("n2 at host2:7000"));
  EXPECT_FALSE(c.at(1).folder.accepted);
  // The file is put right and the node restarted.
  c.stop(c.address_of(2));
  c.at(2).addresses = c.at(1).addresses;
  c.start(2);
  c.settle();
  expect_all_formed(c);
}

TEST(formation, two_nodes_claiming_one_id_are_named) {
  formation_cluster c(3);
  c.at(3).self.id = node_id{"n2"};
  c.start_all();
  c.settle();
  EXPECT_THAT(c.at(1).process->problem(), HasSubstr("n2 is claimed by both host2:7000 and host3:7000"));
  EXPECT_THAT(c.at(2).process->problem(), HasSubstr("n2 is claimed by both"));
  for (int i = 1; i <= 3; ++i)
    EXPECT_FALSE(c.at(i).folder.accepted);
}

TEST(formation, copied_folder_is_named) {
  formation_cluster c(3);
  c.at(3).self.storage = c.at(2).self.storage;
  c.start_all();
  c.settle();
  EXPECT_THAT(c.at(1).process->problem(), HasSubstr("same storage id"));
  for (int i = 1; i <= 3; ++i)
    EXPECT_FALSE(c.at(i).folder.accepted);
}

TEST(formation, an_accepted_membership_is_never_exchanged) {
  formation_cluster c(3);
  c.start_all();
  c.settle();
  auto& n = c.at(2);
  formation again(n.self, n.addresses, {n.folder.accepted, false}, cluster_id{1, 1});
  auto other = *n.folder.accepted;
  other.cluster = {5, 5};
  again.step(c.address_of(1), propose_membership{other});
  again.step(c.address_of(3), accepted_membership{other});
  auto out = again.take();
  EXPECT_FALSE(out.persist);
  for (auto& m : out.messages)
    EXPECT_FALSE(std::holds_alternative<accepted_membership>(m.body));
  again.step(c.address_of(1), formed_membership{other});
  EXPECT_FALSE(again.take().persist);
}

TEST(formation, a_proposal_that_names_us_otherwise_is_not_accepted) {
  formation_cluster c(3);
  auto& n = c.at(2);
  membership v{{1, 1}, {c.at(1).self, c.at(2).self, c.at(3).self}};
  auto accepts = [&](const membership& offered) {
    formation f(n.self, n.addresses, {}, cluster_id{1, 2});
    f.step(c.address_of(1), propose_membership{offered});
    return f.take().persist.has_value();
  };
  EXPECT_TRUE(accepts(v));
  auto w = v;
  w.members[1].storage = {1, 77};
  EXPECT_FALSE(accepts(w));
  w = v;
  w.members[1].http_address = "elsewhere:1";
  EXPECT_FALSE(accepts(w));
  w = v;
  w.members.pop_back();
  EXPECT_FALSE(accepts(w));
  w = v;
  w.members[2].id = w.members[1].id;
  EXPECT_FALSE(accepts(w));
}

TEST(formation, folder_of_another_node_is_refused) {
  formation_cluster c(3);
  c.start_all();
  c.settle();
  auto self = c.at(2).self;
  self.id = node_id{"n9"};
  formation f(self, c.at(2).addresses, c.at(2).folder, cluster_id{1, 1});
  EXPECT_EQ(f.state(), formation_state::foreign_folder);
  EXPECT_THAT(f.problem(), HasSubstr("belongs to node n2"));
}

TEST(formation, formed_without_our_acceptance_is_a_damaged_folder) {
  formation_cluster c(3);
  c.start_all();
  c.settle();
  formation f(c.at(2).self, c.at(2).addresses, {}, cluster_id{1, 1});
  f.step(c.address_of(1), formed_membership{*c.at(1).folder.accepted});
  EXPECT_EQ(f.state(), formation_state::foreign_folder);
  EXPECT_FALSE(f.take().persist);
}

TEST(formation, stranger_gets_an_answer_that_names_the_list) {
  formation_cluster c(2);
  formation f(c.at(1).self, c.at(1).addresses, {}, cluster_id{1, 1});
  f.take();
  member stranger{node_id{"n7"}, {1, 1}, "host7:7000", "host7:8000", true};
  f.step("host7:7000", hello{stranger, {"host1:7000", "host7:7000"}, {}});
  auto out = f.take();
  ASSERT_EQ(out.messages.size(), 1u);
  auto& refused = std::get<formation_refused>(out.messages[0].body);
  EXPECT_EQ(refused.reason, hello_verdict::stale_list);
  EXPECT_THAT(refused.sentence, HasSubstr("does not list n7 at host7:7000"));
}

/// A cluster of three that has formed, and greetings to it.
struct check_hello_test : testing::Test {
  void SetUp() override {
    c.start_all();
    c.settle();
    known.committed = known.newest = *c.at(1).folder.accepted;
    known.committed_at = known.newest_at = {term_t{2}, index_t{10}};
  }
  hello greeting(std::size_t node) {
    return {c.at(node).self, c.at(node).addresses, c.at(node).folder, false, {term_t{1}, index_t{1}}};
  }
  hello newcomer(bool joining) {
    return {{node_id{"n9"}, {9, 9}, "host9:7000", "host9:8000", true}, {}, {}, joining, {}};
  }
  hello_verdict verdict(const hello& h) { return check_hello(known, h).verdict; }

  formation_cluster c{3};
  known_members known;
};

TEST_F(check_hello_test, members_may_come_in) {
  EXPECT_EQ(verdict(greeting(2)), hello_verdict::accept);
  EXPECT_FALSE(check_hello(known, greeting(2)).reply);
  auto moved = greeting(2);
  moved.self.peer_address = "elsewhere:7000";
  EXPECT_EQ(verdict(moved), hello_verdict::accept) << "identity is id and storage, not the address";
}

TEST_F(check_hello_test, who_accepted_and_does_not_know_that_all_did_is_told) {
  auto unformed = greeting(2);
  unformed.record.formed = false;
  EXPECT_EQ(check_hello(known, unformed).reply, formation_message{formed_membership{known.newest}});
  known.newest.members.pop_back();
  known.committed = known.newest;
  EXPECT_EQ(check_hello(known, unformed).reply,
            formation_message{formed_membership{*unformed.record.accepted}})
      << "what it accepted, whatever the members are now";
}

TEST_F(check_hello_test, an_empty_folder_of_a_known_node_is_refused) {
  auto wiped = greeting(2);
  wiped.record = {};
  wiped.self.storage = {3, 3};
  EXPECT_EQ(verdict(wiped), hello_verdict::replaced_storage);
  auto renamed = wiped;
  renamed.self.id = node_id{"n9"};
  EXPECT_EQ(verdict(renamed), hello_verdict::replaced_storage);
  wiped.joining = true;
  EXPECT_EQ(verdict(wiped), hello_verdict::waiting);
  EXPECT_THAT(check_hello(known, wiped).sentence, HasSubstr("troupe member replace n2"));
}

TEST_F(check_hello_test, another_cluster_is_refused) {
  auto foreign = greeting(2);
  foreign.record.accepted->cluster = {4, 4};
  EXPECT_EQ(verdict(foreign), hello_verdict::foreign_cluster);
  foreign.record.formed = false;
  EXPECT_EQ(verdict(foreign), hello_verdict::foreign_cluster);
}

TEST_F(check_hello_test, a_newcomer_waits_until_its_membership_is_committed) {
  EXPECT_EQ(verdict(newcomer(false)), hello_verdict::not_a_member);
  EXPECT_EQ(verdict(newcomer(true)), hello_verdict::waiting);
  EXPECT_THAT(check_hello(known, newcomer(true)).sentence, HasSubstr("troupe member add n9"));
  auto added = newcomer(true).self;
  added.voter = false;
  known.newest.members.push_back(added);
  known.newest_at.index = index_t{11};
  EXPECT_EQ(verdict(newcomer(true)), hello_verdict::waiting) << "an uncommitted membership may be undone";
  known.committed = known.newest;
  known.committed_at = known.newest_at;
  EXPECT_EQ(verdict(newcomer(true)), hello_verdict::accept);
  EXPECT_EQ(check_hello(known, newcomer(true)).reply,
            (formation_message{formed_membership{known.committed, known.committed_at}}));
  auto other_folder = newcomer(true);
  other_folder.self.storage = {8, 8};
  EXPECT_EQ(verdict(other_folder), hello_verdict::waiting);
}

TEST_F(check_hello_test, one_that_is_not_known_here_may_be_newer_or_removed) {
  auto other = greeting(3);
  std::erase_if(known.newest.members, [](auto& m) { return m.id == node_id{"n3"}; });
  EXPECT_EQ(verdict(other), hello_verdict::accept) << "its removal may be undone, or need it";
  known.committed = known.newest;
  EXPECT_EQ(verdict(other), hello_verdict::removed);
  other.listed_at = known.committed_at;
  EXPECT_EQ(verdict(other), hello_verdict::removed);
  other.listed_at = {term_t{2}, index_t{11}};
  EXPECT_EQ(verdict(other), hello_verdict::accept) << "this node lags";
  other.listed_at = {term_t{3}, index_t{9}};
  EXPECT_EQ(verdict(other), hello_verdict::accept);
  other.listed_at = {term_t{1}, index_t{11}};
  EXPECT_EQ(verdict(other), hello_verdict::removed) << "a later entry of an earlier term is no later log";
}

TEST(first_entry, is_the_same_on_every_node) {
  membership v{{1, 2}, {{node_id{"n1"}, {3, 4}, "a:1", "a:2", true}}};
  auto e = first_entry(v);
  EXPECT_EQ(e.index, index_t{1});
  EXPECT_EQ(e.term, first_hard_state().term);
  EXPECT_EQ(e.kind, entry_kind::membership);
  EXPECT_EQ(e, first_entry(v));
  EXPECT_EQ(decode<membership>(e.payload.view(), "membership").value(), v);
}

} // namespace
} // namespace troupe::raft
