// The side of the formation actor that decides whom a node of a formed cluster lets in.

#include "actors/formation_detail.hpp"
#include "raft/formation_sentences.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace troupe::formation_detail {

namespace {

/// From the commit of a removal to the end of the node, and of its messages being taken: the others hear of
/// the commit, and who asked for it is answered, by the removed node itself if that was the leader.
constexpr std::int64_t farewell_ms = 1'000;

/// Of several nodes with one id, Raft sends to the one that the newest membership names.
void choose_active(self_pointer self, const node_id& id) {
  auto& s = self->state;
  auto* named = s.known.newest.find(id);
  const std::string* best = nullptr;
  for (auto& [address, who] : s.checked) {
    if (who.id != id) continue;
    bool is_named = named && named->storage == who.storage;
    if (!best || is_named) best = &address;
    if (is_named && named->peer_address == address) break;
  }
  auto now = s.active.find(id);
  if (now != s.active.end() && best && now->second == *best) return;
  if (now != s.active.end()) {
    auto link = s.links.find(now->second);
    self->send(s.raft, peer_state{id, link == s.links.end() ? peer_link_actor{} : link->second, false, {}});
    s.active.erase(now);
  }
  if (!best) return;
  // A link keeper that was started again may have no link there yet.
  auto link = s.links.find(*best);
  if (link == s.links.end()) return;
  s.active.emplace(id, *best);
  self->send(s.raft, peer_state{id, link->second, true, s.checked.at(*best)});
}

void let_in(self_pointer self, const std::string& address, const member& who) {
  auto& s = self->state;
  auto link = s.links.find(address);
  if (link == s.links.end()) return;
  if (auto known = s.checked.find(address); known != s.checked.end() && known->second == who) {
    // It greets again: it has not heard us, since links may drop messages. Not at once, or two that have
    // checked each other would greet for ever.
    if (s.now_ms - s.greeted_ms[address] >= hello_period_ms) greet(self, address);
    return;
  }
  s.checked.insert_or_assign(address, who);
  self->send(link->second, link_identity{s.known.committed.cluster, s.options.self.id, who.id, who.storage,
                                         s.connected[address]});
  choose_active(self, who.id);
  // The other side may have met us before it knew the cluster.
  greet(self, address);
}

void let_out(self_pointer self, const std::string& address) {
  auto& s = self->state;
  auto place = s.checked.find(address);
  if (place == s.checked.end()) return;
  auto id = place->second.id;
  s.checked.erase(place);
  if (auto link = s.links.find(address); link != s.links.end())
    self->send(link->second, link_identity{{}, {}, {}, {}, s.connected[address]});
  choose_active(self, id);
}

void note_waiting(self_pointer self, const std::string& address, const member* who) {
  auto& s = self->state;
  auto place = s.waiting.find(address);
  if (place != s.waiting.end() && (!who || place->second != *who)) {
    self->send(s.raft, joiner_state{place->second, false});
    s.waiting.erase(place);
    place = s.waiting.end();
  }
  if (!who || place != s.waiting.end()) return;
  s.waiting.emplace(address, *who);
  self->send(s.raft, joiner_state{*who, true});
}

/// Who is connected under the id of a node that waits to be added, as a member or waiting as well; null:
/// nobody.
const member* holder_of_id(self_pointer self, const std::string& address, const node_id& id) {
  auto& s = self->state;
  for (auto& [elsewhere, greeting] : s.greetings)
    if (greeting.self.id == id && elsewhere != address &&
        (s.waiting.contains(elsewhere) || raft::find_storage(s.known.newest, greeting.self)))
      return &greeting.self;
  return nullptr;
}

/// Whether a node that is no member any more is let in for a little longer.
bool has_farewell(self_pointer self, const std::string& address) {
  auto& s = self->state;
  if (!s.checked.contains(address)) return false;
  auto [place, is_new] = s.leaving.try_emplace(address, s.now_ms + farewell_ms);
  return s.now_ms < place->second;
}

void check_greeting(self_pointer self, const std::string& address, const raft::hello& greeting) {
  auto& s = self->state;
  auto check = raft::check_hello(s.known, greeting);
  if (check.verdict == raft::hello_verdict::removed && has_farewell(self, address)) return;
  s.leaving.erase(address);
  bool waits = check.verdict == raft::hello_verdict::waiting;
  bool accepted = check.verdict == raft::hello_verdict::accept;
  if (auto* holder = waits ? holder_of_id(self, address, greeting.self.id) : nullptr) {
    // The first one stays, and is the one that can be added. The other comes in its place when it has gone.
    waits = false;
    check.sentence = raft::sentence::id_taken(greeting.self, *holder, s.known.newest);
    check.reply = raft::formation_refused{check.verdict, check.sentence, s.known.newest};
  }
  note_waiting(self, address, waits ? &greeting.self : nullptr);
  if (waits)
    say_refusal(self, address, check.sentence);
  else if (!accepted)
    say_refusal(self, address, "refused the node at " + address + ": " + check.sentence);
  if (check.reply) send(self, address, *check.reply);
  if (accepted && greeting.record.formed)
    let_in(self, address, greeting.self);
  else
    let_out(self, address);
}

void stop_after_farewell(self_pointer self, const membership& without) {
  auto& s = self->state;
  if (s.stop_at_ms) return;
  s.stop_at_ms = s.now_ms + farewell_ms;
  s.stop_without = without;
}

void refused_by(self_pointer self, const std::string& address, const raft::formation_refused& r) {
  auto& s = self->state;
  auto& known = *s.record.formation.accepted;
  say_refusal(self, address, "the node at " + address + " refuses this one: " + r.sentence);
  if (!r.members) return;
  if (r.members->cluster == known.cluster) {
    if (r.reason == raft::hello_verdict::replaced_storage) refuse_to_start(self, r.sentence);
    if (r.reason == raft::hello_verdict::removed && !raft::find_storage(*r.members, s.options.self))
      stop_after_farewell(self, *r.members);
    return;
  }
  // One node can have the wrong folder; when most of the list agrees on another cluster, it is this one that
  // has, even if it finds its own cluster elsewhere: whoever reads the file would take it for a node of that
  // one. But not if others of its own cluster are on the list too, or if it was rebuilt and may meet the
  // cluster it came from; and what is not on the list has no say: anybody can dial.
  auto& listed = s.options.addresses;
  if (std::binary_search(listed.begin(), listed.end(), address)) s.foreign_to.insert(address);
  bool among_its_own =
      std::any_of(listed.begin(), listed.end(), [&](auto& a) { return s.checked.contains(a); });
  if (s.foreign_to.size() * 2 <= listed.size() || among_its_own || s.options.rebuilt) return;
  refuse_to_start(self,
                  s.options.data_folder + " belongs to cluster " + known.cluster.to_string() +
                      ", but most nodes of the cluster file are in another one. Start this node with its own "
                      "folder, or replace it as docs/operations.md says");
}

/// The log of a node that was added lately may not have come as far as the membership it was added with.
raft::known_members never_behind(const folder_record& record, raft::known_members known) {
  const raft::log_position first{term_t{1}, index_t{1}};
  auto begun_at = record.joined_at.value_or(first);
  if (known.committed_at < begun_at || known.committed.members.empty()) {
    known.committed = *record.formation.accepted;
    known.committed_at = begun_at;
  }
  if (known.newest_at < known.committed_at || known.newest.members.empty()) {
    known.newest = known.committed;
    known.newest_at = known.committed_at;
  }
  return known;
}

} // namespace

void check_peer(self_pointer self, const std::string& address, const raft::formation_message& m) {
  if (auto* greeting = std::get_if<raft::hello>(&m)) {
    self->state.greetings.insert_or_assign(address, *greeting);
    check_greeting(self, address, *greeting);
    want_links(self);
  } else if (auto* refused = std::get_if<raft::formation_refused>(&m)) {
    refused_by(self, address, *refused);
  }
}

void forget_peer(self_pointer self, const std::string& address) {
  auto& s = self->state;
  let_out(self, address);
  note_waiting(self, address, nullptr);
  s.greetings.erase(address);
  s.foreign_to.erase(address);
  s.greeted_ms.erase(address);
  s.leaving.erase(address);
}

void let_out_removed(self_pointer self) {
  auto& s = self->state;
  for (auto& [address, until_ms] : std::map{s.leaving})
    if (s.now_ms >= until_ms) check_greeting(self, address, s.greetings.at(address));
}

void on_members(self_pointer self, const raft::known_members& known) {
  auto& s = self->state;
  s.known = never_behind(s.record, known);
  if (raft::find_storage(s.known.newest, s.options.self))
    s.listed_at = s.known.newest_at;
  else if (raft::find_storage(s.known.committed, s.options.self))
    s.listed_at = s.known.committed_at;
  else
    stop_after_farewell(self, s.known.committed);
  for (auto& [address, greeting] : std::map{s.greetings})
    check_greeting(self, address, greeting);
  std::set<node_id> ids;
  for (auto& [address, who] : s.checked)
    ids.insert(who.id);
  for (auto& id : ids)
    choose_active(self, id);
  want_links(self);
}

} // namespace troupe::formation_detail
