#include "actors/snapshotter.hpp"

#include "messages/raft.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

namespace troupe {

namespace {

using self_pointer = snapshotter_actor::stateful_pointer<snapshotter_state>;

/// The storage actor answers within a turn; when it does not for this long, the node has other troubles.
constexpr auto storage_timeout = std::chrono::seconds(60);

raft_actor raft_of(self_pointer self) {
  return caf::actor_cast<raft_actor>(self->state.raft);
}

void fail_stop(self_pointer self, const error& e) {
  self->send(self->state.supervisor, fatal_failure{exit_code::storage, "snapshot: " + e.detail});
}

void give_up(self_pointer self, std::string why, bool disk_full = false) {
  auto& s = self->state;
  spdlog::error("snapshot: not written: {}", why);
  if (s.current && s.current->pin != 0) self->send(s.storage, pin_release{s.current->pin});
  s.current.reset();
  self->send(raft_of(self), snapshot_report{false, {}, 0, std::move(why), disk_full});
}

/// Disk full is a reason to try later; every other error means that the disk is in doubt.
void write_failed(self_pointer self, const error& e) {
  bool disk_full = e.code == errc::disk_full;
  if (!disk_full) fail_stop(self, e);
  give_up(self, e.detail, disk_full);
}

void remove_old(self_pointer self, const storage::snapshot_info& newest, bool tight = false) {
  auto& s = self->state;
  // A file that is open keeps its space, whatever its name; who is being sent it begins again with the
  // newest.
  if (tight) std::erase_if(s.sources, [&](auto& source) { return source.first != newest.meta.index; });
  auto removed =
      storage::remove_old_snapshots(*s.files, s.folder, newest, tight ? 1 : storage::snapshots_kept);
  if (!removed) spdlog::warn("snapshot: old files stay: {}", removed.error().detail);
}

void finish(self_pointer self) {
  auto& s = self->state;
  auto info = s.current->writer->finish();
  if (!info) return write_failed(self, info.error());
  self->send(s.storage, pin_release{s.current->pin});
  auto tight = s.current->tight;
  s.current.reset();
  // A snapshot of the leader may have been installed while this one was written.
  if (!s.newest || s.newest->meta.index < info->meta.index) s.newest = *info;
  remove_old(self, *info, tight);
  spdlog::info("snapshot: written index={} term={} bytes={}", info->meta.index.value, info->meta.term.value,
               info->bytes);
  self->send(raft_of(self), snapshot_report{true, info->meta, info->bytes, {}});
}

void pull_next(self_pointer self) {
  auto& s = self->state;
  self->request(s.storage, storage_timeout, pin_pull{s.current->pin})
      .then(
          [=](pin_chunk& chunk) {
            auto& s = self->state;
            if (!s.current) return;
            if (!chunk.ok) return give_up(self, "the pin's lease ended");
            if (auto done = s.current->writer->append(chunk.bytes); !done)
              return write_failed(self, done.error());
            chunk.done ? finish(self) : pull_next(self);
          },
          [=](caf::error& e) {
            if (self->state.current) give_up(self, "storage did not answer: " + self->system().render(e));
          });
}

void begin(self_pointer self, bool tight) {
  auto& s = self->state;
  if (s.current) return; // the asker gets the report of the one that is being written
  s.current.emplace();
  s.current->tight = tight;
  if (tight && s.newest) remove_old(self, *s.newest, true);
  self->request(s.storage, storage_timeout, pin_request{})
      .then(
          [=](const pin_ticket& ticket) {
            auto& s = self->state;
            if (ticket.number == 0) return give_up(self, "too many readers hold old states");
            s.current->pin = ticket.number;
            if (s.newest && s.newest->meta.index >= ticket.meta.index) {
              // Nothing was applied since the newest one.
              self->send(s.storage, pin_release{ticket.number});
              s.current.reset();
              self->send(raft_of(self), snapshot_report{true, s.newest->meta, s.newest->bytes, {}});
              return;
            }
            auto writer = storage::snapshot_writer::begin(*s.files, s.folder, ticket.meta);
            if (!writer) return write_failed(self, writer.error());
            s.current->writer.emplace(std::move(*writer));
            pull_next(self);
          },
          [=](caf::error& e) { give_up(self, "storage did not answer: " + self->system().render(e)); });
}

/// The open file to send from: the one begun with if it is still open, else the newest.
storage::snapshot_source* source_for(self_pointer self, index_t wanted) {
  auto& s = self->state;
  if (auto open = s.sources.find(wanted); open != s.sources.end()) return &open->second;
  if (!s.newest) return nullptr;
  if (auto open = s.sources.find(s.newest->meta.index); open != s.sources.end()) return &open->second;
  auto source = storage::snapshot_source::open(*s.files, s.newest->path);
  if (!source) {
    fail_stop(self, source.error());
    return nullptr;
  }
  if (s.sources.size() >= storage::snapshots_kept) s.sources.erase(s.sources.begin());
  return &s.sources.emplace(s.newest->meta.index, std::move(*source)).first->second;
}

void send_piece(self_pointer self, const raft::snapshot_request& r) {
  auto* source = source_for(self, r.index);
  snapshot_piece piece{r, false, {}, 0, {}, false};
  if (source) {
    bool continued = r.index == source->info().meta.index;
    auto offset = continued ? r.offset : 0;
    auto bytes = source->read(offset, r.bytes_max);
    if (!bytes) return fail_stop(self, bytes.error());
    piece.ok = true;
    piece.meta = source->info().meta;
    piece.total_size = source->info().bytes;
    piece.done = offset + bytes->size() >= piece.total_size;
    piece.bytes = std::move(*bytes);
  }
  self->send(raft_of(self), std::move(piece));
}

void reject(self_pointer self, const raft::incoming_chunk& chunk, const error& why) {
  if (why.code == errc::io_error) return fail_stop(self, why);
  spdlog::error("snapshot: what the leader sends cannot be used: {}", why.detail);
  self->state.sink.reset();
  // The leader begins again; until then the log may make space for it.
  if (why.code == errc::disk_full) self->send(raft_of(self), snapshot_report{false, {}, 0, why.detail, true});
  self->send(raft_of(self), chunk_stored{chunk.meta, chunk.offset, false});
}

void install(self_pointer self, const raft::incoming_chunk& chunk) {
  auto& s = self->state;
  auto info = s.sink->finish();
  s.sink.reset();
  if (!info) return reject(self, chunk, info.error());
  auto loaded = storage::load_snapshot(*s.files, info->path);
  if (!loaded) return reject(self, chunk, loaded.error());
  auto state = std::make_shared<storage::state_machine>(std::move(*loaded));
  snapshot_received received{chunk.meta, state->leader_time_ms(), {}};
  self->request(s.storage, storage_timeout, state_install{std::move(state)})
      .then(
          [=, installed = *info](const storage_facts& facts) {
            // Only now: a report of it must not reach Raft before the news that it was installed.
            self->state.newest = installed;
            remove_old(self, installed);
            spdlog::info("snapshot: installed index={} term={}", received.meta.index.value,
                         received.meta.term.value);
            self->send(raft_of(self), snapshot_received{received.meta, received.leader_time_ms, facts});
          },
          [=](caf::error& e) {
            fail_stop(self, error{errc::io_error, "storage did not install: " + self->system().render(e)});
          });
}

void store(self_pointer self, const raft::incoming_chunk& chunk) {
  auto& s = self->state;
  if (chunk.offset == 0) {
    s.sink.reset();
    auto sink = storage::snapshot_sink::begin(*s.files, s.folder, chunk.meta);
    if (!sink) return reject(self, chunk, sink.error());
    s.sink.emplace(std::move(*sink));
    s.sink_meta = chunk.meta;
  }
  if (!s.sink || s.sink_meta != chunk.meta)
    return reject(self, chunk, error{errc::invalid_argument, "a chunk of a snapshot that was not begun"});
  if (auto done = s.sink->write(chunk.offset, chunk.bytes); !done) return reject(self, chunk, done.error());
  if (chunk.done) return install(self, chunk);
  self->send(raft_of(self), chunk_stored{chunk.meta, chunk.offset + chunk.bytes.size(), true});
}

} // namespace

snapshotter_actor::behavior_type snapshotter(self_pointer self, file_system* files, std::string folder,
                                             std::optional<storage::snapshot_info> newest,
                                             storage_actor storage, supervisor_actor supervisor) {
  auto& s = self->state;
  s.files = files;
  s.folder = std::move(folder);
  s.newest = std::move(newest);
  s.storage = std::move(storage);
  s.supervisor = std::move(supervisor);
  return {
      [=](const snapshot_trigger& t) {
        self->state.raft = self->current_sender();
        begin(self, t.tight);
      },
      [=](const raft::snapshot_request& r) {
        self->state.raft = self->current_sender();
        send_piece(self, r);
      },
      [=](const raft::incoming_chunk& chunk) {
        self->state.raft = self->current_sender();
        store(self, chunk);
      },
  };
}

} // namespace troupe
