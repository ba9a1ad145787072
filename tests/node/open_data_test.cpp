// From a folder to the state in which a node begins, or to the sentence with which it does not.

#include "actors/folder_record.hpp"
#include "base/fault_file.hpp"
#include "node/open_data.hpp"
#include "raft/core.hpp"
#include "raft/formation.hpp"
#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

using storage::testing::driver;
using storage::testing::putting;

const membership members{cluster_id{7, 8}, {{node_id{"n1"}, storage_id{1, 1}, "h:1", "h:2", true}}};

class open_data_test : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(disk.make_folder("/data"));
    ASSERT_TRUE(disk.sync_folder("/"));
  }
  static open_data_options options(const std::string& name = "n1") {
    open_data_options o;
    o.folder = "/data";
    o.self = node_id{name};
    o.fresh_storage = storage_id{1, 1};
    o.segment_bytes = 16u << 10;
    return o;
  }
  opened_data open() {
    auto result = open_data(disk, options());
    if (auto* c = std::get_if<cannot_start>(&result)) {
      ADD_FAILURE() << c->why;
      std::abort();
    }
    return std::move(std::get<opened_data>(result));
  }
  void expect_refusal(exit_code code, const std::string& part, const std::string& name = "n1") {
    auto result = open_data(disk, options(name));
    auto* c = std::get_if<cannot_start>(&result);
    ASSERT_NE(c, nullptr) << "it starts";
    EXPECT_EQ(c->code, code) << c->why;
    EXPECT_NE(c->why.find(part), std::string::npos) << c->why;
    EXPECT_EQ(c->why.find('\n'), std::string::npos) << "one line";
  }
  void write_record(bool formed, bool log_started) {
    folder_record r{{members, formed}, log_started};
    ASSERT_TRUE(storage::write_node_identity(disk, "/data", {storage_id{1, 1}, node_id{"n1"}, encode(r)}));
  }
  /// The log of a formed node: the membership, then puts k2, k3, ... up to this index.
  void write_log(std::uint64_t last) {
    {
      auto data = open();
      machine = driver{};
      std::vector<entry> entries{raft::first_entry(members)};
      machine.m.apply(entries[0]);
      while (machine.m.applied() < index_t{last}) {
        auto e = machine.next(entry_kind::command,
                              encode_command(putting("k" + std::to_string(machine.m.applied().value + 1),
                                                     std::string(1'000, 'v'))));
        machine.m.apply(e);
        entries.push_back(e);
      }
      ASSERT_TRUE(data.log->save(hard_state{term_t{1}, node_id{"n1"}}));
      ASSERT_TRUE(data.log->append(entries));
      ASSERT_TRUE(data.log->sync());
    }
    write_record(true, true);
  }
  /// Of the state that write_log has built, with or without a note in the log.
  storage::snapshot_info write_snapshot() {
    auto p = machine.m.try_pin(0);
    auto writer = storage::snapshot_writer::begin(disk, "/data/snapshots", p->meta());
    while (!p->done())
      EXPECT_TRUE(writer->append(p->next_chunk()));
    return writer->finish().value();
  }
  void compact(const snapshot_meta& meta, std::uint64_t first_kept) {
    auto data = open();
    ASSERT_TRUE(data.log->save_snapshot(meta, index_t{first_kept}));
    ASSERT_TRUE(data.log->sync());
  }
  void remove_all(const std::string& part) {
    for (auto& path : disk.files())
      if (path.find(part) != std::string::npos) {
        ASSERT_TRUE(disk.remove(path));
      }
  }

  fault_file_system disk{1};
  driver machine;
};

TEST_F(open_data_test, a_new_folder_gets_an_identity_and_has_no_log) {
  auto data = open();
  EXPECT_EQ(data.identity.node, node_id{"n1"});
  EXPECT_EQ(data.identity.storage, (storage_id{1, 1}));
  EXPECT_FALSE(data.recovered);
  EXPECT_FALSE(data.record.formation.formed);
  disk.crash(crash_mode::drop_unsynced);
  EXPECT_TRUE(storage::read_node_identity(disk, "/data").value());
}

TEST_F(open_data_test, the_storage_id_of_a_folder_stays) {
  { open(); }
  auto o = options();
  o.fresh_storage = storage_id{2, 2};
  auto again = open_data(disk, o);
  EXPECT_EQ(std::get<opened_data>(again).identity.storage, (storage_id{1, 1}));
}

TEST_F(open_data_test, a_second_process_is_refused) {
  auto first = open();
  expect_refusal(exit_code::refused, "/data");
}

TEST_F(open_data_test, the_folder_of_another_node_is_refused) {
  { open(); }
  expect_refusal(exit_code::refused, "belongs to node n1, this is node n2", "n2");
}

TEST_F(open_data_test, a_log_without_node_id_is_refused) {
  write_record(true, false);
  write_log(5);
  ASSERT_TRUE(disk.remove("/data/node.id"));
  expect_refusal(exit_code::refused, "there is no node.id");
}

TEST_F(open_data_test, snapshots_without_node_id_are_refused) {
  ASSERT_TRUE(disk.make_folder("/data/snapshots"));
  disk.set_content("/data/snapshots/something", "x");
  expect_refusal(exit_code::refused, "/data/snapshots is not empty");
}

TEST_F(open_data_test, a_damaged_node_id_puts_the_disk_in_doubt) {
  { open(); }
  disk.flip_bit("/data/node.id", 20, 1);
  expect_refusal(exit_code::storage, "node.id");
}

TEST_F(open_data_test, a_log_comes_back) {
  write_record(true, false);
  write_log(30);
  auto data = open();
  ASSERT_TRUE(data.recovered);
  EXPECT_EQ(data.recovered->last_index, index_t{30});
  EXPECT_EQ(data.recovered->state, (hard_state{term_t{1}, node_id{"n1"}}));
  ASSERT_EQ(data.recovered->memberships.size(), 1u);
  EXPECT_EQ(data.recovered->memberships[0].members, members);
  EXPECT_EQ(data.recovered->snapshot.index, index_t{});
  EXPECT_EQ(data.recovered->leader_time_ms, machine.time_ms);
  EXPECT_EQ(data.last_term, term_t{1});
  EXPECT_EQ(data.state->applied(), index_t{});
}

TEST_F(open_data_test, a_lost_log_is_refused) {
  write_record(true, false);
  write_log(5);
  remove_all("/wal/");
  expect_refusal(exit_code::refused, "forgotten its votes");
}

// The power can go between the first entry and the word in node.id that there is one.
TEST_F(open_data_test, a_log_that_is_lost_after_a_crash_at_its_beginning_is_refused) {
  write_record(true, false);
  write_log(5);
  write_record(true, false);
  {
    auto data = open();
    EXPECT_TRUE(data.recovered);
    EXPECT_TRUE(data.record.log_started);
  }
  remove_all("/wal/");
  expect_refusal(exit_code::refused, "forgotten its votes");
}

TEST_F(open_data_test, a_log_of_a_cluster_that_node_id_does_not_know_is_refused) {
  write_record(true, false);
  write_log(5);
  write_record(false, false);
  expect_refusal(exit_code::refused, "knows no cluster");
}

TEST_F(open_data_test, a_damaged_log_puts_the_disk_in_doubt) {
  write_record(true, false);
  write_log(60);
  auto files = disk.files();
  auto first = std::find_if(files.begin(), files.end(),
                            [](auto& path) { return path.find("/wal/") != std::string::npos; });
  ASSERT_NE(first, files.end());
  auto at = disk.content(*first).find(std::string(500, 'v'));
  ASSERT_NE(at, std::string::npos);
  disk.flip_bit(*first, at, 1);
  expect_refusal(exit_code::storage, *first);
}

TEST_F(open_data_test, starts_from_snapshot_and_log) {
  write_record(true, false);
  write_log(30);
  auto info = write_snapshot();
  compact(info.meta, 26);
  auto data = open();
  EXPECT_EQ(data.state->digest(), machine.m.digest());
  ASSERT_TRUE(data.newest_snapshot);
  EXPECT_EQ(data.newest_snapshot->path, info.path);
  EXPECT_EQ(data.recovered->snapshot, info.meta);
  EXPECT_EQ(data.recovered->last_index, index_t{30});
  EXPECT_TRUE(data.recovered->memberships.empty());
  EXPECT_EQ(data.log->first(), index_t{26});
}

TEST_F(open_data_test, a_snapshot_that_the_log_has_not_heard_of_is_noted_there) {
  write_record(true, false);
  write_log(30);
  auto info = write_snapshot();
  { EXPECT_EQ(open().recovered->snapshot, info.meta); }
  disk.crash(crash_mode::drop_unsynced);
  storage::recovered_log found;
  storage::wal_options o;
  o.folder = "/data/wal";
  ASSERT_TRUE(storage::wal::open(disk, o, found));
  EXPECT_EQ(found.snapshot, info.meta);
}

TEST_F(open_data_test, a_snapshot_beyond_the_log_begins_it_anew) {
  write_record(true, false);
  write_log(30);
  auto longer = driver{};
  longer.m.apply(raft::first_entry(members));
  longer.term = term_t{3};
  while (longer.m.applied() < index_t{50})
    longer.apply(putting("other", "v"));
  machine = std::move(longer);
  auto info = write_snapshot();
  auto data = open();
  EXPECT_EQ(data.recovered->last_index, index_t{50});
  EXPECT_EQ(data.recovered->snapshot, info.meta);
  EXPECT_TRUE(data.recovered->tail.empty());
  EXPECT_EQ(data.last_term, term_t{3});
  EXPECT_EQ(data.log->first(), index_t{51});
  EXPECT_EQ(data.state->applied(), index_t{50});
}

/// However full the newest segment is: where the note begins the next one, it is out of the reserve.
TEST_F(open_data_test, a_snapshot_is_noted_on_a_full_disk) {
  constexpr std::uint64_t reserve = 128u << 10;
  auto with_reserve = options();
  with_reserve.reserve_bytes = reserve;
  write_record(true, false);
  write_log(10);
  auto info = write_snapshot();
  std::uint64_t term = 1;
  std::size_t out_of_reserve = 0;
  for (int level = 0; level < 300; ++level) {
    SCOPED_TRACE(level);
    disk.set_capacity(std::uint64_t{1} << 40);
    {
      storage::recovered_log found;
      storage::wal_options o;
      o.folder = "/data/wal";
      o.segment_bytes = with_reserve.segment_bytes;
      o.reserve_path = "/data/reserve";
      o.reserve_bytes = reserve;
      auto log = storage::wal::open(disk, o, found);
      ASSERT_TRUE(log) << log.error().detail;
      ASSERT_TRUE((*log)->hold_reserve().value());
      ASSERT_TRUE((*log)->save({term_t{++term}, node_id{"n1"}}));
      ASSERT_TRUE((*log)->sync());
    }
    fault_file_system copy{1};
    ASSERT_TRUE(copy.make_folder("/data"));
    for (auto& path : disk.files())
      copy.set_content(path, disk.content(path));
    copy.set_capacity(copy.bytes_used());
    auto opened = open_data(copy, with_reserve);
    auto* data = std::get_if<opened_data>(&opened);
    ASSERT_TRUE(data) << std::get<cannot_start>(opened).why;
    EXPECT_EQ(data->recovered->snapshot, info.meta);
    EXPECT_EQ(data->recovered->state.term, term_t{term});
    out_of_reserve += !copy.exists("/data/reserve").value();
  }
  EXPECT_GT(out_of_reserve, 0u) << "the note always fitted";
}

TEST_F(open_data_test, a_damaged_snapshot_with_the_log_behind_it_is_left_aside) {
  write_record(true, false);
  write_log(30);
  auto info = write_snapshot();
  compact(info.meta, 1);
  disk.flip_bit(info.path, info.bytes / 2, 1);
  auto data = open();
  EXPECT_FALSE(data.newest_snapshot);
  EXPECT_EQ(data.state->applied(), index_t{});
  EXPECT_EQ(data.recovered->snapshot.index, index_t{});
  EXPECT_EQ(data.recovered->last_index, index_t{30});
  EXPECT_NE(data.notes.find(info.path), std::string::npos);
  // The core checks what it is given, and stops when it cannot begin.
  raft::core core{raft::settings{}, node_id{"n1"}, *data.recovered, 1};
  EXPECT_EQ(core.get_status().members, members);
}

TEST_F(open_data_test, a_damaged_snapshot_without_the_log_behind_it_puts_the_disk_in_doubt) {
  write_record(true, false);
  write_log(30);
  auto info = write_snapshot();
  compact(info.meta, 26);
  disk.flip_bit(info.path, info.bytes / 2, 1);
  expect_refusal(exit_code::storage, "the log begins at index 26");
}

TEST_F(open_data_test, an_older_good_snapshot_is_used_when_the_log_reaches_it) {
  write_record(true, false);
  write_log(20);
  auto older = write_snapshot();
  write_record(true, false);
  {
    auto data = open();
    std::vector<entry> more;
    while (machine.m.applied() < index_t{40}) {
      more.push_back(machine.next(entry_kind::command, encode_command(putting("k", "v"))));
      machine.m.apply(more.back());
    }
    ASSERT_TRUE(data.log->append(more));
    ASSERT_TRUE(data.log->sync());
  }
  auto newer = write_snapshot();
  compact(newer.meta, 15);
  disk.flip_bit(newer.path, newer.bytes / 2, 1);
  auto data = open();
  ASSERT_TRUE(data.newest_snapshot);
  EXPECT_EQ(data.newest_snapshot->meta, older.meta);
  EXPECT_EQ(data.state->applied(), index_t{20});
  EXPECT_EQ(data.recovered->last_index, index_t{40});
}

TEST_F(open_data_test, what_a_crash_left_of_a_snapshot_is_removed) {
  { open(); }
  disk.set_content("/data/snapshots/" + storage::snapshot_name(index_t{3}, term_t{1}) + ".tmp", "half");
  { open(); }
  for (auto& path : disk.files())
    EXPECT_FALSE(path.ends_with(".tmp")) << path;
}

TEST_F(open_data_test, a_disk_that_fails_puts_itself_in_doubt) {
  write_record(true, false);
  write_log(5);
  disk.fail(file_op::read, 1, errc::io_error, true, "/wal/");
  expect_refusal(exit_code::storage, "/wal/");
}

} // namespace
} // namespace troupe
