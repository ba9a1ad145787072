// The side of the Raft actor that changes the members when somebody asks, and tells the formation actor who
// they are.

#include "actors/raft_driver.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

refusal impossible(std::string why) {
  return {refusal_kind::not_possible, 0, std::move(why)};
}

/// Certainly not done, and soon perhaps possible.
bool passes_soon(raft::change_refusal why) {
  return why == raft::change_refusal::handing_over || why == raft::change_refusal::not_ready ||
         why == raft::change_refusal::in_progress || why == raft::change_refusal::unheard;
}

constexpr std::string_view unconfirmed = "no majority confirmed in time that this node still leads";

std::string nobody_waits(const node_id& id) {
  return "no node waits to be added under the id " + id.name +
         ": start it with trouped --join and with the address of a member";
}

/// Answers count in majorities and windows by the sender's id alone, so they are only for the folder that the
/// newest membership names.
bool is_answer(const raft::message& m) {
  return std::holds_alternative<raft::pre_vote_response>(m) ||
         std::holds_alternative<raft::vote_response>(m) || std::holds_alternative<raft::append_response>(m) ||
         std::holds_alternative<raft::install_snapshot_response>(m);
}

} // namespace

bool raft_driver::counts(const peer_input& in, const raft::message& m) const {
  if (!is_answer(m)) return true;
  auto* known = core_->members().find(in.from);
  return known && known->storage == in.storage;
}

void raft_driver::on_joiner_state(const joiner_state& j) {
  std::erase_if(joiners_, [&](auto& known) { return known.peer_address == j.who.peer_address; });
  if (j.here) joiners_.push_back(j.who);
  settle_members();
  flush();
  want_pump();
}

void raft_driver::tell_members() {
  if (!formation_ || !core_) return;
  auto at = core_->members_at();
  bool committed = at.index <= core_->commit();
  if (members_told_ == std::pair{at, committed}) return;
  members_told_ = {at, committed};
  auto known = core_->get_known_members();
  auto& members = known.newest.members;
  auto voters = std::count_if(members.begin(), members.end(), [](auto& m) { return m.voter; });
  spdlog::info("members: voters={} learners={} index={} committed={}", voters, members.size() - voters,
               at.index.value, committed);
  self_->send(caf::actor_cast<formation_actor>(formation_), members_known{std::move(known)});
}

void raft_driver::take_member(const request& r, const member_request& wish, const answer_sink_actor& sink) {
  if (!wish.id) return answers_.refuse(sink, r.id, {refusal_kind::invalid, 0, "a node has an id"});
  if (!core_ || !core_->leader()) return answers_.refuse(sink, r.id, no_leader_known());
  if (member_askers_.size() + member_forwards_.size() >= member_askers_max)
    return answers_.refuse(sink, r.id, overloaded());
  auto deadline = now_.steady_ms + r.timeout_ms;
  if (core_->role() == raft::role_kind::leader) {
    member_askers_.push_back({sink, r.id, {}, {}, wish, deadline});
    return settle_members();
  }
  auto link = links_.find(core_->leader());
  if (link == links_.end()) return answers_.refuse(sink, r.id, no_leader_known());
  auto number = ++last_member_forward_;
  member_forwards_[number] = {sink, r.id, deadline, link->first};
  link_send out;
  out.messages.emplace_back(forward_member{options_.incarnation, number, r.timeout_ms, wish});
  self_->send(link->second, std::move(out));
}

void raft_driver::asked_for_member(const node_id& from, const forward_member& f) {
  member_asker asker{{}, f.number, from, f.asker, f.wish, now_.steady_ms + f.timeout_ms};
  if (core_->role() != raft::role_kind::leader) return answer_member(asker, no_leader_known());
  if (member_askers_.size() >= member_askers_max) return answer_member(asker, overloaded());
  member_askers_.push_back(std::move(asker));
  settle_members();
}

void raft_driver::on_member_answer(const member_answer& a) {
  if (a.asker != options_.incarnation) return;
  auto place = member_forwards_.find(a.number);
  if (place == member_forwards_.end()) return;
  auto& [sink, id, deadline, to] = place->second;
  std::visit([&, &sink = sink, id = id](auto& body) { answers_.add(sink, answer{id, body}); }, a.outcome);
  member_forwards_.erase(place);
  flush();
}

/// The leader that has these wishes may have died with them: nobody is to wait for what will not come.
void raft_driver::give_up_forwards_to(const node_id& peer) {
  std::erase_if(member_forwards_, [&](auto& entry) {
    if (entry.second.to != peer) return false;
    answers_.refuse(entry.second.sink, entry.second.id, outcome_unknown());
    return true;
  });
  flush();
}

void raft_driver::answer_member(const member_asker& asker, member_outcome outcome) {
  if (asker.sink) {
    std::visit([&](auto& body) { answers_.add(asker.sink, answer{asker.id, std::move(body)}); }, outcome);
    return;
  }
  auto link = links_.find(asker.from);
  if (link == links_.end()) return; // it says itself that it does not know
  link_send out;
  out.messages.emplace_back(member_answer{asker.asker, asker.id, std::move(outcome)});
  self_->send(link->second, std::move(out));
}

/// Brings each wish as far as it goes now, and answers those that are at their end.
void raft_driver::settle_members() {
  if (!core_) return;
  std::erase_if(member_askers_, [&](auto& asker) {
    auto outcome = advance(asker);
    if (!outcome) return false;
    answer_member(asker, std::move(*outcome));
    return true;
  });
}

std::optional<raft_driver::member_outcome> raft_driver::advance(member_asker& asker) {
  auto at = core_->members_at();
  if (asker.waits_for.index) {
    // A later change of the same leader means that this one was committed; anything else may mean that it
    // was lost, or not yet.
    bool followed = at.index > asker.waits_for.index && at.term == asker.waits_for.term;
    if (at != asker.waits_for && !followed) return outcome_unknown();
    if (core_->commit() < asker.waits_for.index) return std::nullopt;
    asker.waits_for = {};
    asker.changed = true;
  }
  auto step = next_step(asker);
  auto* outcome = std::get_if<member_outcome>(&step);
  bool already = outcome && !asker.changed && std::holds_alternative<member_result>(*outcome);
  if (outcome && at.index <= core_->commit() && (!already || still_leads(asker))) return std::move(*outcome);
  if (core_->role() != raft::role_kind::leader) return asker.changed ? outcome_unknown() : no_leader_known();
  if (outcome) asker.trouble = already ? unconfirmed : to_string(raft::change_refusal::in_progress);
  auto* change = std::get_if<raft::membership_change>(&step);
  if (!change) return std::nullopt;
  auto why = core_->change_membership(*change, now_.steady_ms);
  if (why == raft::change_refusal::none) {
    spdlog::info("members: {} {}, as asked", to_string(asker.wish.action), asker.wish.id.name);
    asker.waits_for = core_->members_at();
    want_pump();
    return std::nullopt;
  }
  asker.trouble = std::string(to_string(why));
  if (passes_soon(why)) return std::nullopt;
  if (asker.changed) return outcome_unknown();
  return impossible(asker.wish.id.name + ": " + asker.trouble);
}

/// Whether this node has led since after the wish came: what a leader that was deposed holds to be so already
/// may no longer be. Asks a majority, as for a read, if that is not known yet.
bool raft_driver::still_leads(member_asker& asker) {
  if (core_->role() != raft::role_kind::leader) return false;
  if (asker.confirmed_in == core_->term()) return true;
  if (asker.asked_in == core_->term()) return false;
  asker.asked_in = core_->term();
  asker.round_before = core_->get_status().read_round;
  asker.read = std::exchange(next_member_read_, next_member_read_ + read_askers);
  core_->read({asker.read});
  want_pump();
  return false;
}

void raft_driver::confirm_members(const raft::output& out) {
  auto each = [this](std::uint64_t id, auto what) {
    for (auto& asker : member_askers_)
      if (asker.read == id) what(asker);
  };
  for (auto& ready : out.reads)
    for (auto id : ready.ids)
      each(id, [](auto& asker) { asker.read = 0, asker.confirmed_in = asker.asked_in; });
  // Asked again with the next sweep.
  for (auto id : out.reads_failed)
    each(id, [](auto& asker) { asker.read = 0; });
}

/// Its process has shown the folder that the members name.
bool raft_driver::is_heard(const member& m) const {
  auto shown = shown_.find(m.id);
  return shown != shown_.end() && shown->second.storage == m.storage;
}

/// It has answered a round that began after the wish came, so it is where it was shown to be. Precondition:
/// still_leads(asker).
bool raft_driver::answers_now(const member_asker& asker, const node_id& id) const {
  if (id == options_.self) return true;
  auto followers = core_->get_status().followers;
  return std::any_of(followers.begin(), followers.end(),
                     [&](auto& f) { return f.id == id && f.read_round > asker.round_before; });
}

/// What is left to do, as the members are now: a change, nothing but waiting, or the answer.
raft_driver::member_step raft_driver::next_step(member_asker& asker) {
  auto& wish = asker.wish;
  auto& members = core_->members();
  auto* m = members.find(wish.id);
  if (wish.action == member_action::remove) {
    if (!m) return member_done(asker);
    return raft::membership_change{raft::remove_member{wish.id}};
  }
  if (wish.action == member_action::promote) {
    if (!m) return impossible("no member has the id " + wish.id.name);
    if (m->voter) return member_done(asker);
    return raft::membership_change{raft::promote_learner{wish.id}};
  }
  // The formation actor shows one joiner of an id at a time.
  auto joiner = std::find_if(joiners_.begin(), joiners_.end(), [&](auto& j) {
    return j.id == wish.id && (wish.peer_address.empty() || j.peer_address == wish.peer_address) &&
           !(m && j.storage == m->storage);
  });
  auto* waits = joiner == joiners_.end() ? nullptr : &*joiner;
  if (wish.action == member_action::replace) return next_replacement(asker, m, waits);
  if (m && waits)
    return impossible(wish.id.name + " is a member with another data folder: replace it, or take another id");
  if (m) return moved_or_done(asker, *m);
  if (waits) return raft::membership_change{raft::add_learner{*waits}};
  asker.trouble = nobody_waits(wish.id);
  return std::monostate{};
}

raft_driver::member_step raft_driver::next_replacement(member_asker& asker, const member* m,
                                                       const member* joiner) {
  auto& id = asker.wish.id;
  if (!asker.target) asker.target = m ? m->storage : storage_id{};
  bool is_target = m && m->storage == *asker.target;
  if (m && asker.changed) return moved_or_done(asker, *m); // it was added in the place of the one removed
  if (m && !is_target) return outcome_unknown();           // not the one that was meant: others ask as well
  if (m && is_heard(*m)) {
    // Who asks again, because the node that was asked is the one that was replaced, finds the new one here.
    if (!m->voter && !joiner) return moved_or_done(asker, *m);
    asker.trouble =
        id.name + " is heard, with the folder that the cluster knows: only a member that is gone is replaced";
    return std::monostate{};
  }
  if (!joiner) {
    asker.trouble = nobody_waits(id);
    return std::monostate{};
  }
  if (m) return raft::membership_change{raft::remove_member{id}};
  return raft::membership_change{raft::add_learner{*joiner}};
}

/// A member that is asked for again may have moved: where it is, it says itself. Not what it said before: a
/// link to where it was may not have noticed yet.
raft_driver::member_step raft_driver::moved_or_done(member_asker& asker, const member& m) {
  if (asker.changed) return member_done(asker);
  if (!still_leads(asker)) {
    asker.trouble = unconfirmed;
    return std::monostate{};
  }
  if (!is_heard(m) || !answers_now(asker, m.id)) {
    // Its disk may be lost: then an empty folder is about to show itself under this id.
    asker.trouble = m.id.name + " is a member, but is not heard: where it is now, it says itself";
    return std::monostate{};
  }
  auto& now = shown_.at(m.id);
  if (now.peer_address == m.peer_address && now.http_address == m.http_address) return member_done(asker);
  if (!asker.wish.peer_address.empty() && asker.wish.peer_address != now.peer_address)
    return impossible(m.id.name + " says that its peer address is " + now.peer_address);
  return raft::membership_change{raft::move_member{m.id, now.peer_address, now.http_address}};
}

raft_driver::member_outcome raft_driver::member_done(const member_asker& asker) const {
  member_result out{asker.changed, core_->members_at().index, 0, 0};
  for (auto& m : core_->members().members)
    ++(m.voter ? out.voters : out.learners);
  return out;
}

void raft_driver::sweep_members() {
  for (auto& asker : member_askers_)
    if (asker.read == 0) asker.asked_in = {};
  settle_members();
  std::erase_if(member_askers_, [&](auto& asker) {
    if (asker.deadline_ms > now_.steady_ms) return false;
    if (asker.waits_for.index || asker.changed)
      answer_member(asker, outcome_unknown());
    else
      answer_member(asker, impossible(asker.trouble));
    return true;
  });
  std::erase_if(member_forwards_, [&](auto& entry) {
    auto& [sink, id, deadline, to] = entry.second;
    // The leader's own answer says more, and is about to come.
    if (deadline + 500 > now_.steady_ms) return false;
    answers_.refuse(sink, id, outcome_unknown());
    return true;
  });
}

} // namespace troupe
