// The side of the Raft actor that hands the leadership over when somebody asks.

#include "actors/raft_driver.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

namespace {

std::string nobody_came(const node_id& expected) {
  return expected ? expected.name + " did not take over in time" : "no other node took over in time";
}

/// For a handover that was not begun and never will be.
refusal why_not(raft::handover h, const node_id& to) {
  switch (h) {
  case raft::handover::no_member: return {refusal_kind::invalid, 0, "no member has this id"};
  case raft::handover::no_voter: return {refusal_kind::invalid, 0, to.name + " is a learner"};
  case raft::handover::busy:
    return {refusal_kind::not_possible, 0, "the leader is handing over to another node"};
  default:
    return {refusal_kind::not_possible, 0,
            to ? to.name + " is not heard, or too far behind" : "no other voter is heard and near enough"};
  }
}

} // namespace

void raft_driver::take_transfer(const request& r, const transfer_request& t, const answer_sink_actor& sink) {
  if (!core_ || !core_->leader()) return answers_.refuse(sink, r.id, no_leader_known());
  if (transfer_askers_.size() >= transfer_askers_max) return answers_.refuse(sink, r.id, overloaded());
  auto begun = core_->hand_over(t.target);
  if (begun == raft::handover::leads) {
    answers_.add(sink, answer{r.id, transfer_result{core_->leader(), core_->term()}});
    return;
  }
  if (begun == raft::handover::not_leader)
    begun = ask_leader_to_hand_over(t.target);
  else if (begun == raft::handover::begun)
    spdlog::info("raft: handing over to {}, as asked", core_->handing_over_to().name);
  if (begun != raft::handover::begun) return answers_.refuse(sink, r.id, why_not(begun, t.target));
  auto deadline = now_.steady_ms + std::min<std::int64_t>(r.timeout_ms, options_.no_leader_wait_ms);
  transfer_askers_.push_back({sink, r.id, t.target, core_->term(), deadline});
}

/// This node follows; whether the leader agreed shows when another one leads.
raft::handover raft_driver::ask_leader_to_hand_over(const node_id& to) {
  if (to) {
    auto members = core_->get_status().members;
    auto* m = members.find(to);
    if (!m) return raft::handover::no_member;
    if (!m->voter) return raft::handover::no_voter;
  }
  auto link = links_.find(core_->leader());
  if (link == links_.end()) return raft::handover::unheard;
  link_send out;
  out.messages.emplace_back(forward_handover{core_->term(), to});
  self_->send(link->second, std::move(out));
  return raft::handover::begun;
}

void raft_driver::asked_to_hand_over(const node_id& from, const forward_handover& f) {
  if (f.term != core_->term() || core_->hand_over(f.to) != raft::handover::begun) return;
  spdlog::info("raft: handing over to {}, as {} asked", core_->handing_over_to().name, from.name);
}

/// Answers those whose handover has ended, one way or the other.
void raft_driver::settle_transfers() {
  if (transfer_askers_.empty()) return;
  auto leads = core_->role() == raft::role_kind::leader;
  std::erase_if(transfer_askers_, [&](auto& asker) {
    bool same_term = core_->term() == asker.term;
    if (!same_term && core_->leader()) {
      if (!asker.target || core_->leader() == asker.target)
        answers_.add(asker.sink, answer{asker.id, transfer_result{core_->leader(), core_->term()}});
      else
        answers_.refuse(asker.sink, asker.id,
                        {refusal_kind::not_possible, 0, core_->leader().name + " took over instead"});
      return true;
    }
    if (!same_term || !leads || core_->handing_over_to()) return false;
    answers_.refuse(
        asker.sink, asker.id,
        {refusal_kind::not_possible, 0, nobody_came(asker.target) + "; " + options_.self.name + " leads on"});
    return true;
  });
}

void raft_driver::before_stop(const give_way& g) {
  if (!core_ || core_->hand_over({}) != raft::handover::begun) {
    self_->send(g.supervisor, gave_way{});
    return;
  }
  spdlog::info("raft: handing over to {} before the end", core_->handing_over_to().name);
  stopping_ = g.supervisor;
  want_pump();
}

void raft_driver::settle_stop() {
  if (!stopping_) return;
  // Until the next leader is known, this node's vote may be what that one waits for.
  bool leads = core_->role() == raft::role_kind::leader;
  if (leads ? static_cast<bool>(core_->handing_over_to()) : !core_->leader()) return;
  self_->send(std::exchange(stopping_, nullptr), gave_way{});
}

void raft_driver::sweep_transfers() {
  std::erase_if(transfer_askers_, [&](auto& asker) {
    if (asker.deadline_ms > now_.steady_ms) return false;
    answers_.refuse(asker.sink, asker.id, {refusal_kind::not_possible, 0, nobody_came(asker.target)});
    return true;
  });
}

} // namespace troupe
