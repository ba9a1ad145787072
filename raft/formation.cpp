#include "raft/formation.hpp"

#include "base/assert.hpp"
#include "raft/formation_sentences.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

namespace {

std::vector<std::string> addresses_of(const membership& v) {
  std::vector<std::string> out;
  for (auto& m : v.members)
    out.push_back(m.peer_address);
  std::sort(out.begin(), out.end());
  return out;
}

bool is_same_node(const member& a, const member& b) {
  return a.id == b.id && a.storage == b.storage;
}

} // namespace

formation::formation(member self, std::vector<std::string> addresses, formation_record from_disk,
                     cluster_id fresh_cluster)
    : self_(std::move(self)), addresses_(std::move(addresses)), fresh_cluster_(fresh_cluster),
      durable_(std::move(from_disk)) {
  TROUPE_ASSERT(self_.id && self_.storage && fresh_cluster_,
                "a node needs an id and random bits to form a cluster");
  TROUPE_ASSERT(std::is_sorted(addresses_.begin(), addresses_.end()) &&
                    std::adjacent_find(addresses_.begin(), addresses_.end()) == addresses_.end() &&
                    is_listed(self_.peer_address),
                "addresses are sorted, unique, and include the own one");
  TROUPE_ASSERT(durable_.accepted || !durable_.formed, "formed without a membership");
  if (durable_.accepted) {
    auto* known = durable_.accepted->find(self_.id);
    if (!known || known->storage != self_.storage) {
      set(formation_state::foreign_folder, sentence::folder_of_another_node(self_, *durable_.accepted));
      return;
    }
    if (durable_.formed) set(formation_state::formed, {});
    accepted_by_ = {self_.peer_address, durable_.accepted->members.front().peer_address};
    form_if_all_accepted();
  }
  review();
}

void formation::connected(const std::string& address) {
  if (!is_listed(address) || address == self_.peer_address) return;
  refusals_.erase(address);
  greet(address);
}

void formation::disconnected(const std::string& address) {
  met_.erase(address);
  review();
}

void formation::tick() {
  for (auto& address : addresses_)
    if (address != self_.peer_address) greet(address);
}

void formation::step(const std::string& from, const formation_message& m) {
  if (from == self_.peer_address) return;
  if (state_ == formation_state::replaced_storage || state_ == formation_state::foreign_folder) return;
  if (state_ == formation_state::formed) {
    // Those who come late are taught.
    auto* greeting = std::get_if<hello>(&m);
    if (!greeting) return;
    const log_position first{term_t{1}, index_t{1}};
    known_members known{*durable_.accepted, first, *durable_.accepted, first};
    if (auto reply = check_hello(known, *greeting).reply) send(from, std::move(*reply));
    return;
  }
  if (!is_listed(from)) {
    if (auto* greeting = std::get_if<hello>(&m))
      send(from,
           formation_refused{hello_verdict::stale_list,
                             sentence::not_in_list(self_, addresses_, from, *greeting), durable_.accepted});
    return;
  }
  std::visit([&](auto& body) { receive(from, body); }, m);
  review();
}

void formation::receive(const std::string& from, const hello& m) {
  met_[from] = m;
  if (auto& theirs = m.record.accepted) {
    if (m.record.formed)
      learn_formed(from, *theirs);
    else
      consider(from, *theirs);
    return;
  }
  if (!durable_.accepted) return;
  auto& ours = *durable_.accepted;
  // Whoever accepted V may pass it on: its author accepted it durably before anybody saw it.
  auto same = [&](auto& known) { return is_same_node(known, m.self) && known.peer_address == from; };
  if (std::any_of(ours.members.begin(), ours.members.end(), same))
    send(from, propose_membership{ours});
  else
    send(from,
         formation_refused{hello_verdict::replaced_storage, sentence::replaced(m.self, ours, false), ours});
}

void formation::receive(const std::string& from, const propose_membership& m) {
  consider(from, m.proposed);
}

void formation::receive(const std::string& from, const accepted_membership& m) {
  if (auto met = met_.find(from); met != met_.end()) met->second.record.accepted = m.accepted;
  consider(from, m.accepted);
}

void formation::receive(const std::string& from, const formed_membership& m) {
  learn_formed(from, m.formed);
}

void formation::receive(const std::string& from, const formation_refused& m) {
  if (m.members && knows_another_folder(from, *m.members)) return;
  refusals_[from] = m.sentence;
}

/// A membership that `from` has accepted and that may become ours.
void formation::consider(const std::string& from, const membership& offered) {
  if (durable_.accepted) {
    if (*durable_.accepted == offered) {
      bool is_news = !accepted_by_.count(from);
      note_acceptance(from, offered);
      if (is_news) send(from, accepted_membership{offered});
    } else {
      knows_another_folder(from, offered);
    }
    return;
  }
  if (knows_another_folder(from, offered) || writing_) return;
  if (fits(offered)) write({offered, false});
}

void formation::learn_formed(const std::string& from, const membership& formed) {
  if (knows_another_folder(from, formed)) return;
  if (durable_.accepted == formed) {
    if (!writing_) write({formed, true});
    return;
  }
  auto* known = formed.find(self_.id);
  // Formed means that this folder accepted it, and an acceptance is durable before it is told.
  if (known && known->storage == self_.storage && !(writing_ && writing_->accepted == formed))
    set(formation_state::foreign_folder, sentence::acceptance_lost(self_, from));
  else
    refusals_[from] = sentence::another_cluster(from, formed);
}

/// A membership in which our id or address has another storage: what this folder's predecessor promised is
/// forgotten.
bool formation::knows_another_folder(const std::string& from, const membership& theirs) {
  for (auto& m : theirs.members) {
    if ((m.id != self_.id && m.peer_address != self_.peer_address) || m.storage == self_.storage) continue;
    // Having accepted something ourselves, it is the other side that belongs elsewhere, or both were begun
    // twice: a person decides.
    if (durable_.accepted) {
      refusals_[from] = sentence::another_cluster(from, theirs);
      return true;
    }
    set(formation_state::replaced_storage, sentence::replaced(self_, theirs, true));
    return true;
  }
  return false;
}

/// Names exactly this node, and exactly the listed addresses.
bool formation::fits(const membership& offered) const {
  auto& members = offered.members;
  auto not_ascending = [](auto& a, auto& b) { return a.id >= b.id; };
  return offered.cluster && std::find(members.begin(), members.end(), self_) != members.end() &&
         std::adjacent_find(members.begin(), members.end(), not_ascending) == members.end() &&
         addresses_of(offered) == addresses_;
}

void formation::note_acceptance(const std::string& address, const membership& accepted) {
  if (durable_.accepted != accepted) return;
  accepted_by_.insert(address);
  form_if_all_accepted();
}

void formation::form_if_all_accepted() {
  if (!durable_.accepted || durable_.formed || writing_) return;
  for (auto& m : durable_.accepted->members)
    if (!accepted_by_.count(m.peer_address)) return;
  write({durable_.accepted, true});
}

void formation::propose_if_all_met() {
  if (durable_.accepted || writing_ || met_.size() + 1 != addresses_.size()) return;
  membership v{fresh_cluster_, {self_}};
  for (auto& [address, theirs] : met_) {
    if (theirs.record.accepted || theirs.joining || theirs.self.id < self_.id) return;
    v.members.push_back(theirs.self);
  }
  std::sort(v.members.begin(), v.members.end(), [](auto& a, auto& b) { return a.id < b.id; });
  // Alone, the own acceptance is everyone's.
  bool alone = addresses_.size() == 1;
  write({std::move(v), alone});
}

std::string formation::obstacle() const {
  if (durable_.accepted && addresses_of(*durable_.accepted) != addresses_)
    return sentence::list_changed(self_, addresses_of(*durable_.accepted), addresses_);
  for (auto& [address, theirs] : met_)
    if (auto why = obstacle_at(address, theirs); !why.empty()) return why;
  return {};
}

std::string formation::obstacle_at(const std::string& address, const hello& theirs) const {
  if (theirs.joining) return sentence::joining(address, theirs);
  if (theirs.addresses != addresses_) return sentence::lists_differ(self_, addresses_, address, theirs);
  if (theirs.self.peer_address != address) return sentence::wrong_address(address, theirs);
  if (theirs.self.id == self_.id) return sentence::same_id(theirs.self, self_.peer_address);
  if (theirs.self.storage == self_.storage) return sentence::same_storage(theirs.self, self_);
  for (auto& [other_address, other] : met_) {
    if (other_address <= address) continue;
    if (other.self.id == theirs.self.id) return sentence::same_id(theirs.self, other_address);
    if (other.self.storage == theirs.self.storage) return sentence::same_storage(theirs.self, other.self);
  }
  if (!durable_.accepted) return {};
  if (theirs.record.accepted && theirs.record.accepted != durable_.accepted)
    return sentence::another_cluster(address, *theirs.record.accepted);
  for (auto& known : durable_.accepted->members)
    if (known.peer_address == address && !is_same_node(known, theirs.self))
      return sentence::replaced(theirs.self, *durable_.accepted, false);
  return {};
}

/// After every event: go on if nothing is in the way, else say what is.
void formation::review() {
  if (state_ != formation_state::waiting) return;
  auto why = obstacle();
  if (why.empty()) propose_if_all_met();
  if (why.empty() && !refusals_.empty() && !writing_) why = refusals_.begin()->second;
  set(formation_state::waiting, std::move(why));
}

void formation::set(formation_state state, std::string problem) {
  if (state_ == state && problem_ == problem) return;
  state_ = state;
  problem_ = std::move(problem);
  changed_ = true;
}

void formation::write(formation_record record) {
  TROUPE_ASSERT(!writing_, "one record is written at a time");
  TROUPE_ASSERT(!durable_.accepted || durable_.accepted == record.accepted,
                "an accepted membership never changes");
  writing_ = std::move(record);
  handed_out_ = false;
}

void formation::persisted() {
  TROUPE_ASSERT(writing_ && handed_out_, "persisted what was not handed out");
  durable_ = *std::exchange(writing_, std::nullopt);
  if (state_ != formation_state::waiting) return;
  auto& v = *durable_.accepted;
  if (durable_.formed) {
    set(formation_state::formed, {});
    send_to_others(formed_membership{v, {}});
    return;
  }
  accepted_by_ = {self_.peer_address, v.members.front().peer_address};
  for (auto& [address, theirs] : met_)
    if (theirs.record.accepted == v) accepted_by_.insert(address);
  if (v.members.front().id == self_.id)
    send_to_others(propose_membership{v});
  else
    send_to_others(accepted_membership{v});
  form_if_all_accepted();
  review();
}

formation_output formation::take() {
  formation_output out;
  if (writing_ && !std::exchange(handed_out_, true)) out.persist = writing_;
  out.messages = std::exchange(messages_, {});
  out.changed = std::exchange(changed_, false);
  return out;
}

std::vector<std::string> formation::missing() const {
  std::vector<std::string> out;
  for (auto& address : addresses_)
    if (address != self_.peer_address && !met_.count(address)) out.push_back(address);
  return out;
}

void formation::send(const std::string& to, formation_message m) {
  messages_.push_back({to, std::move(m)});
}

void formation::send_to_others(const formation_message& m) {
  for (auto& address : addresses_)
    if (address != self_.peer_address) send(address, m);
}

void formation::greet(const std::string& address) {
  send(address, hello{self_, addresses_, durable_, false, {}});
}

bool formation::is_listed(const std::string& address) const {
  return std::binary_search(addresses_.begin(), addresses_.end(), address);
}

} // namespace troupe::raft
