#include "actors/formation.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

namespace {

using self_pointer = formation_actor::stateful_pointer<formation_actor_state>;

constexpr std::int64_t hello_period_ms = 1'000;

bool write_record(self_pointer self) {
  auto& s = self->state;
  s.options.identity.formation = encode(s.record);
  auto done = storage::write_node_identity(*s.options.files, s.options.data_folder, s.options.identity);
  if (!done) self->send(s.supervisor, fatal_failure{exit_code::storage, "node.id: " + done.error().detail});
  return done.has_value();
}

void send(self_pointer self, const std::string& address, raft::formation_message m) {
  auto& s = self->state;
  if (auto link = s.links.find(address); link != s.links.end() && s.connected.contains(address))
    self->send(link->second, link_send_formation{std::move(m)});
}

void greet(self_pointer self, const std::string& address) {
  auto& s = self->state;
  s.greeted_ms[address] = s.now_ms;
  send(self, address, raft::hello{s.options.self, s.options.addresses, s.record.formation});
}

void refuse_to_start(self_pointer self, const std::string& why) {
  self->send(self->state.supervisor, fatal_failure{exit_code::refused, why});
}

void become_formed(self_pointer self) {
  auto& s = self->state;
  auto& formed = *s.record.formation.accepted;
  s.machine.reset();
  spdlog::info("cluster: formed cluster={} members={}", formed.cluster.to_string(), formed.members.size());
  self->send(s.raft, cluster_formed{formed});
  for (auto& address : s.connected)
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

void member_connected(self_pointer self, const std::string& address, const raft::hello& greeting) {
  auto& s = self->state;
  auto& known = *s.record.formation.accepted;
  if (s.checked.contains(address)) {
    // It greets again: it has not heard us, since links may drop messages. Not at once, or two that have
    // checked each other would greet for ever.
    if (s.now_ms - s.greeted_ms[address] >= hello_period_ms) greet(self, address);
    return;
  }
  s.checked.emplace(address, greeting.self.id);
  auto& link = s.links.at(address);
  self->send(link, link_identity{known.cluster, s.options.self.id, greeting.self.id});
  self->send(s.raft, peer_state{greeting.self.id, link, true});
  // The other side may have met us before it knew the cluster.
  greet(self, address);
}

/// Says a refusal, of either direction, when it is news.
void say_refusal(self_pointer self, const std::string& address, const std::string& sentence) {
  auto& last = self->state.last_refusal[address];
  if (last == sentence) return;
  last = sentence;
  spdlog::warn("cluster: {}", sentence);
}

void check_greeting(self_pointer self, const std::string& address, const raft::hello& greeting) {
  auto check = raft::check_hello(*self->state.record.formation.accepted, greeting);
  if (check.verdict != raft::hello_verdict::accept)
    say_refusal(self, address, "refused the node at " + address + ": " + check.sentence);
  if (check.reply) send(self, address, *check.reply);
  if (check.verdict == raft::hello_verdict::accept && greeting.record.formed)
    member_connected(self, address, greeting);
}

void refused_by(self_pointer self, const std::string& address, const raft::formation_refused& r) {
  auto& s = self->state;
  auto& known = *s.record.formation.accepted;
  say_refusal(self, address, "the node at " + address + " refuses this one: " + r.sentence);
  if (!r.members) return;
  if (r.members->cluster == known.cluster) {
    if (r.reason == raft::hello_verdict::replaced_storage) refuse_to_start(self, r.sentence);
    return;
  }
  // One node can have the wrong folder; when most of the list agrees on another cluster, it is this one that
  // has.
  s.foreign_to.insert(address);
  if (s.foreign_to.size() * 2 <= s.options.addresses.size()) return;
  refuse_to_start(self,
                  s.options.data_folder + " belongs to cluster " + known.cluster.to_string() +
                      ", but most nodes of the cluster file are in another one. Start this node with its own "
                      "folder, or replace it as docs/operations.md says");
}

/// What a formed node does with the messages of a node that may not know yet.
void check_peer(self_pointer self, const std::string& address, const raft::formation_message& m) {
  if (auto* greeting = std::get_if<raft::hello>(&m))
    check_greeting(self, address, *greeting);
  else if (auto* refused = std::get_if<raft::formation_refused>(&m))
    refused_by(self, address, *refused);
}

void on_link_state(self_pointer self, const link_state& l) {
  auto& s = self->state;
  // A new connection may lead to another process: everything is shown again.
  if (auto checked = s.checked.find(l.address); checked != s.checked.end()) {
    self->send(s.raft, peer_state{checked->second, s.links.at(l.address), false});
    s.checked.erase(checked);
  }
  s.foreign_to.erase(l.address);
  if (!l.up) {
    s.connected.erase(l.address);
    return;
  }
  s.connected.insert(l.address);
  if (!s.machine) return greet(self, l.address);
  s.machine->connected(l.address);
  pump(self);
}

void on_tick(self_pointer self, const tick& t) {
  auto& s = self->state;
  s.now_ms = t.steady_ms;
  if (t.steady_ms < s.next_hello_ms) return;
  s.next_hello_ms = t.steady_ms + hello_period_ms;
  if (s.machine) {
    s.machine->tick();
    return pump(self);
  }
  for (auto& address : s.connected)
    if (!s.checked.contains(address)) greet(self, address);
}

} // namespace

formation_actor::behavior_type formation(self_pointer self, formation_options options, raft_actor raft,
                                         supervisor_actor supervisor) {
  auto& s = self->state;
  s.options = std::move(options);
  s.record = s.options.record;
  s.raft = std::move(raft);
  s.supervisor = std::move(supervisor);
  if (s.record.formation.formed)
    become_formed(self);
  else
    s.machine = std::make_unique<raft::formation>(s.options.self, s.options.addresses, s.record.formation,
                                                  s.options.fresh_cluster);
  pump(self);
  return {
      [=](links_ready& ready) { self->state.links = std::move(ready.links); },
      [=](const link_state& l) { on_link_state(self, l); },
      [=](const formation_received& r) {
        auto& s = self->state;
        if (!s.machine) return check_peer(self, r.address, r.message);
        s.machine->step(r.address, r.message);
        pump(self);
      },
      [=](log_started) -> caf::result<log_started> {
        if (!self->state.record.log_started) {
          self->state.record.log_started = true;
          if (!write_record(self)) return caf::make_error(caf::sec::runtime_error, "node.id was not written");
        }
        return log_started{};
      },
      [=](const tick& t) { on_tick(self, t); },
  };
}

} // namespace troupe
