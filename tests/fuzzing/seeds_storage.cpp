#include "base/entry_archive.hpp"
#include "raft/formation_archive.hpp"
#include "storage/node_id_file.hpp"
#include "storage/wal.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/seeds.hpp"
#include "tests/fuzzing/target.hpp"
#include "tests/storage/snapshot_support.hpp"

namespace troupe::fuzzing {

namespace {

using namespace storage;

membership one_member() {
  return {cluster_id{1, 2}, {{node_id{"n1"}, storage_id{3, 4}, "h:1", "h:2", true}}};
}

entry entry_at(index_t index, term_t term, std::string payload) {
  return {term, index, entry_kind::command, 5, {incarnation_t{1}, index.value}, blob{payload}};
}

/// The files of a log as log_files reads them; the zeros behind the records are not kept.
std::string packed(const fault_file_system& disk) {
  std::string out;
  for (auto& path : disk.files()) {
    auto info = parse_segment_name(path.substr(path.rfind('/') + 1));
    if (!info) continue;
    auto content = disk.content(path);
    auto full = content.size();
    content.resize(std::min(content.find_last_not_of('\0') + 1 + 28, full));
    auto missing = (full - content.size() + 1023) / 1024;
    out += static_cast<char>(info->sequence);
    out += static_cast<char>(info->first.value);
    out += static_cast<char>(missing);
    append_stretch(out, content);
  }
  return out;
}

void fill(wal& log, bool cut_off) {
  require_success(log.save({term_t{1}, node_id{"n1"}}), "a log takes a vote");
  entry members{term_t{1}, index_t{1}, entry_kind::membership, 0, {}, blob{encode(one_member())}};
  require_success(log.append(std::span{&members, 1}), "a log takes entries");
  require_success(log.sync(), "a good disk syncs");
  for (std::uint64_t i = 2; i < 12; ++i) {
    auto e = entry_at(index_t{i}, term_t{1 + i / 5}, std::string(i % 3 == 0 && !cut_off ? 4'000 : 5, 'x'));
    require_success(log.append(std::span{&e, 1}), "a log takes entries");
    if (i % 3 == 0) require_success(log.sync(), "a good disk syncs");
  }
  require_success(log.save({term_t{4}, {}}), "a log takes a vote");
  require_success(log.truncate_suffix(index_t{10}), "a log can be cut");
  auto again = entry_at(index_t{10}, term_t{4}, "again");
  require_success(log.append(std::span{&again, 1}), "a log takes entries");
  if (cut_off) {
    require_success(log.save_snapshot({index_t{8}, term_t{2}, one_member()}, index_t{6}),
                    "a log can be shortened");
  }
  require_success(log.sync(), "a good disk syncs");
}

void make_log_seeds(const seed_sink& keep) {
  wal_options options;
  options.folder = "data/wal";
  options.segment_bytes = 16u << 10;
  options.record_bytes_max = 64u << 10;
  for (bool cut_off : {false, true}) {
    fault_file_system disk;
    recovered_log found;
    auto log = wal::open(disk, options, found);
    require_success(log, "a log can be made");
    keep("log_files", "fresh", packed(disk));
    fill(**log, cut_off);
    keep("log_files", cut_off ? "shortened" : "whole", packed(disk));
    if (!cut_off) continue;
    require_success((*log)->reset_to({index_t{30}, term_t{4}, one_member()}), "a log can begin anew");
    auto e = entry_at(index_t{31}, term_t{4}, "next");
    require_success((*log)->append(std::span{&e, 1}), "a log takes entries");
    require_success((*log)->sync(), "a good disk syncs");
    keep("log_files", "reset", packed(disk));
  }
}

void make_snapshot_seeds(const seed_sink& keep, std::string_view name, storage::testing::driver state) {
  auto pin = *state.m.try_pin(0);
  std::string chunks;
  for (auto& chunk : storage::testing::chunks_of(pin, 200))
    append_stretch(chunks, chunk);
  keep("snapshot_chunks", name, chunks);
  fault_file_system disk;
  storage::testing::prepare(disk);
  auto written = storage::testing::write_snapshot(disk, storage::testing::folder, state.m, 200);
  require_success(written, "a snapshot can be written");
  keep("snapshot_file", name, disk.content(written->path));
}

} // namespace

void make_storage_seeds(const seed_sink& keep) {
  make_log_seeds(keep);
  make_snapshot_seeds(keep, "rich", storage::testing::rich_state());
  make_snapshot_seeds(keep, "embedded", storage::testing::embedded_state());
  make_snapshot_seeds(keep, "empty", storage::testing::driver{});
  fault_file_system disk;
  require_success(disk.make_folder("data"), "a folder can be made");
  for (bool formed : {false, true}) {
    node_identity identity{storage_id{3, 4}, node_id{"n1"}, {}};
    if (formed) identity.formation = encode(raft::formation_record{one_member(), true});
    require_success(write_node_identity(disk, "data", identity), "an identity can be written");
    keep("node_file", formed ? "formed" : "fresh", disk.content("data/node.id"));
  }
}

} // namespace troupe::fuzzing
