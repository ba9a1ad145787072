#pragma once

// Formation actors fed by hand, with probes around them.

#include "actors/formation.hpp"
#include "base/fault_file.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {

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
      if (a != options.self.peer_address) links.emplace(a, s);
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

} // namespace troupe::test
