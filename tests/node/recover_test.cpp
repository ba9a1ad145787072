// From the folders that are left to one new folder: what is refused, what is certain, what is in it, and that
// power cuts on the way do no harm.

#include "actors/folder_record.hpp"
#include "base/fault_file.hpp"
#include "node/open_data.hpp"
#include "node/recover.hpp"
#include "raft/core.hpp"
#include "raft/formation.hpp"
#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe {
namespace {

using storage::testing::driver;
using storage::testing::putting;

membership members_of(std::size_t count) {
  membership out{cluster_id{7, 8}, {}};
  for (std::size_t i = 1; i <= count; ++i) {
    auto name = "n" + std::to_string(i);
    out.members.push_back({node_id{name}, storage_id{1, i}, name + ":1", name + ":2", true});
  }
  return out;
}

/// Puts k2, k3, ... up to index `last`, of these terms.
std::vector<entry> history(const membership& members, std::uint64_t last, std::uint64_t last_term) {
  std::vector<entry> out{raft::first_entry(members)};
  for (std::uint64_t i = 2; i <= last; ++i) {
    entry e;
    e.term = term_t{i == last ? last_term : 1};
    e.index = index_t{i};
    e.kind = entry_kind::command;
    e.leader_time_ms = static_cast<std::int64_t>(1'000 + i);
    e.payload = blob{encode_command(putting("k" + std::to_string(i), "value " + std::to_string(i)))};
    out.push_back(std::move(e));
  }
  return out;
}

struct recover_test : testing::Test {
  /// The folder /nX of member X.
  void write_folder(file_system& disk, const membership& members, std::size_t number, std::uint64_t last,
                    std::uint64_t last_term = 1) {
    auto& self = members.members[number - 1];
    auto path = "/" + self.id.name;
    ASSERT_TRUE(disk.make_folder(path));
    auto folder = storage::data_folder::open(disk, path);
    ASSERT_TRUE(folder);
    storage::wal_options options;
    options.folder = folder->wal_folder();
    options.segment_bytes = 16u << 10;
    storage::recovered_log nothing;
    auto log = storage::wal::open(disk, options, nothing);
    ASSERT_TRUE(log);
    ASSERT_TRUE((*log)->save(hard_state{term_t{last_term + 1}, node_id{"n2"}}));
    ASSERT_TRUE((*log)->append(history(members, last, last_term)));
    ASSERT_TRUE((*log)->sync());
    folder_record record{{members, true}, true};
    ASSERT_TRUE(storage::write_node_identity(disk, path, {self.storage, self.id, encode(record)}));
    ASSERT_TRUE(disk.sync_folder("/"));
  }
  static surveyed_folder look(file_system& disk, const std::string& path) {
    auto found = survey(disk, path);
    if (!found) {
      ADD_FAILURE() << found.error().detail;
      std::abort();
    }
    return std::move(*found);
  }
  static std::vector<surveyed_folder> look_at(file_system& disk, const std::vector<std::string>& paths) {
    std::vector<surveyed_folder> out;
    for (auto& p : paths)
      out.push_back(look(disk, p));
    return out;
  }
  static recovery_order order() {
    return {"/new", cluster_id{9, 9}, storage_id{5, 5},
            "2026-01-01T00:00:00Z version=1 by=somebody@somewhere"};
  }
  static opened_data open_new(file_system& disk) {
    open_data_options o;
    o.folder = "/new";
    o.self = node_id{"n1"};
    o.segment_bytes = 16u << 10;
    auto opened = open_data(disk, o);
    if (auto* why = std::get_if<cannot_start>(&opened)) {
      ADD_FAILURE() << why->why;
      std::abort();
    }
    return std::move(std::get<opened_data>(opened));
  }

  membership three = members_of(3);
  fault_file_system disk{1};
};

TEST_F(recover_test, looking_changes_nothing) {
  write_folder(disk, three, 1, 20);
  // A torn tail, which a node would cut off.
  std::string segment;
  for (auto& path : disk.files())
    if (path.ends_with(".wal")) segment = path;
  auto before_files = disk.files();
  auto before = disk.content(segment);
  auto operations = disk.operations();
  auto found = look(disk, "/n1");
  EXPECT_EQ(disk.operations(), operations);
  EXPECT_EQ(disk.files(), before_files);
  EXPECT_EQ(disk.content(segment), before);
  EXPECT_EQ(found.node, node_id{"n1"});
  EXPECT_EQ(found.last, index_t{20});
  EXPECT_EQ(found.state.term, term_t{2});
  EXPECT_EQ(found.members(), three);
}

TEST_F(recover_test, a_folder_in_use_is_refused) {
  write_folder(disk, three, 1, 5);
  auto held = storage::data_folder::open(disk, "/n1");
  ASSERT_TRUE(held);
  auto found = survey(disk, "/n1");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, errc::locked);
}

TEST_F(recover_test, while_it_is_looked_at_no_node_starts_with_it) {
  write_folder(disk, three, 1, 5);
  auto found = look(disk, "/n1");
  EXPECT_EQ(storage::data_folder::open(disk, "/n1").error().code, errc::locked);
}

TEST_F(recover_test, what_is_no_nodes_folder_is_refused) {
  EXPECT_EQ(survey(disk, "/nothing").error().code, errc::not_found);
}

TEST_F(recover_test, damage_is_not_recovered_from) {
  write_folder(disk, three, 1, 200);
  for (auto& path : disk.files())
    if (path.ends_with(".wal")) {
      disk.flip_bit(path, 700, 3);
      break;
    }
  EXPECT_EQ(survey(disk, "/n1").error().code, errc::corrupt);
}

TEST_F(recover_test, the_log_with_the_highest_last_term_is_the_most_complete) {
  auto five = members_of(5);
  write_folder(disk, five, 1, 30, 1);
  write_folder(disk, five, 2, 20, 3);
  auto folders = look_at(disk, {"/n1", "/n2"});
  auto plan = plan_recovery(folders);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->chosen, 1u);
  EXPECT_EQ(plan->lost, (std::vector<node_id>{node_id{"n3"}, node_id{"n4"}, node_id{"n5"}}));
}

TEST_F(recover_test, a_majority_needs_no_recovery) {
  write_folder(disk, three, 1, 10);
  write_folder(disk, three, 2, 10);
  auto folders = look_at(disk, {"/n1", "/n2"});
  EXPECT_EQ(plan_recovery(folders).error().code, errc::invalid_argument);
}

TEST_F(recover_test, folders_of_different_clusters_do_not_go_together) {
  write_folder(disk, three, 1, 10);
  auto other = members_of(3);
  other.cluster = cluster_id{3, 3};
  write_folder(disk, other, 2, 10);
  auto folders = look_at(disk, {"/n1", "/n2"});
  EXPECT_NE(plan_recovery(folders).error().detail.find("different clusters"), std::string::npos);
}

TEST_F(recover_test, the_new_folder_has_all_data_and_one_member) {
  write_folder(disk, three, 1, 50);
  auto folders = look_at(disk, {"/n1"});
  auto plan = plan_recovery(folders);
  ASSERT_TRUE(plan);
  auto built = rebuild(disk, folders, *plan, order());
  ASSERT_TRUE(built) << built.error().detail;
  EXPECT_EQ(built->entry, index_t{51});
  EXPECT_EQ(built->term, term_t{3}) << "after every term that the folder knows of";
  EXPECT_EQ(built->keys, 49u);

  auto data = open_new(disk);
  EXPECT_EQ(data.identity.storage, (storage_id{5, 5}));
  EXPECT_TRUE(data.record.log_started);
  ASSERT_TRUE(data.recovered);
  auto& alone = data.recovered->snapshot.members;
  EXPECT_EQ(alone.cluster, (cluster_id{9, 9}));
  ASSERT_EQ(alone.members.size(), 1u);
  EXPECT_EQ(alone.members[0], (member{node_id{"n1"}, storage_id{5, 5}, "n1:1", "n1:2", true}));
  driver expected;
  for (auto& e : history(three, 50, 1))
    expected.m.apply(e);
  EXPECT_EQ(data.state->revision(), expected.m.revision());
  EXPECT_EQ(data.state->keys(), expected.m.keys());

  // It leads at once, in a later term, and takes writes.
  raft::core core{raft::settings{}, node_id{"n1"}, *data.recovered, 1};
  auto out = core.take();
  ASSERT_TRUE(out.persist);
  core.persisted(out.persist->number);
  core.take();
  EXPECT_EQ(core.role(), raft::role_kind::leader);
  EXPECT_EQ(core.term(), term_t{4});
}

TEST_F(recover_test, the_record_of_it_stays) {
  write_folder(disk, three, 1, 5);
  auto folders = look_at(disk, {"/n1"});
  ASSERT_TRUE(rebuild(disk, folders, *plan_recovery(folders), order()));
  auto data = open_new(disk);
  ASSERT_EQ(data.recoveries.size(), 1u);
  auto& line = data.recoveries[0];
  for (auto* part : {"by=somebody@somewhere", "old_members=n1,n2,n3", "lost_members=n2,n3", "last_index=5",
                     "writes_may_be_lost=yes", "begins_at_index=6"})
    EXPECT_NE(line.find(part), std::string::npos) << part << " in " << line;
}

TEST_F(recover_test, members_of_the_old_cluster_are_strangers_to_the_new_one) {
  write_folder(disk, three, 1, 5);
  auto folders = look_at(disk, {"/n1"});
  ASSERT_TRUE(rebuild(disk, folders, *plan_recovery(folders), order()));
  auto members = open_new(disk).recovered->snapshot.members;
  raft::known_members known{members, {}, members, {}};
  for (auto& old : three.members) {
    raft::hello greeting{old, {"n1:1", "n2:1", "n3:1"}, {three, true}, false, {}};
    EXPECT_EQ(raft::check_hello(known, greeting).verdict, raft::hello_verdict::foreign_cluster)
        << old.id.name;
  }
}

TEST_F(recover_test, twice_into_one_folder_is_refused) {
  write_folder(disk, three, 1, 5);
  auto folders = look_at(disk, {"/n1"});
  auto plan = plan_recovery(folders);
  ASSERT_TRUE(rebuild(disk, folders, *plan, order()));
  EXPECT_EQ(rebuild(disk, folders, *plan, order()).error().code, errc::invalid_argument);
  EXPECT_EQ(open_new(disk).state->keys(), 4u);
}

TEST_F(recover_test, a_folder_with_anything_in_it_is_not_overwritten) {
  write_folder(disk, three, 1, 5);
  ASSERT_TRUE(disk.make_folder("/new"));
  disk.set_content("/new/letters.txt", "dear");
  auto folders = look_at(disk, {"/n1"});
  EXPECT_EQ(rebuild(disk, folders, *plan_recovery(folders), order()).error().code, errc::invalid_argument);
  EXPECT_EQ(disk.content("/new/letters.txt"), "dear");
}

TEST_F(recover_test, a_backup_is_restored_for_any_node) {
  driver machine;
  for (auto& e : history(three, 30, 1))
    machine.m.apply(e);
  ASSERT_TRUE(disk.make_folder("/backup"));
  auto pinned = machine.m.try_pin(0);
  auto writer = storage::snapshot_writer::begin(disk, "/backup", pinned->meta());
  while (!pinned->done())
    ASSERT_TRUE(writer->append(pinned->next_chunk()));
  auto backup = writer->finish().value();

  member self{node_id{"n1"}, {}, "elsewhere:1", "elsewhere:2", true};
  auto built = restore(disk, backup.path, self, order());
  ASSERT_TRUE(built) << built.error().detail;
  EXPECT_EQ(built->keys, 29u);
  auto data = open_new(disk);
  ASSERT_TRUE(data.recovered);
  self.storage = storage_id{5, 5};
  EXPECT_EQ(data.recovered->snapshot.members, (membership{cluster_id{9, 9}, {self}}));
  EXPECT_EQ(data.recovered->snapshot.index, index_t{31});
  EXPECT_EQ(data.state->revision(), machine.m.revision());
  ASSERT_EQ(data.recoveries.size(), 1u);
  EXPECT_NE(data.recoveries[0].find("restored from=/backup"), std::string::npos) << data.recoveries[0];
}

TEST_F(recover_test, a_damaged_backup_is_refused) {
  driver machine;
  for (auto& e : history(three, 30, 1))
    machine.m.apply(e);
  ASSERT_TRUE(disk.make_folder("/backup"));
  auto pinned = machine.m.try_pin(0);
  auto writer = storage::snapshot_writer::begin(disk, "/backup", pinned->meta());
  while (!pinned->done())
    ASSERT_TRUE(writer->append(pinned->next_chunk()));
  auto backup = writer->finish().value();
  disk.flip_bit(backup.path, backup.bytes / 2, 1);
  member self{node_id{"n1"}, {}, "h:1", "h:2", true};
  EXPECT_EQ(restore(disk, backup.path, self, order()).error().code, errc::corrupt);
  EXPECT_FALSE(disk.exists("/new/node.id").value());
}

/// Whoever made such a file: the cluster would stand still at the end of the number.
TEST_F(recover_test, a_backup_of_what_no_cluster_has_reached_is_refused) {
  ASSERT_TRUE(disk.make_folder("/backup"));
  member self{node_id{"n1"}, {}, "h:1", "h:2", true};
  auto restore_of = [&](term_t term, std::int64_t time_ms) {
    storage::state_machine state;
    auto first = history(three, 1, 1).front();
    first.term = term;
    first.leader_time_ms = time_ms;
    state.apply(first);
    auto pinned = state.try_pin(0);
    auto writer = storage::snapshot_writer::begin(disk, "/backup", pinned->meta());
    while (!pinned->done())
      EXPECT_TRUE(writer->append(pinned->next_chunk()));
    return restore(disk, writer->finish().value().path, self, order());
  };
  auto end_of_time = restore_of(term_t{1}, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(end_of_time.error().code, errc::corrupt);
  EXPECT_NE(end_of_time.error().detail.find("log time"), std::string::npos) << end_of_time.error().detail;
  auto last_term = restore_of(term_t{std::numeric_limits<std::uint64_t>::max()}, 1);
  EXPECT_EQ(last_term.error().code, errc::corrupt);
  EXPECT_FALSE(disk.exists("/new/node.id").value());
  EXPECT_TRUE(restore_of(term_t{1}, 1'750'000'000'000)) << "milliseconds since 1970, of older versions";
}

/// After a power cut at any point: either nothing that a node starts with, and the command can be repeated,
/// or all of it.
TEST_F(recover_test, a_power_cut_at_any_point_does_no_harm) {
  for (auto mode : {crash_mode::drop_unsynced, crash_mode::keep_all, crash_mode::reorder}) {
    bool finished = false;
    for (std::uint64_t n = 0; !finished; n += 3) {
      SCOPED_TRACE(std::to_string(n) + " operations");
      fault_file_system power{n + 1};
      write_folder(power, three, 1, 40);
      auto old_node_id = power.content("/n1/node.id");
      {
        auto folders = look_at(power, {"/n1"});
        auto plan = plan_recovery(folders);
        power.power_off_after(n);
        finished = rebuild(power, folders, *plan, order()).has_value();
      }
      power.crash(mode);
      ASSERT_EQ(power.content("/n1/node.id"), old_node_id);
      auto identity = storage::read_node_identity(power, "/new");
      bool complete = identity && *identity;
      ASSERT_TRUE(complete || !finished);
      if (!complete) {
        auto folders = look_at(power, {"/n1"});
        auto again = rebuild(power, folders, *plan_recovery(folders), order());
        ASSERT_TRUE(again) << again.error().detail;
      }
      auto data = open_new(power);
      ASSERT_TRUE(data.recovered);
      ASSERT_EQ(data.state->keys(), 39u);
      ASSERT_EQ(data.recovered->snapshot.members.cluster, (cluster_id{9, 9}));
      ASSERT_EQ(data.recoveries.size(), 1u);
    }
  }
}

} // namespace
} // namespace troupe
