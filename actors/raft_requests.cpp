// The side of the Raft actor that faces gateways, clients and forwarding followers.

#include "actors/raft_driver.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

refusal outcome_unknown() {
  return {refusal_kind::outcome_unknown, 0, "no answer in time; the write may or may not be applied"};
}

refusal no_leader_known() {
  return {refusal_kind::no_leader, 500, "no leader is known; the request was not applied"};
}
refusal overloaded() {
  return {refusal_kind::overloaded, 200, "too much is in flight; the request was not applied"};
}

namespace {

/// One proposal to the core, and one message to the leader, carries about this much.
constexpr std::size_t batch_bytes = 1u << 20;
/// Forwarded in one go; a quarter of a link's window.
constexpr std::size_t forward_bytes = 16u << 20;

node_role role_of(const raft::status& status, const node_id& id) {
  if (id == status.leader) return node_role::leader;
  auto* m = status.members.find(id);
  return m && !m->voter ? node_role::learner : node_role::follower;
}

} // namespace

void raft_driver::take_requests(request_batch& batch, const answer_sink_actor& sink) {
  std::vector<std::uint64_t> writes;
  for (auto& r : batch.requests)
    take(r, sink, writes);
  dispatch(writes);
  ask_read_index();
  ask_search_index();
  flush();
  want_pump();
}

void raft_driver::take(const request& r, const answer_sink_actor& sink, std::vector<std::uint64_t>& writes) {
  if (auto why = unfit_for(r)) {
    answers_.refuse(sink, r.id, std::move(*why));
  } else if (auto* write = std::get_if<write_request>(&r.body)) {
    if (refused_for_memory(r, *write, sink)) return;
    if (write->embed)
      take_embedded_write(r, sink);
    else
      take_write(r, *write, sink, writes);
  } else if (auto* read = std::get_if<read_request>(&r.body)) {
    take_read(r, *read, sink);
  } else if (auto* search = std::get_if<search_request>(&r.body)) {
    take_search(r, *search, sink);
  } else if (std::holds_alternative<status_request>(r.body)) {
    answers_.add(sink, answer{r.id, status()});
  } else if (auto* transfer = std::get_if<transfer_request>(&r.body)) {
    take_transfer(r, *transfer, sink);
  } else if (auto* wish = std::get_if<member_request>(&r.body)) {
    take_member(r, *wish, sink);
  } else if (snapshot_askers_.size() >= snapshot_askers_max || !core_) {
    answers_.refuse(sink, r.id, core_ ? overloaded() : no_leader_known());
  } else {
    snapshot_askers_.push_back({sink, r.id, now_.steady_ms + r.timeout_ms, facts_.applied});
    snapshot_running_ = true;
    self_->send(peers_.snapshotter, snapshot_trigger{log_.disk_full});
  }
}

/// Why this node would only keep the asker waiting, though another may serve it.
std::optional<refusal> raft_driver::unfit_for(const request& r) const {
  if (std::holds_alternative<status_request>(r.body)) return std::nullopt;
  if (!core_ && options_.join)
    return refusal{refusal_kind::not_ready, 1'000,
                   options_.self.name + " is not a member of a cluster yet; ask a member"};
  auto* read = std::get_if<read_request>(&r.body);
  auto* search = std::get_if<search_request>(&r.body);
  bool needs_the_newest =
      std::holds_alternative<write_request>(r.body) || (read && read->mode == consistency::linearizable) ||
      (search && search->freshness == consistency::linearizable && search->cursor.empty());
  if (!needs_the_newest || !takes_no_entries()) return std::nullopt;
  return refusal{refusal_kind::not_ready, 1'000,
                 "the disk of " + options_.self.name +
                     " is full, and it takes nothing new; ask another node"};
}

void raft_driver::take_write(const request& r, const write_request& w, const answer_sink_actor& sink,
                             std::vector<std::uint64_t>& writes) {
  pending_write p;
  p.sink = sink;
  p.id = r.id;
  p.command = w.command;
  p.deadline_ms = now_.steady_ms + r.timeout_ms;
  p.no_leader_at_ms = now_.steady_ms + std::min<std::int64_t>(r.timeout_ms, options_.no_leader_wait_ms);
  if (auto number = writes_.add(std::move(p)))
    writes.push_back(*number);
  else
    answers_.refuse(sink, r.id, overloaded());
}

void raft_driver::take_read(const request& r, const read_request& q, const answer_sink_actor& sink) {
  routed_query routed{sink, r.id, q.what, now_.steady_ms + r.timeout_ms};
  if (q.mode == consistency::stale) {
    query_batch batch{index_t{}, {}};
    batch.queries.push_back(std::move(routed));
    self_->send(peers_.storage, std::move(batch));
  } else if (reads_.full()) {
    answers_.refuse(sink, r.id, overloaded());
  } else {
    reads_.gather(std::move(routed));
  }
}

void raft_driver::ask_read_index() {
  if (!core_ || !core_->leader()) return; // gathered until there is one, or their time is over
  if (auto id = reads_.ask()) core_->read({id});
}

void raft_driver::dispatch_waiting() {
  dispatch(writes_.waiting());
}

void raft_driver::dispatch(const std::vector<std::uint64_t>& numbers) {
  if (!core_ || numbers.empty()) return;
  if (core_->role() == raft::role_kind::leader) return propose_here(numbers);
  if (auto link = links_.find(core_->leader()); link != links_.end()) forward(numbers, link->second);
}

void raft_driver::propose_here(const std::vector<std::uint64_t>& numbers) {
  // In slices, so that the core's bound on what is uncommitted means something after an election, too.
  for (std::size_t next = 0; next < numbers.size();) {
    std::vector<std::uint64_t> slice;
    std::vector<raft::proposal> batch;
    for (std::size_t bytes = 0; next < numbers.size() && bytes < batch_bytes; ++next) {
      auto* w = writes_.find(numbers[next]);
      if (!w) continue;
      if (auto lacking = lacks_for(w->command); lacking != shortage::none) {
        note_lacking(numbers[next], lacking);
        continue;
      }
      bytes += w->command.size();
      slice.push_back(numbers[next]);
      batch.push_back({entry_kind::command, origin{options_.incarnation, numbers[next]}, w->command});
    }
    auto why = core_->propose(std::move(batch), now_.steady_ms);
    for (auto number : slice)
      note_proposed(number, why);
  }
}

void raft_driver::note_proposed(std::uint64_t number, raft::refusal why) {
  auto* w = writes_.find(number);
  if (why == raft::refusal::none) {
    w->where = pending_write::phase::proposed;
    ++w->doubts;
  } else if (why == raft::refusal::overloaded && w->doubts == 0) {
    note_lacking(number, shortage::none);
  }
}

/// A write that may be in a log already waits for what becomes of it there.
void raft_driver::note_lacking(std::uint64_t number, shortage what) {
  auto* w = writes_.find(number);
  if (w->doubts != 0) return;
  auto taken = writes_.take(number);
  answers_.refuse(taken->sink, taken->id, short_of(what));
}

void raft_driver::forward(const std::vector<std::uint64_t>& numbers, const peer_link_actor& link) {
  link_send out;
  std::size_t bytes = batch_bytes;
  std::size_t total = 0;
  for (auto number : numbers) {
    auto* w = writes_.find(number);
    if (!w) continue;
    // The rest waits for the next sweep: more than the link's window would be dropped, and other messages
    // with it.
    if (total > forward_bytes) break;
    if (bytes >= batch_bytes) {
      out.messages.emplace_back(forward_proposals{core_->term(), {}});
      bytes = 0;
    }
    bytes += w->command.size();
    total += w->command.size();
    std::get<forward_proposals>(out.messages.back())
        .proposals.push_back({entry_kind::command, origin{options_.incarnation, number}, w->command});
    w->where = pending_write::phase::forwarded;
    ++w->doubts;
  }
  if (!out.messages.empty()) self_->send(link, std::move(out));
}

void raft_driver::forwarded(const node_id& from, forward_proposals& batch) {
  if (!core_ || batch.proposals.empty()) return;
  auto asker = batch.proposals.front().from.incarnation;
  for (auto& p : batch.proposals) {
    if (p.kind != entry_kind::command || p.from.incarnation == options_.incarnation) {
      spdlog::error("raft: dropped proposals of {} that no member sends", from.name);
      return;
    }
  }
  std::map<shortage, std::vector<std::uint64_t>> numbers;
  bool leads = core_->role() == raft::role_kind::leader;
  std::erase_if(batch.proposals, [&](auto& p) {
    auto lacking = leads ? lacks_for(p.payload) : shortage::none;
    numbers[lacking].push_back(p.from.number);
    return lacking != shortage::none;
  });
  auto why = core_->propose(std::move(batch.proposals), now_.steady_ms);
  for (auto& [lacking, which] : numbers)
    if (lacking != shortage::none)
      answer_forwarded(from, asker, std::move(which), raft::refusal::overloaded, lacking);
    else if (why != raft::refusal::none)
      answer_forwarded(from, asker, std::move(which), why, lacking);
}

void raft_driver::answer_forwarded(const node_id& to, incarnation_t asker,
                                   std::vector<std::uint64_t>&& numbers, raft::refusal why, shortage of) {
  auto link = links_.find(to);
  if (link == links_.end()) return;
  link_send out;
  out.messages.emplace_back(forward_refusal{asker, std::move(numbers), why, of});
  self_->send(link->second, std::move(out));
}

void raft_driver::refused(const forward_refusal& r) {
  // Meant for an earlier life of this process, whose numbers began at 1 as well.
  if (r.asker != options_.incarnation) return;
  for (auto number : r.numbers) {
    auto* w = writes_.find(number);
    if (!w || w->doubts == 0) continue;
    --w->doubts;
    if (w->where != pending_write::phase::forwarded) continue;
    if (r.why == raft::refusal::overloaded && w->doubts == 0) {
      auto taken = writes_.take(number);
      answers_.refuse(taken->sink, taken->id, short_of(r.of));
    } else {
      w->where = pending_write::phase::waiting;
    }
  }
  flush();
}

cluster_status raft_driver::status() const {
  cluster_status out;
  out.self = options_.self;
  out.applied = facts_.applied;
  out.revision = facts_.revision;
  out.compacted = facts_.compacted;
  out.keys = facts_.keys;
  out.log_bytes = log_.bytes;
  out.disk_full = log_.disk_full;
  out.memory_bytes = facts_.logical_bytes;
  out.memory_quota = memory_.quota();
  out.memory_alarm = facts_.memory_alarm;
  out.snapshot = snapshot_.index;
  out.search = search_;
  for (auto& j : joiners_)
    out.waiting.push_back({j.id, j.peer_address, j.http_address, node_role::forming, {}, -1, false});
  out.recovered = options_.recovered;
  if (!core_) return out;
  auto s = core_->get_status();
  out.cluster = s.members.cluster;
  out.role = s.role == raft::role_kind::leader     ? node_role::leader
             : s.role == raft::role_kind::follower ? role_of(s, options_.self)
                                                   : node_role::candidate;
  out.leader = s.leader;
  out.term = s.term;
  out.commit = s.commit;
  out.last = s.last_index;
  out.first = s.first_index;
  for (auto& m : s.members.members) {
    member_status row{m.id, m.peer_address, m.http_address, role_of(s, m.id), {}, -1, m.voter};
    row.disk_full = is_full(m.id);
    if (m.id == options_.self) {
      row.role = out.role;
      row.keeps_up = s.role == raft::role_kind::leader;
      row.last_contact_ms = 0;
      row.match = s.durable_index;
    }
    for (auto& f : s.followers) {
      if (f.id != m.id) continue;
      row.match = f.match;
      row.last_contact_ms = static_cast<std::int64_t>(f.ticks_since_contact) * options_.tick_ms;
      row.keeps_up = f.keeps_up && !f.snapshot && f.ticks_since_contact < options_.core.election_ticks_min;
    }
    out.members.push_back(std::move(row));
  }
  return out;
}

void raft_driver::sweep() {
  for (auto& [w, certain] : writes_.overdue(now_.steady_ms)) {
    if (certain)
      answers_.refuse(w.sink, w.id, no_leader_known());
    else
      answers_.refuse(w.sink, w.id, outcome_unknown());
  }
  auto refuse_overdue = [&](auto& reads) {
    bool leader = core_ && core_->leader();
    for (auto& q : reads.overdue(now_.steady_ms))
      answers_.refuse(q.sink, q.id,
                      leader ? refusal{refusal_kind::timed_out, 0, "no majority confirmed the leader in time"}
                             : no_leader_known());
  };
  refuse_overdue(reads_);
  refuse_overdue(searches_);
  std::erase_if(snapshot_askers_, [&](auto& asker) {
    bool over = asker.deadline_ms <= now_.steady_ms;
    if (over)
      answers_.refuse(asker.sink, asker.id,
                      {refusal_kind::timed_out, 0, "the snapshot is still being written"});
    return over;
  });
  sweep_transfers();
  sweep_members();
  flush();
}

} // namespace troupe
