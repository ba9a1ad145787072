#include "node/open_data.hpp"

#include "node/recover.hpp"
#include "raft/formation_sentences.hpp"

#include <algorithm>

namespace troupe {

namespace {

cannot_start refused(std::string why) {
  return {exit_code::refused, std::move(why)};
}

/// Bytes that are not what was written put the disk in doubt; a folder that cannot be opened or is somebody
/// else's does not.
cannot_start because(const error& e) {
  bool disk = e.code == errc::corrupt || e.code == errc::io_error || e.code == errc::disk_full;
  return {disk ? exit_code::storage : exit_code::refused, e.detail};
}

result<bool> is_empty(file_system& files, const std::string& folder) {
  auto names = files.list(folder);
  if (!names && names.error().code == errc::not_found) return true;
  if (!names) return names.error();
  return names->empty();
}

result<storage::node_identity> identify(file_system& files, const storage::data_folder& folder,
                                        const open_data_options& options) {
  auto found = storage::read_node_identity(files, folder.path());
  if (!found) return found.error();
  if (*found) {
    if ((*found)->node != options.self)
      return error{errc::foreign, folder.path() + " belongs to node " + (*found)->node.name +
                                      ", this is node " + options.self.name};
    return **found;
  }
  auto unfinished = files.exists(folder.path() + "/" + std::string(recovery_unfinished));
  if (!unfinished) return unfinished.error();
  if (*unfinished)
    return error{errc::foreign,
                 folder.path() + " was left by `troupe recover` before it was finished; run it again"};
  for (auto& sub : {folder.wal_folder(), folder.snapshot_folder()}) {
    auto empty = is_empty(files, sub);
    if (!empty) return empty.error();
    if (!*empty)
      return error{errc::foreign, sub + " is not empty, but there is no node.id that says whose it is"};
  }
  storage::node_identity fresh{options.fresh_storage, options.self, {}};
  if (auto done = storage::write_node_identity(files, folder.path(), fresh); !done) return done.error();
  return fresh;
}

result<folder_record> read_record(const storage::node_identity& identity) {
  if (identity.formation.empty()) return folder_record{};
  return decode<folder_record>(identity.formation, "node.id, formation");
}

/// The power can go between the first entry and the word in node.id that there is one. Without that word the
/// loss of the whole log would look like a node that has not begun, and it would vote again.
result<void> note_log_started(file_system& files, opened_data& data) {
  if (data.record.log_started) return {};
  data.record.log_started = true;
  data.identity.formation = encode(data.record);
  return storage::write_node_identity(files, data.folder.path(), data.identity);
}

term_t term_at(const storage::recovered_log& log, index_t index) {
  term_t term;
  for (auto& [first, t] : log.term_runs)
    if (first <= index) term = t;
  return index >= log.first && index <= log.last ? term : term_t{};
}

/// On a full disk the log has what is held back, at the start as later.
template <class Step>
result<void> with_reserve(storage::wal& log, Step step) {
  result<void> done = step();
  if (done || done.error().code != errc::disk_full) return done;
  if (auto held = log.hold_reserve(); !held) return held.error();
  if (auto given = log.release_reserve(); !given) return given.error();
  return step();
}

/// Makes the log and the newest snapshot agree, which a crash between writing the one and noting it in the
/// other prevented.
result<void> reconcile(storage::wal& log, storage::recovered_log& found, const snapshot_meta& snapshot) {
  if (snapshot.index < found.snapshot.index && found.first > snapshot.index + 1)
    return error{errc::corrupt, "the log begins at index " + std::to_string(found.first.value) +
                                    ", behind a snapshot at index " +
                                    std::to_string(found.snapshot.index.value) +
                                    " that is missing or damaged; the newest good one is at index " +
                                    std::to_string(snapshot.index.value)};
  if (snapshot.index <= found.snapshot.index) return {};
  // A power cut can leave a received snapshot without the hard state of the term it came in. A vote in that
  // term would have been durable first, so there was none.
  if (found.state.term < snapshot.term) {
    found.state = {snapshot.term, {}};
    if (auto saved = with_reserve(log, [&] { return log.save(found.state); }); !saved) return saved.error();
  }
  bool in_log = snapshot.index <= found.last &&
                (snapshot.index < found.first || term_at(found, snapshot.index) == snapshot.term);
  auto done = with_reserve(
      log, [&] { return in_log ? log.save_snapshot(snapshot, found.first) : log.reset_to(snapshot); });
  if (!done) return done.error();
  if (auto synced = log.sync(); !synced) return synced.error();
  found.snapshot = snapshot;
  if (in_log) return {};
  found.first = snapshot.index + 1;
  found.last = snapshot.index;
  found.term_runs.clear();
  found.tail.clear();
  found.memberships.clear();
  found.members = snapshot.members;
  found.members_index = snapshot.index;
  return {};
}

raft::recovered core_start(storage::recovered_log& found, const snapshot_meta& snapshot,
                           std::int64_t state_time_ms) {
  raft::recovered out;
  out.state = found.state;
  out.snapshot = snapshot;
  for (auto& [first, term] : found.term_runs)
    out.terms.push_back({first, term});
  out.last_index = std::max(found.last, snapshot.index);
  out.leader_time_ms = state_time_ms;
  if (!found.tail.empty())
    out.leader_time_ms = std::max(out.leader_time_ms, found.tail.back().leader_time_ms);
  for (auto& [index, members] : found.memberships)
    if (index > snapshot.index) out.memberships.push_back({index, members});
  // The log's own pointer may be to a later snapshot that is damaged, and carry the only membership there is.
  if (out.memberships.empty() && found.members_index > snapshot.index)
    out.memberships.push_back({found.members_index, found.members});
  out.tail = std::move(found.tail);
  return out;
}

/// The newest snapshot's state, or the empty one.
result<std::shared_ptr<storage::state_machine>> load_state(file_system& files, const std::string& folder,
                                                           std::optional<storage::snapshot_info>& newest,
                                                           std::string& notes) {
  if (auto made = files.make_folder(folder); !made) return made.error();
  if (auto removed = storage::remove_unfinished_snapshots(files, folder); !removed) return removed.error();
  auto search = storage::newest_good_snapshot(files, folder);
  if (!search) return search.error();
  for (auto& d : search->damaged)
    notes += "damaged snapshot " + d.path + " left aside: " + d.why.detail + "; ";
  newest = search->newest_good;
  if (!newest) return std::make_shared<storage::state_machine>();
  auto loaded = storage::load_snapshot(files, newest->path);
  if (!loaded) return loaded.error();
  return std::make_shared<storage::state_machine>(std::move(*loaded));
}

} // namespace

std::variant<opened_data, cannot_start> open_data(file_system& files, const open_data_options& options) {
  auto folder = storage::data_folder::open(files, options.folder);
  if (!folder) return refused(folder.error().detail);
  auto identity = identify(files, *folder, options);
  if (!identity) return because(identity.error());
  auto record = read_record(*identity);
  if (!record) return because(record.error());

  if (auto& known = record->formation.accepted; known && record->formation.formed) {
    auto* m = known->find(identity->node);
    if (!m || m->storage != identity->storage)
      return refused(raft::sentence::removed({identity->node, identity->storage, {}, {}, true}, *known));
  }

  opened_data out{std::move(*folder), *identity,    *record, nullptr, nullptr,
                  std::nullopt,       std::nullopt, {},      {},      {}};
  auto state = load_state(files, out.folder.snapshot_folder(), out.newest_snapshot, out.notes);
  if (!state) return because(state.error());
  out.state = *state;

  auto recoveries = read_recoveries(files, options.folder);
  if (!recoveries) return because(recoveries.error());
  out.recoveries = std::move(*recoveries);

  storage::wal_options wal_options;
  wal_options.folder = out.folder.wal_folder();
  wal_options.segment_bytes = options.segment_bytes;
  wal_options.reserve_path = out.folder.path() + "/reserve";
  wal_options.reserve_bytes = options.reserve_bytes;
  wal_options.recovered_tail_bytes_max = options.tail_bytes;
  wal_options.create = !out.record.log_started;
  storage::recovered_log found;
  auto log = storage::wal::open(files, wal_options, found);
  if (!log && out.record.log_started) {
    auto empty = is_empty(files, wal_options.folder);
    if (empty && *empty)
      return refused(wal_options.folder +
                     " is empty, but this node has had a log: without it the node has forgotten its "
                     "votes. Restore the folder, or replace the node as docs/operations.md says");
  }
  if (!log) return because(log.error());
  out.log = std::move(*log);
  out.notes += found.notes;

  snapshot_meta snapshot = out.newest_snapshot ? out.newest_snapshot->meta : snapshot_meta{};
  if (auto agreed = reconcile(*out.log, found, snapshot); !agreed) return because(agreed.error());
  out.last_term = found.tail.empty() ? snapshot.term : found.tail.back().term;
  // A node that was added begins with an empty log, and may have voted in it.
  bool begun = found.last.value != 0 || snapshot.index.value != 0 || out.record.joined_at;
  if (begun && !out.record.formation.formed)
    return refused(options.folder + " holds a log, but its node.id knows no cluster");
  if (begun) {
    if (auto noted = note_log_started(files, out); !noted) return because(noted.error());
    out.recovered = core_start(found, snapshot, out.state->leader_time_ms());
    out.recovered->storage = out.identity.storage;
  }
  return out;
}

} // namespace troupe
