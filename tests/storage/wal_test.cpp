// What the log promises its one writer, without crashes: tests/storage/wal_crash_test.cpp has those.

#include "storage/wal.hpp"
#include "tests/storage/wal_support.hpp"

#include <filesystem>

#include <stdlib.h>

namespace troupe::storage::test {
namespace {

class wal_calls : public testing::Test {
protected:
  wal_calls() { EXPECT_TRUE(log_.open()); }
  std::vector<entry> entries(std::size_t count, std::size_t size = 20, term_t term = term_t{1}) {
    std::vector<entry> out;
    for (std::size_t i = 0; i < count; ++i)
      out.push_back(make_entry(log_.now().last() + 1 + i, term, size));
    return out;
  }
  void reopen() {
    ASSERT_TRUE(log_.open());
    log_.check();
  }

  fault_file_system disk_;
  driven_log log_{disk_};
};

TEST_F(wal_calls, begins_empty) {
  EXPECT_EQ(log_.found.first, index_t{1});
  EXPECT_EQ(log_.found.last, index_t{0});
  EXPECT_EQ(log_.found.state, hard_state{});
  EXPECT_FALSE(log_.found.torn_tail);
  EXPECT_TRUE(log_.found.notes.empty());
}

TEST_F(wal_calls, reads_back_every_kind_of_record) {
  ASSERT_TRUE(log_.save({term_t{2}, node_id{"n3"}}));
  ASSERT_TRUE(log_.append(entries(3)));
  ASSERT_TRUE(log_.append(std::vector{make_membership_entry(index_t{4}, term_t{1})}));
  ASSERT_TRUE(log_.append(entries(2, 50, term_t{2})));
  ASSERT_TRUE(log_.truncate_suffix(index_t{6}));
  ASSERT_TRUE(log_.append(entries(2, 70, term_t{2})));
  ASSERT_TRUE(log_.sync());
  reopen();
  EXPECT_EQ(log_.found.members, members_of(4));
  EXPECT_EQ(log_.found.members_index, index_t{4});
  EXPECT_EQ(log_.found.tail.size(), 7u);
  ASSERT_TRUE(log_.save_snapshot({index_t{5}, term_t{2}, members_of(4)}, index_t{3}));
  ASSERT_TRUE(log_.sync());
  reopen();
  EXPECT_EQ(log_.found.first, index_t{3});
  EXPECT_EQ(log_.found.members_index, index_t{4});
  ASSERT_TRUE(log_.reset_to({index_t{50}, term_t{3}, members_of(9)}));
  ASSERT_TRUE(log_.sync());
  reopen();
  EXPECT_EQ(log_.found.members_index, index_t{50});
  ASSERT_TRUE(log_.append(entries(1, 10, term_t{3})));
  ASSERT_TRUE(log_.sync());
  reopen();
}

TEST_F(wal_calls, a_truncated_membership_gives_way_to_the_one_before) {
  ASSERT_TRUE(log_.append(std::vector{make_membership_entry(index_t{1}, term_t{1})}));
  ASSERT_TRUE(log_.append(std::vector{make_membership_entry(index_t{2}, term_t{1})}));
  ASSERT_TRUE(log_.truncate_suffix(index_t{2}));
  ASSERT_TRUE(log_.sync());
  reopen();
  EXPECT_EQ(log_.found.members, members_of(1));
  EXPECT_EQ(log_.found.members_index, index_t{1});
}

TEST_F(wal_calls, does_nothing_to_the_disk_before_sync) {
  auto before = disk_.operations();
  ASSERT_TRUE(log_.append(entries(10)));
  ASSERT_TRUE(log_.save({term_t{1}, {}}));
  ASSERT_TRUE(log_.truncate_suffix(index_t{9}));
  EXPECT_EQ(disk_.operations(), before);
  EXPECT_EQ(log_.log->map()->last(), index_t{0}) << "readers see what is synced";
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(disk_.operations(), before + 2) << "one write and one sync for all of it";
  EXPECT_EQ(log_.log->map()->last(), index_t{8});
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(disk_.operations(), before + 2) << "nothing to do";
}

TEST_F(wal_calls, refuses_what_breaks_its_rules_and_stages_nothing) {
  ASSERT_TRUE(log_.append(entries(5, 20, term_t{3})));
  ASSERT_TRUE(log_.save({term_t{3}, {}}));
  ASSERT_TRUE(log_.save_snapshot({index_t{3}, term_t{3}, {}}, index_t{2}));
  auto code = [](const result<void>& done) { return done ? errc{} : done.error().code; };
  EXPECT_EQ(code(log_.append(std::vector{make_entry(index_t{5}, term_t{3})})), errc::invalid_argument);
  EXPECT_EQ(code(log_.append(std::vector{make_entry(index_t{7}, term_t{3})})), errc::invalid_argument);
  EXPECT_EQ(code(log_.append(std::vector{make_entry(index_t{6}, term_t{2})})), errc::invalid_argument);
  auto half = std::vector{make_entry(index_t{6}, term_t{3}), make_entry(index_t{8}, term_t{3})};
  EXPECT_EQ(code(log_.append(half)), errc::invalid_argument);
  auto nonsense = make_entry(index_t{6}, term_t{3});
  nonsense.kind = entry_kind::membership;
  EXPECT_EQ(code(log_.append(std::vector{nonsense})), errc::invalid_argument);
  EXPECT_EQ(code(log_.append(entries(1, 2u << 20, term_t{3}))), errc::too_large);
  EXPECT_EQ(code(log_.save({term_t{2}, {}})), errc::invalid_argument);
  EXPECT_EQ(code(log_.truncate_suffix(index_t{3})), errc::invalid_argument);
  EXPECT_EQ(code(log_.save_snapshot({index_t{6}, term_t{3}, {}}, index_t{2})), errc::invalid_argument);
  EXPECT_EQ(code(log_.save_snapshot({index_t{2}, term_t{3}, {}}, index_t{2})), errc::invalid_argument);
  EXPECT_EQ(code(log_.save_snapshot({index_t{4}, term_t{3}, {}}, index_t{6})), errc::invalid_argument);
  EXPECT_EQ(code(log_.save_snapshot({index_t{4}, term_t{3}, {}}, index_t{1})), errc::invalid_argument);
  EXPECT_EQ(code(log_.reset_to({index_t{2}, term_t{3}, {}})), errc::invalid_argument);
  ASSERT_TRUE(log_.truncate_suffix(index_t{100})) << "nothing there: nothing to do";
  ASSERT_TRUE(log_.append(entries(1, 20, term_t{3})));
  ASSERT_TRUE(log_.sync());
  reopen();
}

TEST_F(wal_calls, bounds_what_waits_for_a_sync) {
  ASSERT_TRUE(log_.append(entries(60, 1000000)));
  auto staged = log_.log->staged_bytes();
  EXPECT_EQ(log_.log->append(entries(10, 1000000)).error().code, errc::too_large);
  EXPECT_EQ(log_.log->staged_bytes(), staged);
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(log_.log->staged_bytes(), 0u);
  reopen();
}

TEST_F(wal_calls, gives_a_large_entry_a_segment_of_its_size) {
  ASSERT_TRUE(log_.append(entries(1, 100)));
  ASSERT_TRUE(log_.append(entries(1, 500000)));
  ASSERT_TRUE(log_.append(entries(1, 100)));
  ASSERT_TRUE(log_.sync());
  EXPECT_GT(log_.log->bytes_on_disk(), 500000u);
  EXPECT_LT(log_.log->bytes_on_disk(), 600000u);
  EXPECT_EQ(log_.log->bytes_on_disk(), disk_.bytes_used());
  reopen();
}

TEST_F(wal_calls, removes_segments_behind_a_snapshot_and_keeps_the_vote) {
  ASSERT_TRUE(log_.save({term_t{7}, node_id{"n2"}}));
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(log_.append(entries(5, 500)));
    ASSERT_TRUE(log_.sync());
  }
  ASSERT_GT(log_.log->map()->segment_count(), 3u);
  ASSERT_TRUE(log_.save_snapshot({index_t{95}, term_t{1}, {}}, index_t{90}));
  ASSERT_TRUE(log_.sync());
  EXPECT_LE(log_.log->map()->segment_count(), 2u);
  EXPECT_EQ(disk_.bytes_used(), log_.log->bytes_on_disk());
  reopen();
  EXPECT_EQ(log_.found.state, (hard_state{term_t{7}, node_id{"n2"}}));
  EXPECT_EQ(log_.found.first, index_t{90});
}

TEST_F(wal_calls, bounds_the_recovered_tail) {
  ASSERT_TRUE(log_.append(entries(100, 200)));
  ASSERT_TRUE(log_.sync());
  reopen();
  std::size_t bytes = 0;
  for (auto& e : log_.found.tail)
    bytes += e.cost();
  EXPECT_LE(bytes, small_options().recovered_tail_bytes_max);
  EXPECT_GT(bytes, small_options().recovered_tail_bytes_max / 2);
  EXPECT_EQ(log_.found.tail.back().index, index_t{100});
}

TEST_F(wal_calls, a_full_disk_refuses_entries_and_still_votes) {
  while (log_.log->map()->segment_count() < 2) {
    ASSERT_TRUE(log_.append(entries(1, 1000)));
    ASSERT_TRUE(log_.sync());
  }
  disk_.set_capacity(disk_.bytes_used());
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    auto added = log_.append(entries(2, 1000));
    if (!added) {
      EXPECT_EQ(added.error().code, errc::disk_full);
      ++refused;
    }
    ASSERT_TRUE(log_.save({log_.now().hard.term + 1, node_id{"n1"}})) << "election " << i;
    ASSERT_TRUE(log_.sync());
  }
  EXPECT_GT(refused, 20);
  EXPECT_EQ(log_.log->prepare_next() ? errc{} : errc::disk_full, errc::disk_full);
  EXPECT_EQ(disk_.bytes_used(), log_.log->bytes_on_disk())
      << "a segment that cannot be made leaves nothing behind";

  // A snapshot makes room, and writes go on.
  auto at = log_.now().entries.back();
  ASSERT_TRUE(log_.save_snapshot({at.index, at.term, {}}, at.index + 1));
  ASSERT_TRUE(log_.sync());
  ASSERT_TRUE(log_.append(entries(10, 1000)));
  ASSERT_TRUE(log_.sync());
  reopen();
}

TEST_F(wal_calls, a_full_disk_refuses_a_batch_as_a_whole) {
  disk_.set_capacity(disk_.bytes_used() + (20u << 10));
  ASSERT_TRUE(log_.append(entries(3, 1000)));
  EXPECT_EQ(log_.append(entries(60, 1000)).error().code, errc::disk_full)
      << "room for one more segment, not for four";
  EXPECT_EQ(log_.log->last(), index_t{3});
  ASSERT_TRUE(log_.sync());
  reopen();
  EXPECT_EQ(log_.found.last, index_t{3});
  disk_.set_capacity(fault_file_system::unlimited);
  ASSERT_TRUE(log_.append(entries(60, 1000)));
  ASSERT_TRUE(log_.sync());
  reopen();
}

TEST_F(wal_calls, prepares_the_next_segment_in_bounded_steps_ahead_of_its_use) {
  EXPECT_FALSE(log_.log->needs_next());
  ASSERT_TRUE(log_.append(entries(9, 1000)));
  EXPECT_TRUE(log_.log->needs_next()) << "more than half full";
  int steps = 0;
  for (; log_.log->needs_next(); ++steps)
    ASSERT_TRUE(log_.log->prepare_next());
  EXPECT_EQ(steps, 2);
  ASSERT_TRUE(log_.sync());
  auto allocations = disk_.operations(file_op::allocate);
  ASSERT_TRUE(log_.append(entries(9, 1000)));
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(log_.log->map()->segment_count(), 2u);
  EXPECT_EQ(disk_.operations(file_op::allocate), allocations) << "the prepared file was used";
  reopen();
}

TEST(wal_failure, of_any_write_or_sync_poisons_the_log) {
  for (auto op : {file_op::write, file_op::sync})
    for (auto code : {errc::io_error, errc::disk_full}) {
      fault_file_system disk;
      driven_log log{disk};
      ASSERT_TRUE(log.open());
      ASSERT_TRUE(log.append(std::vector{make_entry(index_t{1}, term_t{1})}));
      disk.fail(op, 1, code);
      EXPECT_EQ(log.sync().error().code, errc::io_error) << "inside a segment a full disk is fatal too";
      EXPECT_EQ(log.sync().error().code, errc::io_error);
      EXPECT_EQ(log.log->append(std::vector{make_entry(index_t{2}, term_t{1})}).error().code, errc::io_error);
      EXPECT_EQ(log.log->save({term_t{9}, {}}).error().code, errc::io_error);
      EXPECT_EQ(log.log->truncate_suffix(index_t{1}).error().code, errc::io_error);
      EXPECT_EQ(log.log->reset_to({index_t{9}, term_t{1}, {}}).error().code, errc::io_error);
      EXPECT_EQ(log.log->prepare_next().error().code, errc::io_error);
      EXPECT_FALSE(log.log->needs_next());
    }
}

TEST(wal_failure, of_a_sync_is_not_forgotten_by_a_restart) {
  // The pages read back after the failed sync, but the disk does not have them: recovery must not take them
  // for durable.
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    fault_file_system disk{seed};
    driven_log log{disk};
    ASSERT_TRUE(log.open());
    ASSERT_TRUE(log.append(std::vector{make_entry(index_t{1}, term_t{1})}));
    disk.fail(file_op::sync, 1, errc::io_error);
    ASSERT_FALSE(log.sync());
    ASSERT_TRUE(log.open());
    EXPECT_EQ(log.found.last, index_t{1});
    log.check();
    disk.crash(crash_mode::drop_unsynced);
    ASSERT_TRUE(log.open());
    EXPECT_EQ(log.found.last, index_t{1}) << "it was acknowledged after the restart";
  }
}

TEST(wal_failure, of_a_folder_sync_is_not_forgotten_by_a_restart) {
  // The new segment has its name when the process stops; the disk does not know that yet.
  fault_file_system disk;
  driven_log log{disk};
  ASSERT_TRUE(log.open());
  ASSERT_TRUE(log.append(std::vector{make_entry(index_t{1}, term_t{1}, 12000)}));
  ASSERT_TRUE(log.append(std::vector{make_entry(index_t{2}, term_t{1}, 12000)}));
  disk.fail(file_op::sync_folder, 1, errc::io_error);
  ASSERT_FALSE(log.sync());
  ASSERT_TRUE(log.open());
  EXPECT_EQ(log.found.last, index_t{2});
  log.check();
  disk.crash(crash_mode::drop_unsynced);
  ASSERT_TRUE(log.open());
  EXPECT_EQ(log.found.last, index_t{2}) << "it was acknowledged after the restart";
}

TEST(wal_open, refuses_a_missing_log_when_there_must_be_one) {
  fault_file_system disk;
  auto options = small_options();
  options.create = false;
  recovered_log found;
  EXPECT_EQ(wal::open(disk, options, found).error().code, errc::corrupt);
  options.create = true;
  ASSERT_TRUE(wal::open(disk, options, found));
  options.create = false;
  EXPECT_TRUE(wal::open(disk, options, found));
  options.segment_bytes = 100;
  EXPECT_EQ(wal::open(disk, options, found).error().code, errc::invalid_argument);
}

TEST(wal_open, refuses_names_that_are_no_segments_and_ignores_other_files) {
  fault_file_system disk;
  recovered_log found;
  ASSERT_TRUE(wal::open(disk, small_options(), found));
  disk.set_content("data/wal/README", "hello");
  disk.set_content("data/wal/7.tmp", "hello");
  ASSERT_TRUE(wal::open(disk, small_options(), found));
  EXPECT_NE(found.notes.find("7.tmp"), std::string::npos);
  EXPECT_FALSE(disk.exists("data/wal/7.tmp").value());
  disk.set_content("data/wal/copy.wal", "hello");
  EXPECT_EQ(wal::open(disk, small_options(), found).error().code, errc::corrupt);
}

TEST(wal_open, a_cut_tail_never_comes_to_life_again) {
  // Three unsynced records; the first is torn, the third is good in itself. What is written into the gap ends
  // where the third began.
  fault_file_system disk;
  driven_log log{disk};
  ASSERT_TRUE(log.open());
  auto path = disk.files().front();
  auto base = log.log->position();
  for (std::uint64_t i = 1; i <= 3; ++i)
    ASSERT_TRUE(log.append(std::vector{make_entry(index_t{i}, term_t{1}, 100)}));
  ASSERT_TRUE(log.sync());
  disk.flip_bit(path, base + 40, 3);
  ASSERT_TRUE(log.open());
  EXPECT_TRUE(log.found.torn_tail);
  EXPECT_NE(log.found.notes.find(path + ": offset " + std::to_string(base)), std::string::npos)
      << log.found.notes;
  EXPECT_EQ(log.found.last, index_t{0});
  log.candidates = {model{}};
  for (std::uint64_t i = 1; i <= 2; ++i)
    ASSERT_TRUE(log.append(std::vector{make_entry(index_t{i}, term_t{2}, 100)}));
  ASSERT_TRUE(log.sync());
  ASSERT_TRUE(log.open());
  EXPECT_FALSE(log.found.torn_tail);
  log.check();
  EXPECT_EQ(log.found.last, index_t{2});
}

TEST(wal_open, works_on_real_files) {
  std::string pattern = testing::TempDir() + "troupe-wal-XXXXXX";
  std::string folder = ::mkdtemp(pattern.data());
  driven_log log{real_file_system(), small_options(folder + "/wal")};
  std::mt19937_64 random{3};
  ASSERT_TRUE(log.open());
  for (int i = 0; i < 300; ++i)
    ASSERT_TRUE(log.random_step(random));
  ASSERT_TRUE(log.sync());
  ASSERT_TRUE(log.open());
  log.check();
  log.log.reset();
  std::filesystem::remove_all(folder);
}

} // namespace
} // namespace troupe::storage::test
