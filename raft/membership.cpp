#include "raft/membership.hpp"

#include <algorithm>

namespace troupe::raft {

std::string_view to_string(change_refusal why) {
  switch (why) {
  case change_refusal::none: return "taken";
  case change_refusal::not_leader: return "this node does not lead";
  case change_refusal::handing_over: return "the leader is handing over";
  case change_refusal::not_ready: return "the leader has only just been elected";
  case change_refusal::in_progress: return "another change is not committed yet";
  case change_refusal::known: return "a member has this id, storage or address already";
  case change_refusal::unknown: return "no member has this id";
  case change_refusal::voter: return "the member votes already";
  case change_refusal::behind: return "the learner has not caught up";
  case change_refusal::last_voter: return "it is the last voter";
  case change_refusal::unheard: return "too few of the voters that would be left are heard";
  case change_refusal::too_many: return "there are as many members as a cluster may have";
  }
  return "unknown reason";
}

namespace {

struct applier {
  std::vector<member>& members;

  std::vector<member>::iterator find(const node_id& id) const {
    return std::find_if(members.begin(), members.end(), [&](auto& m) { return m.id == id; });
  }
  bool is_last_voter(const member& m) const {
    return m.voter && std::count_if(members.begin(), members.end(), [](auto& x) { return x.voter; }) == 1;
  }

  change_refusal operator()(const add_learner& change) const {
    auto& who = change.who;
    for (auto& m : members)
      if (m.id == who.id || m.storage == who.storage || m.peer_address == who.peer_address)
        return change_refusal::known;
    if (members.size() >= members_max) return change_refusal::too_many;
    auto place = std::find_if(members.begin(), members.end(), [&](auto& m) { return who.id < m.id; });
    members.insert(place, who)->voter = false;
    return change_refusal::none;
  }
  change_refusal operator()(const promote_learner& change) const {
    auto found = find(change.id);
    if (found == members.end()) return change_refusal::unknown;
    if (found->voter) return change_refusal::voter;
    found->voter = true;
    return change_refusal::none;
  }
  change_refusal operator()(const remove_member& change) const {
    auto found = find(change.id);
    if (found == members.end()) return change_refusal::unknown;
    if (is_last_voter(*found)) return change_refusal::last_voter;
    members.erase(found);
    return change_refusal::none;
  }
  change_refusal operator()(const move_member& change) const {
    auto found = find(change.id);
    if (found == members.end()) return change_refusal::unknown;
    for (auto& m : members)
      if (m.id != change.id && m.peer_address == change.peer_address) return change_refusal::known;
    found->peer_address = change.peer_address;
    found->http_address = change.http_address;
    return change_refusal::none;
  }
};

} // namespace

change_refusal apply_change(membership& members, const membership_change& change) {
  return std::visit(applier{members.members}, change);
}

} // namespace troupe::raft
