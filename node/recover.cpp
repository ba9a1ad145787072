#include "node/recover.hpp"

#include "base/entry_archive.hpp"
#include "node/open_data.hpp"
#include "storage/log_reader.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace troupe {

namespace {

constexpr std::size_t read_bytes = 4u << 20;
/// Of segments that hold little more than a head; the node makes the next ones in its own size.
constexpr std::uint64_t segment_bytes = 64u << 10;
constexpr std::size_t record_bytes_max = storage::wal_options{}.record_bytes_max;
constexpr std::size_t recoveries_bytes_max = 256u << 10;
/// A million a second for two thousand years.
constexpr std::uint64_t counter_max = std::uint64_t{1} << 56;

std::string recoveries_path(const std::string& folder) {
  return folder + "/recoveries.log";
}

result<std::string> read_whole(file_system& files, const std::string& path, std::size_t bytes_max) {
  auto f = files.open(path, open_mode::read);
  if (!f) return f.error();
  auto size = (*f)->size();
  if (!size) return size.error();
  if (*size > bytes_max) return error{errc::too_large, path + " is larger than it ever should be"};
  std::string bytes(*size, '\0');
  auto got = (*f)->read(0, bytes.data(), bytes.size());
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

result<void> write_whole(file_system& files, const std::string& folder, const std::string& path,
                         std::string_view bytes) {
  auto aside = path + ".tmp";
  auto f = files.open(aside, open_mode::replace);
  if (!f) return f.error();
  if (auto done = (*f)->write(0, bytes); !done) return done;
  if (auto done = (*f)->sync(); !done) return done;
  if (auto done = files.rename(aside, path); !done) return done;
  return files.sync_folder(folder);
}

std::string parent_of(const std::string& path) {
  auto slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string names_of(const membership& members) {
  std::string out;
  for (auto& m : members.members)
    out += (out.empty() ? "" : ",") + m.id.name;
  return out;
}

result<opened_data> open_for_reading(const surveyed_folder& f) {
  open_data_options options;
  options.folder = f.path;
  options.self = f.node;
  options.segment_bytes = segment_bytes;
  auto opened = open_data(*f.files, options);
  if (auto* why = std::get_if<cannot_start>(&opened))
    return error{why->code == exit_code::storage ? errc::corrupt : errc::foreign, why->why};
  return std::move(std::get<opened_data>(opened));
}

/// All that the log says, applied or not known to be committed.
result<void> apply_all(const surveyed_folder& f, opened_data& data) {
  auto& state = *data.state;
  storage::log_reader log{*f.files, data.log->map(), record_bytes_max};
  while (state.applied() < f.last) {
    auto entries = log.read(state.applied() + 1, f.last, read_bytes);
    if (!entries) return entries.error();
    for (auto& e : *entries)
      state.apply(e);
    while (state.compact_some(1'000)) {
    }
  }
  return {};
}

/// Removes what a recovery that was cut off has left, and nothing else.
result<void> make_empty(file_system& files, const storage::data_folder& folder) {
  auto names = files.list(folder.path());
  if (!names) return names.error();
  auto has = [&](std::string_view name) {
    return std::find(names->begin(), names->end(), name) != names->end();
  };
  if (has("node.id"))
    return error{errc::invalid_argument, folder.path() + " is the folder of a node already"};
  bool fresh = names->empty() || (names->size() == 1 && names->front() == "LOCK");
  bool left_behind = std::any_of(names->begin(), names->end(),
                                 [](auto& name) { return name.starts_with(recovery_unfinished); });
  if (!fresh && !left_behind) return error{errc::invalid_argument, folder.path() + " is not empty"};
  auto mark = folder.path() + "/" + std::string(recovery_unfinished);
  if (auto marked = write_whole(files, folder.path(), mark, ""); !marked) return marked;
  for (auto& sub : {folder.wal_folder(), folder.snapshot_folder()}) {
    auto inside = files.list(sub);
    if (!inside && inside.error().code == errc::not_found) continue;
    if (!inside) return inside.error();
    for (auto& name : *inside)
      if (auto gone = files.remove(sub + "/" + name); !gone) return gone;
  }
  return {};
}

result<snapshot_meta> write_snapshot(file_system& files, const std::string& folder,
                                     storage::state_machine& state) {
  if (auto made = files.make_folder(folder); !made) return made.error();
  auto pinned = state.try_pin(0);
  if (!pinned) return error{errc::unavailable, "the state cannot be pinned"};
  auto writer = storage::snapshot_writer::begin(files, folder, pinned->meta());
  if (!writer) return writer.error();
  while (!pinned->done())
    if (auto added = writer->append(pinned->next_chunk()); !added) return added.error();
  auto written = writer->finish();
  if (!written) return written.error();
  return written->meta;
}

result<void> write_log(file_system& files, const std::string& folder, const snapshot_meta& snapshot) {
  storage::wal_options options;
  options.folder = folder;
  options.segment_bytes = segment_bytes;
  storage::recovered_log nothing;
  auto log = storage::wal::open(files, options, nothing);
  if (!log) return log.error();
  if (auto done = (*log)->save(hard_state{snapshot.term, {}}); !done) return done;
  if (auto done = (*log)->reset_to(snapshot); !done) return done;
  return (*log)->sync();
}

std::string number(std::uint64_t n) {
  return std::to_string(n);
}

std::string audit_line(const surveyed_folder& from, const recovery_plan& plan) {
  std::string lost;
  for (auto& id : plan.lost)
    lost += (lost.empty() ? "" : ",") + id.name;
  return "recovered from=" + from.path + " old_cluster=" + from.members().cluster.to_string() +
         " old_storage=" + from.storage.to_string() + " old_members=" + names_of(from.members()) +
         " lost_members=" + (lost.empty() ? "none" : lost) + " last_index=" + number(from.last.value) +
         " last_term=" + number(from.last_term.value) + " writes_may_be_lost=yes";
}

/// A new cluster counts on from these: one that has no end ahead of it.
result<void> check_counters(const storage::state_machine& state, term_t term) {
  std::pair<const char*, std::uint64_t> counters[]{
      {"index", state.applied().value},
      {"term", std::max(term, state.applied_term()).value},
      {"revision", state.revision().value},
      {"log time", static_cast<std::uint64_t>(state.leader_time_ms())}};
  for (auto& [name, value] : counters)
    if (value > counter_max)
      return error{errc::corrupt,
                   std::string("no cluster can have reached the ") + name + " " + number(value)};
  return {};
}

/// A folder that begins a cluster of `self` alone, in `term`, with this state. `what` becomes the line behind
/// `earlier` in recoveries.log.
result<recovered_folder> build(file_system& files, storage::state_machine& state, term_t term,
                               const member& self, const recovery_order& order,
                               const std::vector<std::string>& earlier, const std::string& what) {
  if (auto checked = check_counters(state, term); !checked) return checked.error();
  membership alone{order.cluster, {self}};
  alone.members.front().storage = order.storage;
  alone.members.front().voter = true;
  entry begin;
  begin.term = term;
  begin.index = state.applied() + 1;
  begin.kind = entry_kind::membership;
  begin.leader_time_ms = state.leader_time_ms();
  begin.payload = blob{encode(alone)};
  state.apply(begin);

  auto folder = storage::data_folder::open(files, order.output);
  if (!folder) return folder.error();
  if (auto empty = make_empty(files, *folder); !empty) return empty.error();
  auto snapshot = write_snapshot(files, folder->snapshot_folder(), state);
  if (!snapshot) return snapshot.error();
  if (auto written = write_log(files, folder->wal_folder(), *snapshot); !written) return written.error();

  std::string lines;
  for (auto& line : earlier)
    lines += line + "\n";
  lines += order.record + " " + what + " node=" + self.id.name + " new_cluster=" + order.cluster.to_string() +
           " new_storage=" + order.storage.to_string() + " begins_at_index=" + number(begin.index.value) +
           " begins_at_term=" + number(begin.term.value) + "\n";
  if (auto written = write_whole(files, order.output, recoveries_path(order.output), lines); !written)
    return written.error();
  if (auto synced = files.sync_folder(parent_of(order.output)); !synced) return synced.error();

  folder_record record{{alone, true}, true};
  storage::node_identity identity{order.storage, self.id, encode(record)};
  if (auto written = storage::write_node_identity(files, order.output, identity); !written)
    return written.error();
  if (auto done = files.remove(order.output + "/" + std::string(recovery_unfinished)); !done)
    return done.error();
  if (auto synced = files.sync_folder(order.output); !synced) return synced.error();
  return recovered_folder{begin.index, begin.term, state.revision(), state.keys()};
}

} // namespace

result<surveyed_folder> survey(file_system& files, const std::string& folder) {
  surveyed_folder out;
  out.path = folder;
  out.files = std::make_unique<scratch_files>(files);
  // Before a lock file is made in what is somebody else's folder.
  auto known = files.exists(folder + "/node.id");
  if (!known) return known.error();
  if (!*known) return error{errc::not_found, folder + " holds no node.id: it is no node's data folder"};
  // Before anything is read: a process may be writing to it.
  if (auto lock = out.files->lock(folder + "/LOCK"); !lock) {
    if (lock.error().code != errc::locked) return lock.error();
    return error{errc::locked, folder + ": a process is using this folder; stop that node first"};
  }
  auto identity = storage::read_node_identity(files, folder);
  if (!identity) return identity.error();
  if (!*identity) return error{errc::not_found, folder + "/node.id is gone"};
  out.node = (*identity)->node;
  out.storage = (*identity)->storage;
  auto opened = open_for_reading(out);
  if (!opened) return opened.error();
  if (!opened->recovered)
    return error{errc::foreign, folder + ": this node has never been in a cluster that formed"};
  auto& found = *opened->recovered;
  out.state = found.state;
  out.snapshot = found.snapshot;
  out.first = opened->log->first();
  out.last = found.last_index;
  out.last_term = opened->last_term;
  if (found.snapshot.index.value != 0) out.memberships.push_back(found.snapshot.members);
  for (auto& m : found.memberships)
    out.memberships.push_back(m.members);
  if (out.memberships.empty()) return error{errc::corrupt, folder + ": the log knows no members"};
  auto* self = out.members().find(out.node);
  if (!self || self->storage != out.storage)
    return error{errc::foreign, folder + ": its log says that " + out.node.name + " was removed or replaced"};
  out.notes = opened->notes;
  return out;
}

result<recovery_plan> plan_recovery(const std::vector<surveyed_folder>& folders) {
  recovery_plan plan;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    auto& f = folders[i];
    auto& best = folders[plan.chosen];
    if (f.members().cluster != folders.front().members().cluster)
      return error{errc::invalid_argument,
                   f.path + " and " + folders.front().path +
                       " are of different clusters: " + f.members().cluster.to_string() + " and " +
                       folders.front().members().cluster.to_string()};
    for (std::size_t j = 0; j < i; ++j)
      if (folders[j].node == f.node)
        return error{errc::invalid_argument,
                     folders[j].path + " and " + f.path + " are both of node " + f.node.name};
    if (std::tie(f.last_term, f.last) > std::tie(best.last_term, best.last)) plan.chosen = i;
  }
  auto given = [&](const member& m) {
    return std::any_of(folders.begin(), folders.end(),
                       [&](auto& f) { return f.node == m.id && f.storage == m.storage; });
  };
  auto& best = folders[plan.chosen];
  for (auto& members : best.memberships) {
    plan.voters = 0;
    plan.voters_found = 0;
    for (auto& m : members.members) {
      if (!m.voter) continue;
      ++plan.voters;
      plan.voters_found += given(m);
    }
  }
  for (auto& m : best.members().members)
    if (!given(m)) plan.lost.push_back(m.id);
  if (plan.voters_found > plan.voters / 2)
    return error{errc::invalid_argument,
                 "these are " + std::to_string(plan.voters_found) + " of " + std::to_string(plan.voters) +
                     " voters, a majority: nothing is lost. Start these nodes, they elect a leader"};
  return plan;
}

result<recovered_folder> rebuild(file_system& files, const std::vector<surveyed_folder>& folders,
                                 const recovery_plan& plan, const recovery_order& order) {
  auto& from = folders[plan.chosen];
  auto data = open_for_reading(from);
  if (!data) return data.error();
  if (auto applied = apply_all(from, *data); !applied) return applied.error();
  auto earlier = read_recoveries(files, from.path);
  if (!earlier) return earlier.error();
  return build(files, *data->state, std::max(from.state.term, from.last_term) + 1,
               *from.members().find(from.node), order, *earlier, audit_line(from, plan));
}

result<recovered_folder> restore(file_system& files, const std::string& snapshot, const member& self,
                                 const recovery_order& order) {
  auto state = storage::load_snapshot(files, snapshot);
  if (!state) return state.error();
  auto& old = state->members();
  auto what = "restored from=" + snapshot + " old_cluster=" + old.cluster.to_string() +
              " old_members=" + names_of(old) + " last_index=" + number(state->applied().value) +
              " last_term=" + number(state->applied_term().value);
  return build(files, *state, state->applied_term() + 1, self, order, {}, what);
}

result<std::vector<std::string>> read_recoveries(file_system& files, const std::string& folder) {
  std::vector<std::string> lines;
  auto text = read_whole(files, recoveries_path(folder), recoveries_bytes_max);
  if (!text && text.error().code == errc::not_found) return lines;
  if (!text) return text.error();
  for (std::size_t begin = 0; begin < text->size();) {
    auto end = std::min(text->find('\n', begin), text->size());
    lines.push_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

} // namespace troupe
