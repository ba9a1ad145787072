#include "actors/wal_writer.hpp"

#include "messages/raft.hpp"

#include <spdlog/spdlog.h>

#include <span>
#include <utility>

namespace troupe {

namespace {

using self_pointer = wal_writer_actor::stateful_pointer<wal_writer_state>;

constexpr unsigned hold_pause_ticks = 5;

raft_actor raft_of(self_pointer self) {
  return caf::actor_cast<raft_actor>(self->state.raft);
}

void fail_stop(self_pointer self, const error& e) {
  auto& s = self->state;
  if (s.stopped) return;
  s.stopped = true;
  self->send(s.supervisor, fatal_failure{exit_code::storage, "write-ahead log: " + e.detail});
}

void report_condition(self_pointer self) {
  auto& s = self->state;
  if (!s.raft) return;
  s.told_room = s.disk_full && s.stalled.empty() && !s.log->holds_reserve() && s.log->has_room();
  self->send(raft_of(self), log_condition{s.disk_full, s.told_room, s.log->bytes_on_disk(), s.log->first()});
}

void set_disk_full(self_pointer self, bool full, std::string_view why) {
  auto& s = self->state;
  if (s.disk_full == full) return;
  s.disk_full = full;
  if (full)
    spdlog::error("log: no space for the next segment, refusing writes until there is: {}", why);
  else
    spdlog::info("log: there is space again");
  report_condition(self);
}

/// There is no space: whatever is held back goes to the disk now. False: there was nothing, or it failed.
bool give_reserve(self_pointer self, std::string_view why) {
  auto& s = self->state;
  auto given = s.log->release_reserve();
  if (!given) return fail_stop(self, given.error()), false;
  if (*given) s.hold_pause = hold_pause_ticks;
  set_disk_full(self, true, why);
  return *given;
}

/// How many entries of `rest` are handed to the log at once: what one sync surely takes, at least one.
std::size_t count_of_part(std::span<const entry> rest) {
  std::size_t count = 1;
  auto bytes = rest[0].cost();
  while (count < rest.size() && bytes + rest[count].cost() <= storage::wal::staged_bytes_max / 2)
    bytes += rest[count++].cost();
  return count;
}

/// Does a step that the log may have no space for, and when it has none once more with the reserve given up.
/// False: there is still none. Any other error stops the node.
template <class Step>
bool has_space_for(self_pointer self, Step step) {
  auto& s = self->state;
  result<void> done = step();
  if (!done && done.error().code == errc::disk_full && give_reserve(self, done.error().detail)) done = step();
  if (done || s.stopped) return true;
  if (done.error().code != errc::disk_full) return fail_stop(self, done.error()), true;
  set_disk_full(self, true, done.error().detail);
  return false;
}

/// Stages the newest hard state, ahead of entries that wait for space. False: there is none even for this.
bool save_state(self_pointer self) {
  auto& s = self->state;
  if (!s.unsaved) return true;
  if (!has_space_for(self, [&] { return s.log->save(*s.unsaved); })) return false;
  s.unsaved.reset();
  s.state_saved = true;
  return true;
}

/// Stages the entries of a batch, syncing in between when more has gathered than one sync may carry. False:
/// the disk is full; what was staged is taken out of the batch.
bool stage_entries(self_pointer self, raft::persist_batch& batch) {
  auto& s = self->state;
  std::span<const entry> rest{batch.entries};
  while (!rest.empty()) {
    auto part = rest.first(count_of_part(rest));
    auto append = [&]() -> result<void> {
      auto done = s.log->append(part);
      if (done || done.error().code != errc::too_large || s.log->staged_bytes() == 0) return done;
      if (auto synced = s.log->sync(); !synced) return synced;
      return s.log->append(part);
    };
    if (!has_space_for(self, append)) {
      auto staged = static_cast<std::ptrdiff_t>(batch.entries.size() - rest.size());
      batch.entries.erase(batch.entries.begin(), batch.entries.begin() + staged);
      return false;
    }
    if (s.stopped) return true;
    s.last_term = part.back().term;
    rest = rest.subspan(part.size());
  }
  if (batch.number != 0) s.staged_number = batch.number;
  return true;
}

/// Stages what is left of a batch when its hard state is. False: the disk is full and the entries were not
/// staged; what came before them in the batch was, and is taken out of it, so that the batch can be tried
/// again.
bool stage(self_pointer self, raft::persist_batch& batch) {
  auto& s = self->state;
  if (batch.truncate_from) {
    if (!has_space_for(self, [&] { return s.log->truncate_suffix(*batch.truncate_from); })) return false;
    if (s.stopped) return true;
    batch.truncate_from.reset();
  }
  return stage_entries(self, batch);
}

void take(self_pointer self, raft::persist_batch& batch) {
  auto& s = self->state;
  if (batch.number != 0) s.arrived_number = batch.number;
  if (batch.state) s.unsaved = std::move(batch.state);
  batch.state.reset();
  bool saved = save_state(self);
  if (s.stopped) return;
  if (!saved || !s.stalled.empty() || !stage(self, batch)) s.stalled.push_back(std::move(batch));
}

/// The snapshot is installed by then: there is no log to go on with.
error no_space_to_reset() {
  return {errc::disk_full, "no space, not even in the reserve, to begin anew behind a snapshot"};
}

void want_flush(self_pointer self) {
  auto& s = self->state;
  if (s.flush_pending || s.stopped) return;
  s.flush_pending = true;
  self->send(self, flush_log{});
}

void unstall(self_pointer self) {
  auto& s = self->state;
  bool saved = save_state(self);
  while (saved && !s.stalled.empty() && !s.stopped) {
    if (!stage(self, s.stalled.front())) break;
    s.stalled.pop_front();
  }
  if (s.stalled.empty() && !s.log->needs_next() && s.log->holds_reserve()) set_disk_full(self, false, "");
  want_flush(self);
}

void prepare_next(self_pointer self) {
  auto& s = self->state;
  if (s.stopped || !s.log->needs_next()) return;
  auto done = s.log->prepare_next();
  if (!done && done.error().code == errc::disk_full && give_reserve(self, done.error().detail))
    done = s.log->prepare_next();
  if (s.stopped) return;
  if (done) {
    // A large segment is prepared in steps, one a flush, so that no batch waits for all of it.
    if (!s.log->needs_next() && s.disk_full) unstall(self);
  } else if (done.error().code == errc::disk_full) {
    set_disk_full(self, true, done.error().detail);
  } else {
    fail_stop(self, done.error());
  }
}

void flush(self_pointer self) {
  auto& s = self->state;
  s.flush_pending = false;
  if (s.stopped) return;
  if (auto done = s.log->sync(); !done) return fail_stop(self, done.error());
  if (s.staged_number != 0 || s.state_saved) {
    // Each batch that has arrived is durable by now, or it stalls, and then only its entries do.
    auto states = s.unsaved ? s.staged_number : s.arrived_number;
    self->send(raft_of(self), persisted_notice{s.staged_number, s.last_term, s.log->last(), states});
    s.staged_number = 0;
    s.state_saved = false;
  }
  if (s.staged_reset) {
    self->send(raft_of(self), log_reset_done{*s.staged_reset});
    s.staged_reset.reset();
  }
  prepare_next(self);
  bool room = s.disk_full && s.stalled.empty() && !s.log->holds_reserve() && s.log->has_room();
  if (room != s.told_room) report_condition(self);
}

/// Takes the reserve, at the start and whenever the disk may have space again.
void hold_reserve(self_pointer self) {
  auto& s = self->state;
  auto held = s.log->hold_reserve();
  if (!held) return fail_stop(self, held.error());
  if (!*held) set_disk_full(self, true, "less than the reserve and a segment is left");
}

} // namespace

wal_writer_actor::behavior_type wal_writer(self_pointer self,
                                           std::shared_ptr<std::unique_ptr<storage::wal>> log,
                                           term_t last_term, supervisor_actor supervisor) {
  auto& s = self->state;
  s.log = std::move(*log);
  s.supervisor = std::move(supervisor);
  s.last_term = last_term;
  return {
      [=](raft::persist_batch& batch) {
        auto& s = self->state;
        if (s.stopped) return;
        bool first = !s.raft;
        s.raft = self->current_sender();
        if (first) {
          hold_reserve(self);
          if (s.stopped) return;
          report_condition(self);
        }
        take(self, batch);
        want_flush(self);
      },
      [=](const log_compaction& c) {
        auto& s = self->state;
        if (s.stopped) return;
        // Without space for the record the log stays as long as it is, and the next snapshot tries again.
        if (!has_space_for(self, [&] { return s.log->save_snapshot(c.meta, c.first_kept); })) return;
        if (s.stopped) return;
        if (auto done = s.log->sync(); !done) return fail_stop(self, done.error());
        s.hold_pause = 0;
        report_condition(self);
        want_flush(self);
      },
      [=](const log_reset& r) {
        auto& s = self->state;
        if (s.stopped) return;
        // The entries that wait for space are part of the log that is being replaced; the hard state is not.
        if (!save_state(self)) return fail_stop(self, no_space_to_reset());
        if (s.stopped) return;
        if (!s.stalled.empty()) s.staged_number = s.stalled.back().number;
        s.stalled.clear();
        s.raft = self->current_sender();
        if (!has_space_for(self, [&] { return s.log->reset_to(r.meta); }))
          return fail_stop(self, no_space_to_reset());
        if (s.stopped) return;
        s.last_term = r.meta.term;
        s.staged_reset = r.meta;
        report_condition(self);
        want_flush(self);
      },
      [=](disk_short) {
        auto& s = self->state;
        bool held = s.log->holds_reserve() && !s.stopped;
        if (held && s.log->reserve_bytes() != 0) give_reserve(self, "a snapshot does not fit");
      },
      [=](flush_log) { flush(self); },
      [=](const tick&) {
        auto& s = self->state;
        if (s.stopped) return;
        if (s.hold_pause > 0)
          --s.hold_pause;
        else if (s.disk_full)
          hold_reserve(self);
        if (s.stopped) return;
        if (s.disk_full) prepare_next(self);
        // Also when nothing waits: append may have made the next segment itself, with nothing left to
        // prepare.
        if (s.disk_full || !s.stalled.empty()) unstall(self);
      },
  };
}

} // namespace troupe
