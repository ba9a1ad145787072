// The formation actor where members come and go.

#include "tests/actors/formation_stage.hpp"

namespace troupe::test {
namespace {

/// Three nodes that have formed a cluster, and a fourth that waits to be added.
class joining_test : public formation_actor_test {
protected:
  void SetUp() override {
    form();
    known.newest = known.committed = formed();
    known.newest_at = known.committed_at = {term_t{1}, index_t{1}};
    n4.options.join = true;
    n1.links.emplace("n4:7000", s);
    tell_links();
    n1.raft.clear();
  }
  /// That a keeper has the links of n1 as they are now.
  void tell_links() {
    links_ready ready;
    for (auto& [address, link] : n1.links)
      ready.links[address] = link.as<peer_link_actor>();
    ready.keeper = keeper.as<link_keeper_actor>();
    n1.supervisor.tell(n1.actor, ready);
  }
  void meet() {
    n4.start();
    n1.link("n4:7000", true);
    n4.link("n1:7000", true);
    talk({&n1, &n4});
  }
  /// The log of n1 has this membership now.
  void tell(bool committed) {
    if (committed) known.committed = known.newest, known.committed_at = known.newest_at;
    n1.raft.tell(n1.actor, members_known{known});
    s.run();
  }
  void add_n4() {
    auto who = n4.options.self;
    who.voter = false;
    known.newest.members.push_back(who);
    known.newest_at = {term_t{2}, index_t{7}};
  }
  void remove(const char* id) {
    std::erase_if(known.newest.members, [&](auto& m) { return m.id == node_id{id}; });
    known.newest_at = {term_t{2}, index_t{8}};
  }

  raft::known_members known;
  probe keeper{s};
  box n4{s, "n4", 4, {"n1:7000", "n4:7000"}};
};

TEST_F(joining_test, a_node_that_waits_forms_nothing_and_is_shown_to_raft) {
  meet();
  EXPECT_EQ(n4.raft.count<cluster_formed>(), 0u);
  ASSERT_EQ(n1.raft.count<joiner_state>(), 1u);
  EXPECT_EQ(n1.raft.last<joiner_state>().who, n4.options.self);
  EXPECT_TRUE(n1.raft.last<joiner_state>().here);
  EXPECT_EQ(n1.raft.count<peer_state>(), 0u) << "it is not let in";
  for (std::int64_t t = 1'000; t <= 3'000; t += 1'000) {
    n4.tick_to(t);
    talk({&n1, &n4});
  }
  EXPECT_EQ(n1.raft.count<joiner_state>(), 1u) << "said once";
  n1.link("n4:7000", false);
  EXPECT_FALSE(n1.raft.last<joiner_state>().here);
}

TEST_F(joining_test, it_begins_when_the_membership_that_names_it_is_committed) {
  meet();
  add_n4();
  tell(false);
  talk({&n1, &n4});
  EXPECT_EQ(n4.raft.count<cluster_formed>(), 0u) << "an uncommitted membership may be undone";
  tell(true);
  talk({&n1, &n4});
  ASSERT_EQ(n4.raft.count<cluster_formed>(), 1u);
  EXPECT_TRUE(n4.raft.last<cluster_formed>().joined);
  n4.disk.crash(crash_mode::drop_unsynced);
  ASSERT_TRUE(n4.on_disk());
  EXPECT_TRUE(n4.on_disk()->formation.formed && n4.on_disk()->log_started)
      << "from its first vote on, a missing log is a lost one";
  EXPECT_EQ(n4.on_disk()->joined_at, known.committed_at);
  EXPECT_FALSE(n1.raft.last<joiner_state>().here);
  EXPECT_TRUE(n1.raft.last<peer_state>().up);
  EXPECT_EQ(n1.raft.last<peer_state>().peer, node_id{"n4"});
  EXPECT_EQ(n1.links.at("n4:7000").last<link_identity>().storage, n4.options.self.storage);
  EXPECT_EQ(n4.raft.last<peer_state>().peer, node_id{"n1"}) << "and lets in who told it";
}

TEST_F(joining_test, a_node_that_was_added_starts_again_as_one) {
  meet();
  add_n4();
  tell(true);
  talk({&n1, &n4});
  n4.restart(*n4.on_disk());
  ASSERT_EQ(n4.raft.count<cluster_formed>(), 1u);
  EXPECT_TRUE(n4.raft.last<cluster_formed>().joined);
}

TEST_F(joining_test, only_the_folder_that_waits_is_added) {
  meet();
  add_n4();
  known.newest.members.back().storage = storage_id{0, 44};
  tell(true);
  talk({&n1, &n4});
  EXPECT_EQ(n4.raft.count<cluster_formed>(), 0u);
  EXPECT_FALSE(n4.failure()) << "it waits on";
}

TEST_F(joining_test, links_follow_the_members) {
  tell(true);
  EXPECT_EQ(keeper.last<wanted_links>().addresses, (std::set<std::string>{"n2:7000", "n3:7000"}));
  meet();
  EXPECT_TRUE(keeper.last<wanted_links>().addresses.contains("n4:7000")) << "while it waits";
  known.newest.members[1].peer_address = "moved:7000";
  tell(false);
  EXPECT_TRUE(keeper.last<wanted_links>().addresses.contains("moved:7000"));
}

TEST_F(joining_test, a_node_that_waits_learns_where_the_members_are) {
  probe its_keeper{s};
  meet();
  links_ready ready;
  for (auto& [address, link] : n4.links)
    ready.links[address] = link.as<peer_link_actor>();
  ready.keeper = its_keeper.as<link_keeper_actor>();
  n4.supervisor.tell(n4.actor, ready);
  s.run();
  EXPECT_EQ(its_keeper.last<wanted_links>().addresses,
            (std::set<std::string>{"n1:7000", "n2:7000", "n3:7000"}))
      << "the leader may be one that it was not told of";
}

TEST_F(joining_test, a_member_is_let_out_when_its_removal_is_committed) {
  remove("n3");
  tell(false);
  EXPECT_EQ(n1.raft.count<peer_state>(), 0u) << "it may still be needed";
  n1.tick_to(10'000);
  n3.tick_to(10'000);
  tell(true);
  auto again = n3.hello_of(&known.committed);
  again.listed_at = {term_t{1}, index_t{1}};
  n1.receive("n3:7000", again);
  n1.tick_to(10'900);
  talk({&n1, &n3});
  EXPECT_EQ(n1.raft.count<peer_state>(), 0u) << "it may have an answer to give, if it led";
  EXPECT_TRUE(n1.links.at("n3:7000").last<link_identity>().peer);
  n1.tick_to(11'000);
  ASSERT_EQ(n1.raft.count<peer_state>(), 1u);
  EXPECT_FALSE(n1.raft.last<peer_state>().up);
  EXPECT_FALSE(n1.links.at("n3:7000").last<link_identity>().peer) << "its frames are dropped";
  talk({&n1, &n3});
  EXPECT_FALSE(n3.failure()) << "others may still wait for its answers";
  n3.tick_to(11'000);
  ASSERT_TRUE(n3.failure());
  EXPECT_EQ(n3.failure()->code, exit_code::refused);
  EXPECT_EQ(n3.on_disk()->formation.accepted, known.committed) << "and it does not come back";
}

TEST_F(joining_test, a_removed_node_that_connects_anew_is_refused_at_once) {
  remove("n3");
  n1.link("n3:7000", false);
  tell(true);
  n1.link("n3:7000", true);
  n1.raft.clear();
  n1.sent_to("n3:7000");
  auto late = n3.hello_of(&known.committed);
  late.listed_at = {term_t{1}, index_t{1}};
  n1.receive("n3:7000", late);
  auto answers = n1.sent_to("n3:7000");
  ASSERT_FALSE(answers.empty());
  auto* refusal = std::get_if<raft::formation_refused>(&answers.front());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->reason, raft::hello_verdict::removed);
  EXPECT_EQ(n1.raft.count<peer_state>(), 0u);
}

TEST_F(joining_test, a_farewell_ends_with_the_link) {
  remove("n3");
  tell(true);
  n1.link("n3:7000", false);
  n1.tick_to(60'000);
  ASSERT_EQ(n1.raft.count<peer_state>(), 1u);
  EXPECT_FALSE(n1.raft.last<peer_state>().up);
}

/// Two empty folders that were started under one id, the second at an address of its own.
class one_id_for_two : public joining_test {
protected:
  void SetUp() override {
    joining_test::SetUp();
    second.options.join = true;
    second.options.self.id = node_id{"n4"};
    second.options.identity.node = node_id{"n4"};
    n1.links.emplace("n5:7000", s);
    tell_links();
    meet();
    second.start();
    n1.link("n5:7000", true);
    second.link("n1:7000", true);
  }
  /// What n1 answers to the second one's greeting; empty: it is no refusal.
  std::string told() {
    n1.sent_to("n5:7000");
    n1.receive("n5:7000", second.sent_to("n1:7000").at(0));
    for (auto& m : n1.sent_to("n5:7000"))
      if (auto* refusal = std::get_if<raft::formation_refused>(&m)) return refusal->sentence;
    return {};
  }
  void greet_again(std::int64_t ms) {
    second.sent_to("n1:7000");
    second.tick_to(ms);
  }

  box second{s, "n5", 5, {"n1:7000", "n5:7000"}};
};

TEST_F(one_id_for_two, the_first_stays_and_the_second_is_told) {
  auto sentence = told();
  EXPECT_NE(sentence.find("the node at n4:7000 waits to be added under it"), std::string::npos) << sentence;
  ASSERT_EQ(n1.raft.count<joiner_state>(), 1u) << "only the first can be added";
  EXPECT_EQ(n1.raft.last<joiner_state>().who, n4.options.self);
}

TEST_F(one_id_for_two, the_second_is_told_when_the_first_is_a_member) {
  told();
  for (bool committed : {false, true}) {
    if (!committed) add_n4();
    tell(committed);
    greet_again(committed ? 4'000 : 2'000);
    auto sentence = told();
    EXPECT_NE(sentence.find("the node at n4:7000 is a member under it"), std::string::npos) << sentence;
  }
  for (auto& j : n1.raft.all<joiner_state>())
    EXPECT_EQ(j.who.storage, n4.options.self.storage)
        << "nobody can put it in the place of a member that works";
}

TEST_F(one_id_for_two, the_second_takes_the_place_of_a_first_that_has_gone) {
  told();
  n1.link("n4:7000", false);
  greet_again(2'000);
  auto sentence = told();
  EXPECT_NE(sentence.find("troupe member add n4"), std::string::npos) << sentence;
  EXPECT_EQ(n1.raft.last<joiner_state>().who, second.options.self);
  EXPECT_TRUE(n1.raft.last<joiner_state>().here);
}

TEST_F(joining_test, a_node_that_sees_its_own_removal_stops_after_a_farewell) {
  n1.tick_to(10'000);
  remove("n1");
  tell(false);
  n1.tick_to(15'000);
  EXPECT_FALSE(n1.failure()) << "it is not committed";
  tell(true);
  n1.tick_to(15'900);
  EXPECT_FALSE(n1.failure());
  n1.tick_to(16'000);
  ASSERT_TRUE(n1.failure());
  EXPECT_EQ(n1.failure()->code, exit_code::refused);
}

TEST_F(joining_test, of_two_folders_with_one_id_raft_sends_to_the_one_that_the_members_name) {
  box other{s, "n3", 33, {"n1:7000", "n3b:7000"}};
  other.options.self.peer_address = "n3b:7000";
  n1.links.emplace("n3b:7000", s);
  links_ready ready;
  for (auto& [address, link] : n1.links)
    ready.links[address] = link.as<peer_link_actor>();
  n1.supervisor.tell(n1.actor, ready);
  n1.link("n3b:7000", true);
  auto newer = other.hello_of(&known.newest);
  newer.listed_at = {term_t{2}, index_t{9}};
  n1.receive("n3b:7000", newer);
  EXPECT_EQ(n1.links.at("n3b:7000").last<link_identity>().storage, (storage_id{0, 33}))
      << "this node may lag";
  EXPECT_EQ(n1.raft.count<peer_state>(), 0u) << "but the known one stays the one to send to";
  known.newest.members[2].storage = storage_id{0, 33};
  known.newest_at = {term_t{2}, index_t{9}};
  tell(true);
  auto states = n1.raft.all<peer_state>();
  ASSERT_EQ(states.size(), 2u);
  EXPECT_FALSE(states[0].up);
  EXPECT_TRUE(states[1].up);
  EXPECT_EQ(states[1].shown.storage, (storage_id{0, 33}));
}

} // namespace
} // namespace troupe::test
