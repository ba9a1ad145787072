#include "actors/storage.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"
#include "messages/raft.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

namespace {

using self_pointer = storage_actor::stateful_pointer<storage_state>;
using storage::change_batch;

std::optional<revision_t> revision_asked(const query& q) {
  return std::visit([](auto& what) { return what.at; }, q);
}

void answer_read(self_pointer self, routed_query q) {
  auto& s = self->state;
  auto result = s.machine->run(q.what);
  if (result.code == query_outcome::future) {
    auto revision = *revision_asked(q.what);
    s.waiting.until_revision(revision, std::move(q));
    return;
  }
  s.answers.add(q.sink, answer{q.id, std::move(result)});
}

void answer_ready_reads(self_pointer self) {
  auto& s = self->state;
  for (auto& q : s.waiting.ready(s.machine->applied(), s.machine->revision()))
    answer_read(self, std::move(q));
}

change_batch changes_now(const storage_state& s, const changes_request& what) {
  return s.machine->changes_after(what.after, what.bytes_max);
}
bool has_changes(const storage_state& s, const changes_request& what) {
  return s.machine->applied() != what.after || s.machine->embedding().id != what.model;
}

pending_values pending_now(const storage_state& s, const pending_request& what) {
  return {s.machine->embedding(), s.machine->pending_after(what.after, what.key, what.bytes_max)};
}
bool has_pending(const storage_state& s, const pending_request& what) {
  return s.machine->pending_vectors() != 0 || s.machine->embedding().id != what.model;
}

/// Answers the indexer and the embedder, if what they wait for has come.
void answer_followers(self_pointer self) {
  auto& s = self->state;
  if (s.changes && has_changes(s, s.changes->what)) {
    s.changes->promise.deliver(changes_now(s, s.changes->what));
    s.changes.reset();
  }
  if (s.pending && has_pending(s, s.pending->what)) {
    s.pending->promise.deliver(pending_now(s, s.pending->what));
    s.pending.reset();
  }
}

caf::typed_response_promise<change_batch> ask_changes(self_pointer self, const changes_request& what) {
  auto& s = self->state;
  auto promise = self->make_response_promise<change_batch>();
  if (!what.wait || has_changes(s, what)) {
    promise.deliver(changes_now(s, what));
    return promise;
  }
  if (s.changes) s.changes->promise.deliver(changes_now(s, s.changes->what));
  s.changes = storage_state::waiting_changes{promise, what};
  return promise;
}

caf::typed_response_promise<pending_values> ask_pending(self_pointer self, const pending_request& what) {
  auto& s = self->state;
  auto promise = self->make_response_promise<pending_values>();
  if (!what.wait || has_pending(s, what)) {
    promise.deliver(pending_now(s, what));
    return promise;
  }
  if (s.pending) s.pending->promise.deliver(pending_now(s, s.pending->what));
  s.pending = storage_state::waiting_pending{promise, what};
  return promise;
}

void apply(self_pointer self, const apply_batch& batch) {
  auto& s = self->state;
  applied_notice notice;
  for (auto& e : batch.entries) {
    // A snapshot that was installed meanwhile may already cover the beginning of a batch.
    if (e.index <= s.machine->applied()) continue;
    auto result = s.machine->apply(e);
    // A repeated proposal was answered when it was first applied.
    bool mine = e.from.number != 0 && e.from.incarnation == s.options.incarnation;
    if (mine && result.code != outcome::repeated)
      notice.results.emplace_back(e.from.number, std::move(result));
  }
  notice.done = batch.entries.back().index;
  notice.facts = facts_of(*s.machine);
  self->send(caf::actor_cast<raft_actor>(self->current_sender()), std::move(notice));
  answer_ready_reads(self);
  s.answers.flush(static_cast<storage_actor::base*>(self));
  answer_followers(self);
}

void read(self_pointer self, query_batch& batch) {
  auto& s = self->state;
  bool now = batch.index <= s.machine->applied() || deliberately(bug::read_before_applied);
  for (auto& q : batch.queries) {
    if (now)
      answer_read(self, std::move(q));
    else
      s.waiting.until_index(batch.index, std::move(q));
  }
  s.answers.flush(static_cast<storage_actor::base*>(self));
}

pin_ticket take_pin(self_pointer self) {
  auto& s = self->state;
  auto pin = s.machine->try_pin(s.now_ms);
  if (!pin) return {};
  pin_ticket ticket{++s.last_pin, pin->meta(), pin->revision(), pin->embedding()};
  s.pins.emplace(ticket.number, storage_state::held_pin{std::move(*pin), s.now_ms + s.options.pin_lease_ms});
  return ticket;
}

/// The pin with this number, whose lease begins anew; null when it has ended.
storage::pin* renewed(self_pointer self, std::uint64_t number) {
  auto& s = self->state;
  auto held = s.pins.find(number);
  if (held == s.pins.end()) return nullptr;
  held->second.lease_end_ms = s.now_ms + s.options.pin_lease_ms;
  return &held->second.pin;
}

pin_chunk pull(self_pointer self, const pin_pull& p) {
  auto* pin = renewed(self, p.number);
  if (!pin) return {};
  pin_chunk chunk{true, false, pin->next_chunk()};
  chunk.done = pin->done();
  return chunk;
}

pin_items pull_items(self_pointer self, const pin_items_pull& p) {
  auto* pin = renewed(self, p.number);
  if (!pin) return {};
  pin_items items{true, false, pin->next_items()};
  items.done = pin->items_done();
  return items;
}

void on_tick(self_pointer self, const tick& t) {
  auto& s = self->state;
  // A pin that was taken before there was a clock has its lease from now on.
  if (s.now_ms == 0)
    for (auto& [number, held] : s.pins)
      held.lease_end_ms = t.steady_ms + s.options.pin_lease_ms;
  s.now_ms = t.steady_ms;
  for (auto& q : s.waiting.overdue(t.steady_ms)) {
    refusal why{refusal_kind::timed_out, 0, "this node has not applied what the read asks for"};
    if (auto at = revision_asked(q.what); at && *at > s.machine->revision())
      why.detail = "revision " + std::to_string(at->value) + " does not exist yet";
    s.answers.refuse(q.sink, q.id, std::move(why));
  }
  s.answers.flush(static_cast<storage_actor::base*>(self));
  std::erase_if(s.pins, [&](auto& held) {
    bool over = held.second.lease_end_ms <= t.steady_ms;
    if (over) spdlog::warn("storage: pin {} was not used for a minute and is given up", held.first);
    return over;
  });
  s.machine->compact_some(s.options.compaction_work);
}

} // namespace

storage_facts facts_of(const storage::state_machine& m) {
  return {m.applied(), m.revision(), m.compacted(), m.keys(), m.logical_bytes(), m.memory_alarm()};
}

storage_actor::behavior_type
storage_keeper(self_pointer self, std::shared_ptr<storage::state_machine> machine, storage_options options) {
  self->state.machine = std::move(machine);
  self->state.options = options;
  return {
      [=](const apply_batch& batch) { apply(self, batch); },
      [=](facts_request) { return facts_of(*self->state.machine); },
      [=](query_batch& batch) { read(self, batch); },
      [=](pin_request) { return take_pin(self); },
      [=](const pin_pull& p) { return pull(self, p); },
      [=](const pin_items_pull& p) { return pull_items(self, p); },
      [=](const changes_request& what) { return ask_changes(self, what); },
      [=](const pending_request& what) { return ask_pending(self, what); },
      [=](const pin_release& p) { self->state.pins.erase(p.number); },
      [=](const state_install& install) {
        auto& s = self->state;
        TROUPE_ASSERT(install.state->applied() > s.machine->applied(), "a snapshot never takes state back");
        s.machine = install.state;
        answer_ready_reads(self);
        s.answers.flush(static_cast<storage_actor::base*>(self));
        answer_followers(self);
        return facts_of(*s.machine);
      },
      [=](const tick& t) { on_tick(self, t); },
  };
}

} // namespace troupe
