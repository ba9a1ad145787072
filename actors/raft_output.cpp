// The side of the Raft actor that carries out what the consensus core wants.

#include "actors/raft_driver.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

void raft_driver::want_pump() {
  if (pump_pending_) return;
  pump_pending_ = true;
  self_->send(self_, pump_core{});
}

void raft_driver::pump() {
  pump_pending_ = false;
  if (!core_) return;
  // Read after everything that the core was told of had arrived, and again for each turn.
  auto take = [&] { return core_->take(options_.core.lease_us != 0 ? options_.lease_clock_us() : 0); };
  for (auto out = take(); !out.empty(); out = take())
    carry_out(out);
  tell_members();
  settle_transfers();
  settle_members();
  settle_stop();
  flush();
}

void raft_driver::carry_out(raft::output& out) {
  if (out.persist) self_->send(peers_.wal, std::move(*out.persist));
  send_messages(out.messages);
  if (!out.apply.empty()) {
    for (auto& e : out.apply)
      applied_bytes_ += e.cost();
    self_->send(peers_.storage, apply_batch{std::move(out.apply)});
  }
  answer_reads(out);
  answer_searches(out);
  confirm_members(out);
  for (auto& l : out.load)
    self_->send(peers_.log, std::move(l));
  for (auto& c : out.snapshot_chunks)
    self_->send(peers_.snapshotter, std::move(c));
  if (out.store_chunk) self_->send(peers_.snapshotter, std::move(*out.store_chunk));
  if (out.leadership_changed) on_leadership();
}

void raft_driver::send_messages(std::vector<raft::envelope>& messages) {
  std::map<node_id, link_send> by_peer;
  for (auto& m : messages)
    by_peer[m.to].messages.emplace_back(std::move(m.body));
  for (auto& [to, out] : by_peer)
    if (auto link = links_.find(to); link != links_.end()) self_->send(link->second, std::move(out));
}

void raft_driver::answer_reads(raft::output& out) {
  // All reads of one index go to the storage as one message.
  for (auto& ready : out.reads) {
    query_batch batch{ready.index, {}};
    for (auto id : ready.ids)
      for (auto& q : reads_.take(id))
        batch.queries.push_back(std::move(q));
    if (!batch.queries.empty()) self_->send(peers_.storage, std::move(batch));
  }
  for (auto id : out.reads_failed)
    reads_.failed(id);
}

void raft_driver::on_leadership() {
  bool other_leader = core_->leader() != seen_leader_ || core_->term() != seen_term_;
  seen_leader_ = core_->leader();
  seen_term_ = core_->term();
  if (!other_leader) return;
  leads_from_ = core_->get_status().last_index;
  alarm_entry_ = {};
  tell_leadership();
  spdlog::info("raft: role={} term={} leader={}", to_string(core_->role()), seen_term_.value,
               seen_leader_ ? seen_leader_.name : "none");
  writes_.leader_lost();
  if (!seen_leader_) return;
  dispatch_waiting();
  ask_read_index();
  ask_search_index();
}

} // namespace troupe
