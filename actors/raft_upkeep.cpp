// The side of the Raft actor that reacts to the other actors of its node and to time: formation, links, disk,
// snapshots, history.

#include "actors/raft_driver.hpp"
#include "base/assert.hpp"
#include "command/codec.hpp"
#include "raft/formation.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

namespace troupe {

namespace {

constexpr std::int64_t sweep_period_ms = 100;
constexpr std::int64_t upkeep_period_ms = 1'000;

} // namespace

raft_driver::raft_driver(self_pointer self, raft_options options, raft_peers peers, raft_start start)
    : self_(self), options_(std::move(options)), peers_(std::move(peers)),
      writes_(options_.writes_max, options_.writes_bytes_max), reads_(options_.reads_max, 1, read_askers),
      searches_(options_.searches_max, 2, read_askers),
      history_(options_.history_keep_ms, options_.history_keep_revisions),
      memory_(options_.memory_quota_bytes), facts_(start.facts) {
  if (start.recovered) begin(std::move(*start.recovered));
}

void raft_driver::begin(raft::recovered start) {
  snapshot_ = start.snapshot;
  core_.emplace(options_.core, options_.self, std::move(start), options_.seed);
  // Empty: so that the log knows who wants to hear how it is, before there is anything to write.
  self_->send(peers_.wal, raft::persist_batch{});
  want_pump();
}

void raft_driver::formed(const cluster_formed& f) {
  formation_ = self_->current_sender();
  shown_[options_.self] = f.self;
  if (core_ || forming_) return want_pump();
  if (f.joined) {
    raft::recovered nothing;
    if (auto* m = f.members.find(options_.self)) nothing.storage = m->storage;
    return begin(std::move(nothing));
  }
  forming_ = f;
  raft::persist_batch first;
  first.number = 1;
  first.state = raft::first_hard_state();
  first.entries.push_back(raft::first_entry(f.members));
  self_->send(peers_.wal, std::move(first));
}

void raft_driver::on_persisted(const persisted_notice& p) {
  if (core_) {
    core_->persisted(p.number, p.state_number);
    return want_pump();
  }
  if (p.number == 0) return; // so far the state of the first batch, without its entry
  TROUPE_ASSERT(forming_, "nothing else is written before the core begins");
  auto formation = caf::actor_cast<formation_actor>(formation_);
  self_->request(formation, caf::infinite, log_started{}).then([this](log_started) {
    raft::recovered start;
    auto first = raft::first_entry(forming_->members);
    start.state = raft::first_hard_state();
    start.terms.push_back({first.index, first.term});
    start.last_index = first.index;
    if (auto* m = forming_->members.find(options_.self)) start.storage = m->storage;
    start.memberships.push_back({first.index, forming_->members});
    start.tail.push_back(std::move(first));
    forming_.reset();
    begin(std::move(start));
  });
}

void raft_driver::on_peer_state(const peer_state& p) {
  if (p.up) {
    links_[p.peer] = p.link;
    shown_[p.peer] = p.shown;
    if (log_.disk_full) tell_condition(p.link);
    if (core_ && core_->leader() == p.peer) dispatch_waiting();
  } else {
    links_.erase(p.peer);
    shown_.erase(p.peer);
    full_peers_.erase(p.peer);
    if (core_ && core_->leader() == p.peer) writes_.leader_lost();
    give_up_forwards_to(p.peer);
    if (core_) core_->unreachable(p.peer);
  }
  want_pump();
}

void raft_driver::on_peer_input(peer_input& in) {
  // Before the log has begun nothing may be answered; the sender repeats.
  if (!core_) return;
  for (auto& m : in.messages) {
    if (auto* r = std::get_if<raft::message>(&m)) {
      if (counts(in, *r)) core_->step(in.from, std::move(*r));
    } else if (auto* f = std::get_if<forward_proposals>(&m))
      forwarded(in.from, *f);
    else if (auto* h = std::get_if<forward_handover>(&m))
      asked_to_hand_over(in.from, *h);
    else if (auto* w = std::get_if<forward_member>(&m))
      asked_for_member(in.from, *w);
    else if (auto* a = std::get_if<member_answer>(&m))
      on_member_answer(*a);
    else if (auto* c = std::get_if<peer_condition>(&m))
      on_peer_condition(in.from, *c);
    else
      refused(std::get<forward_refusal>(m));
  }
  want_pump();
}

void raft_driver::on_applied(applied_notice& notice) {
  facts_ = notice.facts;
  core_->applied(notice.done);
  tell_leadership();
  watch_memory();
  for (auto& [number, result] : notice.results) {
    auto w = writes_.take(number);
    if (!w) continue;
    if (result.code == outcome::proposal_forgotten)
      answers_.refuse(w->sink, w->id, outcome_unknown());
    else
      answers_.add(w->sink, answer{w->id, std::move(result)});
  }
  flush();
  want_pump();
}

void raft_driver::on_snapshot_report(const snapshot_report& r) {
  snapshot_running_ = false;
  if (!r.ok && r.disk_full && !log_.disk_full) self_->send(peers_.wal, disk_short{});
  if (r.ok && r.meta.index > snapshot_.index) {
    snapshot_ = r.meta;
    applied_bytes_ = 0;
    // A follower that is behind gets the snapshot: space comes first.
    auto keep = log_.disk_full ? 0 : options_.snapshot_keep_entries;
    auto first = core_->get_status().first_index;
    auto cut = r.meta.index.value > keep ? index_t{r.meta.index.value - keep + 1} : index_t{1};
    auto first_kept = std::max(first, cut);
    core_->snapshot_written(r.meta, first_kept);
    self_->send(peers_.wal, log_compaction{r.meta, first_kept});
  }
  finish_snapshot_requests(r);
  want_pump();
}

void raft_driver::finish_snapshot_requests(const snapshot_report& r) {
  std::erase_if(snapshot_askers_, [&](auto& asker) {
    // It asked while this one was being written, and wants what was applied since as well.
    if (r.ok && r.meta.index < asker.applied) return false;
    if (r.ok)
      answers_.add(asker.sink, answer{asker.id, snapshot_result{r.meta.index, r.meta.term, r.bytes}});
    else
      answers_.refuse(asker.sink, asker.id, {refusal_kind::disk_full, 5'000, r.why_not});
    return true;
  });
  if (!snapshot_askers_.empty()) {
    snapshot_running_ = true;
    self_->send(peers_.snapshotter, snapshot_trigger{log_.disk_full});
  }
  flush();
}

void raft_driver::on_snapshot_received(const snapshot_received& r) {
  snapshot_ = r.meta;
  facts_ = r.facts;
  applied_bytes_ = 0;
  received_ = r;
  self_->send(peers_.wal, log_reset{r.meta});
}

void raft_driver::on_log_reset(const log_reset_done& r) {
  TROUPE_ASSERT(received_ && received_->meta == r.meta, "the log is only reset for a received snapshot");
  core_->snapshot_installed(r.meta, received_->leader_time_ms);
  received_.reset();
  want_pump();
}

void raft_driver::on_tick(const tick& t) {
  now_ = t;
  if (core_) core_->tick(t.steady_ms);
  if (t.steady_ms >= next_sweep_ms_) {
    next_sweep_ms_ = t.steady_ms + sweep_period_ms;
    dispatch_waiting();
    ask_read_index();
    ask_search_index();
    sweep();
  }
  if (t.steady_ms >= next_upkeep_ms_) {
    next_upkeep_ms_ = t.steady_ms + upkeep_period_ms;
    options_.report(status());
    if (core_) maintain();
  }
  want_pump();
}

void raft_driver::maintain() {
  auto entries = facts_.applied.value - std::min(facts_.applied.value, snapshot_.index.value);
  bool due = !log_.disk_full &&
             (applied_bytes_ >= options_.snapshot_log_bytes || entries >= options_.snapshot_log_entries);
  if (due && !snapshot_running_) {
    snapshot_running_ = true;
    self_->send(peers_.snapshotter, snapshot_trigger{log_.disk_full});
  }
  if (log_.disk_full) tell_condition();
  relieve_disk();
  // What compaction has freed since the last batch is news without a batch.
  ask_facts();
  if (core_->role() != raft::role_kind::leader) return;
  // A snapshot holds history too: without it, what was deleted makes the next one smaller at once.
  if (log_.disk_full) return shed_history();
  if (memory_.sheds_history(facts_.logical_bytes, facts_.memory_alarm)) return;
  auto revision = history_.due(now_.steady_ms, facts_.revision, facts_.compacted);
  if (!revision) return;
  command c;
  c.body = compact_history{*revision};
  if (propose_upkeep(c)) spdlog::debug("history: compacting below revision {}", revision->value);
}

} // namespace troupe
