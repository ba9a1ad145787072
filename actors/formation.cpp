#include "actors/formation.hpp"

#include "actors/formation_detail.hpp"
#include "raft/formation_sentences.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace troupe {

namespace formation_detail {

namespace {

bool write_record(self_pointer self) {
  auto& s = self->state;
  s.options.identity.formation = encode(s.record);
  auto done = storage::write_node_identity(*s.options.files, s.options.data_folder, s.options.identity);
  if (!done) self->send(s.supervisor, fatal_failure{exit_code::storage, "node.id: " + done.error().detail});
  return done.has_value();
}

void become_formed(self_pointer self) {
  auto& s = self->state;
  auto& formed = *s.record.formation.accepted;
  s.machine.reset();
  s.told.clear();
  spdlog::info("cluster: {} cluster={} members={}", s.record.joined_at ? "joined" : "formed",
               formed.cluster.to_string(), formed.members.size());
  self->send(s.raft, cluster_formed{formed, s.record.joined_at.has_value(), s.options.self});
  on_members(self, {});
  for (auto& [address, serial] : s.connected)
    greet(self, address);
}

/// Carries out what the forming cluster wants until it wants nothing more.
void pump(self_pointer self) {
  auto& s = self->state;
  while (s.machine) {
    auto out = s.machine->take();
    if (out.persist) {
      s.record.formation = *out.persist;
      if (!write_record(self)) return;
      s.machine->persisted();
    }
    for (auto& m : out.messages)
      send(self, m.to, std::move(m.body));
    if (auto& problem = s.machine->problem(); problem != s.last_problem) {
      s.last_problem = problem;
      if (!problem.empty()) spdlog::warn("cluster: {}", problem);
    }
    switch (s.machine->state()) {
    case raft::formation_state::waiting: break;
    case raft::formation_state::formed: return become_formed(self);
    case raft::formation_state::replaced_storage:
    case raft::formation_state::foreign_folder: {
      auto why = s.machine->problem();
      s.machine.reset();
      return refuse_to_start(self, why);
    }
    }
    if (!out.persist && out.messages.empty()) return;
  }
}

/// The cluster names this empty folder as a learner. From here on a missing log is a lost one: nothing was
/// acknowledged before this was durable.
bool join(self_pointer self, const raft::formation_message& m) {
  auto& s = self->state;
  auto* told = std::get_if<raft::formed_membership>(&m);
  if (!told || !told->at.index || s.record.formation.accepted) return false;
  if (!raft::find_storage(told->formed, s.options.self)) return false;
  s.record = {{told->formed, true}, true, told->at};
  if (write_record(self)) become_formed(self);
  return true;
}

/// What a node that waits to be added does with what it is told.
void wait_on(self_pointer self, const std::string& address, const raft::formation_message& m) {
  auto& s = self->state;
  auto* refused = std::get_if<raft::formation_refused>(&m);
  if (!refused) return;
  say_refusal(self, address, refused->sentence);
  if (refused->reason != raft::hello_verdict::waiting || !refused->members) return;
  // The leader may be none of those that this node was told of at its start.
  for (auto& other : refused->members->members)
    if (other.id != s.options.self.id) s.told.insert(other.peer_address);
  want_links(self);
}

void on_link_state(self_pointer self, const link_state& l) {
  auto& s = self->state;
  forget_peer(self, l.address);
  if (l.up)
    s.connected[l.address] = l.serial;
  else
    s.connected.erase(l.address);
  if (!s.machine) {
    if (l.up) greet(self, l.address);
    return want_links(self);
  }
  if (!l.up) return;
  s.machine->connected(l.address);
  pump(self);
}

void on_links(self_pointer self, links_ready& ready) {
  auto& s = self->state;
  // A keeper that was started again has new links, and was told nothing.
  if (ready.keeper != s.keeper) s.wanted.clear();
  s.keeper = std::move(ready.keeper);
  auto before = std::exchange(s.links, std::move(ready.links));
  for (auto& [address, link] : before) {
    auto now = s.links.find(address);
    if (now != s.links.end() && now->second == link) continue;
    forget_peer(self, address);
    s.connected.erase(address);
  }
  want_links(self);
}

void on_received(self_pointer self, const formation_received& r) {
  auto& s = self->state;
  if (s.record.formation.formed) return check_peer(self, r.address, r.message);
  if (join(self, r.message)) return;
  if (!s.machine) return wait_on(self, r.address, r.message);
  s.machine->step(r.address, r.message);
  pump(self);
}

void on_tick(self_pointer self, const tick& t) {
  auto& s = self->state;
  s.now_ms = t.steady_ms;
  if (s.stop_at_ms && s.now_ms >= *s.stop_at_ms) {
    s.stop_at_ms.reset();
    return stop_removed(self, s.stop_without);
  }
  let_out_removed(self);
  if (t.steady_ms < s.next_hello_ms) return;
  s.next_hello_ms = t.steady_ms + hello_period_ms;
  if (s.machine) {
    s.machine->tick();
    return pump(self);
  }
  for (auto& [address, serial] : s.connected)
    if (!s.checked.contains(address)) greet(self, address);
}

} // namespace

void send(self_pointer self, const std::string& address, raft::formation_message m) {
  auto& s = self->state;
  if (auto link = s.links.find(address); link != s.links.end() && s.connected.contains(address))
    self->send(link->second, link_send_formation{std::move(m)});
}

void greet(self_pointer self, const std::string& address) {
  auto& s = self->state;
  s.greeted_ms[address] = s.now_ms;
  bool joining = !s.record.formation.accepted && !s.machine;
  send(self, address,
       raft::hello{s.options.self, s.options.addresses, s.record.formation, joining, s.listed_at});
}

void refuse_to_start(self_pointer self, const std::string& why) {
  self->send(self->state.supervisor, fatal_failure{exit_code::refused, why});
}

void stop_removed(self_pointer self, const membership& without) {
  auto& s = self->state;
  // So that it does not vote again either when it is started where nobody can tell it.
  s.record.formation.accepted = without;
  if (write_record(self)) refuse_to_start(self, raft::sentence::removed(s.options.self, without));
}

void say_refusal(self_pointer self, const std::string& address, const std::string& sentence) {
  auto& last = self->state.last_refusal[address];
  if (last == sentence) return;
  last = sentence;
  spdlog::warn("cluster: {}", sentence);
}

void want_links(self_pointer self) {
  auto& s = self->state;
  if (!s.keeper) return;
  // The list of the cluster file stays of use: after a move it may know better than the log.
  std::set<std::string> addresses{s.options.addresses.begin(), s.options.addresses.end()};
  for (auto* members : {&s.known.newest, &s.known.committed})
    for (auto& m : members->members)
      if (m.id != s.options.self.id) addresses.insert(m.peer_address);
  addresses.insert(s.told.begin(), s.told.end());
  for (auto* here : {&s.checked, &s.waiting})
    for (auto& [address, who] : *here)
      addresses.insert(address);
  addresses.erase(s.options.self.peer_address);
  if (addresses == s.wanted) return;
  s.wanted = addresses;
  self->send(s.keeper, wanted_links{std::move(addresses)});
}

} // namespace formation_detail

formation_actor::behavior_type formation(formation_detail::self_pointer self, formation_options options,
                                         raft_actor raft, supervisor_actor supervisor) {
  using namespace formation_detail;
  auto& s = self->state;
  s.options = std::move(options);
  s.record = s.options.record;
  s.raft = std::move(raft);
  s.supervisor = std::move(supervisor);
  if (s.record.formation.formed)
    become_formed(self);
  else if (s.record.formation.accepted || !s.options.join)
    s.machine = std::make_unique<raft::formation>(s.options.self, s.options.addresses, s.record.formation,
                                                  s.options.fresh_cluster);
  else
    spdlog::info("cluster: waits to be added: troupe member add {}", s.options.self.id.name);
  pump(self);
  return {
      [=](links_ready& ready) { on_links(self, ready); },
      [=](const link_state& l) { on_link_state(self, l); },
      [=](const formation_received& r) { on_received(self, r); },
      [=](log_started) -> caf::result<log_started> {
        if (!self->state.record.log_started) {
          self->state.record.log_started = true;
          if (!write_record(self)) return caf::make_error(caf::sec::runtime_error, "node.id was not written");
        }
        return log_started{};
      },
      [=](const members_known& m) { on_members(self, m.known); },
      [=](const tick& t) { on_tick(self, t); },
  };
}

} // namespace troupe
