// The formation actor: what is written to node.id, who is let in, and when the node must not start.

#include "tests/actors/formation_stage.hpp"

namespace troupe::test {
namespace {

TEST_F(formation_actor_test, a_single_node_forms_at_once_and_durably) {
  box alone{s, "n1", 1, {"n1:7000"}};
  alone.start();
  ASSERT_EQ(alone.raft.count<cluster_formed>(), 1u);
  alone.disk.crash(crash_mode::drop_unsynced);
  ASSERT_TRUE(alone.on_disk());
  EXPECT_TRUE(alone.on_disk()->formation.formed);
  EXPECT_EQ(alone.on_disk()->formation.accepted, alone.raft.last<cluster_formed>().members);
  EXPECT_FALSE(alone.on_disk()->log_started);
}

TEST_F(formation_actor_test, three_nodes_form_one_cluster) {
  form();
  for (auto* b : all) {
    ASSERT_EQ(b->raft.count<cluster_formed>(), 1u) << b->options.self.id.name;
    EXPECT_EQ(b->raft.last<cluster_formed>().members, formed());
    b->disk.crash(crash_mode::drop_unsynced);
    ASSERT_TRUE(b->on_disk());
    EXPECT_TRUE(b->on_disk()->formation.formed);
    EXPECT_EQ(b->on_disk()->formation.accepted, formed());
    EXPECT_FALSE(b->failure());
  }
  EXPECT_EQ(formed().members.size(), 3u);
  EXPECT_EQ(formed().find(node_id{"n2"})->storage, (storage_id{0, 2}));
}

TEST_F(formation_actor_test, members_are_checked_and_introduced) {
  form();
  auto peers = n1.raft.all<peer_state>();
  ASSERT_EQ(peers.size(), 2u);
  EXPECT_TRUE(peers[0].up && peers[1].up);
  auto identity = n1.links.at("n2:7000").last<link_identity>();
  EXPECT_EQ(identity.cluster, formed().cluster);
  EXPECT_EQ(identity.self, node_id{"n1"});
  EXPECT_EQ(identity.peer, node_id{"n2"});
}

TEST_F(formation_actor_test, two_of_three_do_not_form) {
  for (auto* b : all)
    b->start();
  connect({&n1, &n2});
  talk({&n1, &n2});
  for (std::int64_t t = 0; t < 10'000; t += 500)
    for (auto* b : {&n1, &n2})
      b->tick_to(t);
  talk({&n1, &n2});
  EXPECT_EQ(n1.raft.count<cluster_formed>() + n2.raft.count<cluster_formed>(), 0u);
}

TEST_F(formation_actor_test, lost_messages_are_repeated) {
  for (auto* b : all)
    b->start();
  connect(all);
  for (auto* b : all)
    for (auto& [address, link] : b->links)
      link.clear(); // the greetings are lost
  for (std::int64_t t = 0; t < 10'000; t += 1'000) {
    for (auto* b : all)
      b->tick_to(t);
    talk(all);
  }
  for (auto* b : all)
    EXPECT_EQ(b->raft.count<cluster_formed>(), 1u);
}

TEST_F(formation_actor_test, the_record_says_when_the_log_has_begun) {
  form();
  n1.raft.tell(n1.actor, log_started{});
  s.run();
  EXPECT_EQ(n1.raft.count<log_started>(), 1u);
  n1.disk.crash(crash_mode::drop_unsynced);
  EXPECT_TRUE(n1.on_disk()->log_started);
}

TEST_F(formation_actor_test, a_record_that_cannot_be_written_stops_the_node) {
  n1.disk.fail(file_op::sync, 1, errc::io_error, true);
  form();
  EXPECT_EQ(n1.raft.count<cluster_formed>(), 0u);
  ASSERT_TRUE(n1.failure());
  EXPECT_EQ(n1.failure()->code, exit_code::storage);
}

TEST_F(formation_actor_test, a_formed_node_starts_formed_and_greets) {
  form();
  auto members = formed();
  n1.restart(*n1.on_disk());
  EXPECT_EQ(n1.raft.count<cluster_formed>(), 1u);
  for (auto& [address, link] : n1.links)
    link.clear();
  n1.link("n2:7000", true);
  auto sent = n1.sent_to("n2:7000");
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(std::get<raft::hello>(sent[0]).record.formed);
  n1.receive("n2:7000", n2.hello_of(&members));
  EXPECT_EQ(n1.raft.count<peer_state>(), 1u);
}

TEST_F(formation_actor_test, a_member_whose_link_breaks_has_to_show_itself_again) {
  form();
  auto members = formed();
  n1.raft.clear();
  n1.link("n2:7000", false);
  ASSERT_EQ(n1.raft.count<peer_state>(), 1u);
  EXPECT_FALSE(n1.raft.last<peer_state>().up);
  n1.link("n2:7000", true);
  EXPECT_EQ(n1.raft.count<peer_state>(), 1u);
  n1.receive("n2:7000", n2.hello_of(&members));
  ASSERT_EQ(n1.raft.count<peer_state>(), 2u);
  EXPECT_TRUE(n1.raft.last<peer_state>().up);
}

TEST_F(formation_actor_test, a_greeting_that_only_one_side_heard_is_repeated) {
  form();
  n1.link("n2:7000", false);
  n2.link("n1:7000", false);
  n1.link("n2:7000", true);
  n2.link("n1:7000", true);
  for (auto& m : n1.sent_to("n2:7000"))
    n2.receive("n1:7000", m);
  n2.sent_to("n1:7000"); // lost, so n2 knows n1 and n1 does not know n2
  EXPECT_TRUE(n2.raft.last<peer_state>().up);
  EXPECT_FALSE(n1.raft.last<peer_state>().up);
  for (std::int64_t t = 1'000; t <= 3'000; t += 1'000) {
    for (auto* b : {&n1, &n2})
      b->tick_to(t);
    talk({&n1, &n2}); // ends, so they do not greet for ever
  }
  EXPECT_TRUE(n1.raft.last<peer_state>().up);
}

TEST_F(formation_actor_test, a_member_with_a_replaced_folder_is_refused_and_does_not_start) {
  form();
  box wiped{s, "n2", 22, list};
  wiped.start();
  n1.link("n2:7000", false);
  n1.link("n2:7000", true);
  wiped.link("n1:7000", true);
  n1.raft.clear();
  talk({&n1, &wiped});
  EXPECT_EQ(n1.raft.count<peer_state>(), 0u) << "a node without memory was let in";
  ASSERT_TRUE(wiped.failure());
  EXPECT_EQ(wiped.failure()->code, exit_code::refused);
  EXPECT_FALSE(n1.failure());
  EXPECT_EQ(wiped.raft.count<cluster_formed>(), 0u);
}

TEST_F(formation_actor_test, one_node_of_another_cluster_is_refused_and_said_once) {
  form();
  auto other = formed();
  other.cluster = cluster_id{1, 1};
  n1.raft.clear();
  n1.link("n2:7000", false);
  n1.link("n2:7000", true);
  n1.receive("n2:7000", n2.hello_of(&other));
  n1.receive("n2:7000",
             raft::formation_refused{raft::hello_verdict::foreign_cluster, "you belong elsewhere", other});
  for (auto& p : n1.raft.all<peer_state>())
    EXPECT_FALSE(p.up);
  EXPECT_FALSE(n1.failure()) << "one node may have the wrong folder; the others are not stopped by it";
}

TEST_F(formation_actor_test, when_most_nodes_are_in_another_cluster_this_folder_is_foreign) {
  form();
  auto other = formed();
  other.cluster = cluster_id{1, 1};
  raft::formation_refused refusal{raft::hello_verdict::foreign_cluster, "you belong elsewhere", other};
  for (auto* address : {"n2:7000", "n3:7000"}) {
    n1.link(address, false);
    n1.link(address, true);
    n1.receive(address, refusal);
    n1.receive(address, refusal); // again does not count again
    if (std::string_view{address} == "n2:7000") {
      EXPECT_FALSE(n1.failure());
    }
  }
  ASSERT_TRUE(n1.failure());
  EXPECT_EQ(n1.failure()->code, exit_code::refused);
  EXPECT_NE(n1.failure()->why.find("/data belongs to cluster"), std::string::npos);
}

TEST_F(formation_actor_test, who_has_met_its_own_cluster_is_not_stopped_by_another) {
  form();
  auto other = formed();
  other.cluster = cluster_id{1, 1};
  raft::formation_refused refusal{raft::hello_verdict::foreign_cluster, "you belong elsewhere", other};
  // Strangers at both addresses; n3 answers there as well, at a connection that was checked.
  n1.receive("n2:7000", refusal);
  n1.receive("n3:7000", refusal);
  EXPECT_FALSE(n1.failure());
}

TEST_F(formation_actor_test, a_folder_among_strangers_is_foreign_though_its_own_cluster_is_elsewhere) {
  form();
  auto mine = formed();
  for (auto& m : mine.members)
    if (m.id == node_id{"n2"}) m.peer_address = "elsewhere:7000";
  n1.links.emplace("elsewhere:7000", s);
  n1.restart({{mine, true}, true, {}});
  n1.link("elsewhere:7000", true);
  n1.receive("elsewhere:7000", n2.hello_of(&mine));
  ASSERT_EQ(n1.raft.count<peer_state>(), 1u);
  auto other = mine;
  other.cluster = cluster_id{1, 1};
  for (auto* address : {"n2:7000", "n3:7000"}) {
    n1.link(address, true);
    n1.receive(address,
               raft::formation_refused{raft::hello_verdict::foreign_cluster, "you belong elsewhere", other});
  }
  ASSERT_TRUE(n1.failure());
  EXPECT_EQ(n1.failure()->code, exit_code::refused);
}

TEST_F(formation_actor_test, a_folder_that_was_rebuilt_is_not_stopped_by_the_cluster_it_came_from) {
  form();
  auto old = formed();
  auto rebuilt = old;
  rebuilt.cluster = cluster_id{1, 1};
  std::erase_if(rebuilt.members, [](auto& m) { return m.id != node_id{"n1"}; });
  n1.options.rebuilt = true;
  n1.restart({{rebuilt, true}, true, {}});
  raft::formation_refused refusal{raft::hello_verdict::foreign_cluster, "you belong elsewhere", old};
  for (auto* address : {"n2:7000", "n3:7000"}) {
    n1.link(address, true);
    n1.receive(address, refusal);
  }
  EXPECT_FALSE(n1.failure());
}

TEST_F(formation_actor_test, a_late_member_is_told_that_the_cluster_has_formed) {
  form();
  auto members = formed();
  // n3 accepted, but stopped before it heard that everyone had.
  n3.restart({{members, false}, false, {}});
  EXPECT_EQ(n3.raft.count<cluster_formed>(), 0u);
  for (auto* b : {&n1, &n2}) {
    b->link("n3:7000", false);
    b->link("n3:7000", true);
    n3.link(b->options.self.peer_address, true);
  }
  talk(all);
  EXPECT_EQ(n3.raft.count<cluster_formed>(), 1u);
  EXPECT_TRUE(n3.on_disk()->formation.formed);
}

} // namespace
} // namespace troupe::test
