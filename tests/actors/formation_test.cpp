// The formation actor, fed by hand: what is written to node.id, who is let in, and when the node must not
// start.

#include "actors/formation.hpp"
#include "base/fault_file.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

/// One formation actor with probes around it.
struct box {
  box(stage& st, std::string name, std::uint64_t storage, std::vector<std::string> addresses)
      : s(st), raft(st), supervisor(st) {
    if (!disk.make_folder("/data")) std::abort();
    options.files = &disk;
    options.data_folder = "/data";
    options.self = {node_id{name}, storage_id{0, storage}, name + ":7000", name + ":8000", true};
    options.identity = {options.self.storage, options.self.id, {}};
    options.addresses = std::move(addresses);
    options.fresh_cluster = cluster_id{50, storage};
    for (auto& a : options.addresses)
      if (a != options.self.peer_address) links.emplace(a, probe{s});
  }
  void start() {
    actor = s.spawn(formation, options, raft.as<raft_actor>(), supervisor.as<supervisor_actor>());
    links_ready ready;
    for (auto& [address, link] : links)
      ready.links[address] = link.as<peer_link_actor>();
    supervisor.tell(actor, ready);
    s.run();
  }
  void restart(const folder_record& record) {
    caf::anon_send_exit(actor, caf::exit_reason::kill);
    s.run();
    raft.clear();
    options.record = record;
    start();
  }
  void link(const std::string& address, bool up) {
    links.at(address).tell(actor, link_state{address, up});
    s.run();
  }
  void receive(const std::string& address, raft::formation_message m) {
    links.at(address).tell(actor, formation_received{address, std::move(m)});
    s.run();
  }
  void tick_to(std::int64_t ms) {
    supervisor.tell(actor, at_ms(ms));
    s.run();
  }
  std::vector<raft::formation_message> sent_to(const std::string& address) {
    std::vector<raft::formation_message> out;
    for (auto& m : links.at(address).take<link_send_formation>())
      out.push_back(m.message);
    return out;
  }
  std::optional<folder_record> on_disk() {
    auto found = storage::read_node_identity(disk, "/data");
    if (!found || !*found) return std::nullopt;
    auto record = decode<folder_record>((*found)->formation, "record");
    EXPECT_TRUE(record);
    return record ? std::optional{*record} : std::nullopt;
  }
  raft::hello hello_of(const membership* formed = nullptr) const {
    raft::formation_record record;
    if (formed) record = {*formed, true};
    return {options.self, options.addresses, record};
  }
  std::optional<fatal_failure> failure() const {
    auto all = supervisor.all<fatal_failure>();
    return all.empty() ? std::nullopt : std::optional{all.front()};
  }

  stage& s;
  fault_file_system disk{1};
  probe raft;
  probe supervisor;
  formation_options options;
  std::map<std::string, probe> links;
  formation_actor actor;
};

class formation_actor_test : public testing::Test {
protected:
  /// Carries what the boxes send to each other until they are silent.
  void talk(std::vector<box*> boxes) {
    for (bool more = true; more;) {
      more = false;
      for (auto* from : boxes)
        for (auto* to : boxes) {
          if (from == to) continue;
          for (auto& m : from->sent_to(to->options.self.peer_address)) {
            to->receive(from->options.self.peer_address, m);
            more = true;
          }
        }
    }
  }
  void connect(std::vector<box*> boxes) {
    for (auto* x : boxes)
      for (auto* y : boxes)
        if (x != y) x->link(y->options.self.peer_address, true);
  }
  /// Three nodes that have formed a cluster.
  void form() {
    for (auto* b : all)
      b->start();
    connect(all);
    talk(all);
  }
  membership formed() { return n1.raft.last<cluster_formed>().members; }

  const std::vector<std::string> list{"n1:7000", "n2:7000", "n3:7000"};
  stage s;
  box n1{s, "n1", 1, list};
  box n2{s, "n2", 2, list};
  box n3{s, "n3", 3, list};
  std::vector<box*> all{&n1, &n2, &n3};
};

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

TEST_F(formation_actor_test, who_is_a_majority_alone_is_not_stopped_by_the_cluster_it_came_from) {
  form();
  auto old = formed();
  auto rebuilt = old;
  rebuilt.cluster = cluster_id{1, 1};
  std::erase_if(rebuilt.members, [](auto& m) { return m.id != node_id{"n1"}; });
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

/// Three nodes that have formed a cluster, and a fourth that waits to be added.
class joining_test : public formation_actor_test {
protected:
  void SetUp() override {
    form();
    known.newest = known.committed = formed();
    known.newest_at = known.committed_at = {term_t{1}, index_t{1}};
    n4.options.join = true;
    n1.links.emplace("n4:7000", probe{s});
    links_ready ready;
    for (auto& [address, link] : n1.links)
      ready.links[address] = link.as<peer_link_actor>();
    ready.keeper = keeper.as<link_keeper_actor>();
    n1.supervisor.tell(n1.actor, ready);
    n1.raft.clear();
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
  tell(true);
  ASSERT_EQ(n1.raft.count<peer_state>(), 1u);
  EXPECT_FALSE(n1.raft.last<peer_state>().up);
  EXPECT_FALSE(n1.links.at("n3:7000").last<link_identity>().peer) << "its frames are dropped";
  talk({&n1, &n3});
  ASSERT_TRUE(n3.failure());
  EXPECT_EQ(n3.failure()->code, exit_code::refused);
  EXPECT_EQ(n3.on_disk()->formation.accepted, known.committed) << "and it does not come back";
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
  n1.links.emplace("n3b:7000", probe{s});
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
