// Snapshots on a disk that fails, fills up and loses power at every single operation.

#include "tests/storage/snapshot_support.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

struct run_result {
  std::optional<snapshot_info> first, second; ///< when their finish() returned
};

/// One snapshot, two writes, another snapshot, the first removed.
run_result write_two(file_system& disk) {
  run_result done;
  auto d = rich_state();
  auto first = write_snapshot(disk, folder, d.m);
  if (!first) return done;
  done.first = *first;
  d.apply(putting("second", "snapshot"));
  auto second = write_snapshot(disk, folder, d.m);
  if (!second) return done;
  done.second = *second;
  static_cast<void>(remove_old_snapshots(disk, folder, *second, 1));
  return done;
}

void expect_nothing_lost(fault_file_system& disk, const run_result& done) {
  auto search = newest_good_snapshot(disk, folder);
  ASSERT_TRUE(search) << search.error().detail;
  EXPECT_TRUE(search->damaged.empty())
      << "a final name on a file that is not whole: " << search->damaged[0].path;
  auto& promised = done.second ? done.second : done.first;
  if (promised) {
    ASSERT_TRUE(search->newest_good);
    EXPECT_GE(search->newest_good->meta.index, promised->meta.index);
  }
  if (search->newest_good) {
    auto loaded = load_snapshot(disk, search->newest_good->path);
    EXPECT_TRUE(loaded) << loaded.error().detail;
  }
  ASSERT_TRUE(remove_unfinished_snapshots(disk, folder));
  for (auto& path : disk.files())
    EXPECT_TRUE(path.ends_with(".snap")) << path;
}

class power_loss : public ::testing::TestWithParam<crash_mode> {};
INSTANTIATE_TEST_SUITE_P(modes, power_loss,
                         ::testing::Values(crash_mode::drop_unsynced, crash_mode::keep_all,
                                           crash_mode::reorder));

TEST_P(power_loss, at_every_operation) {
  auto seed = test_seed();
  std::uint64_t n = 0;
  for (;; ++n) {
    fault_file_system disk{seed + n};
    prepare(disk);
    disk.power_off_after(n);
    auto done = write_two(disk);
    if (!disk.is_off()) break;
    disk.crash(GetParam());
    expect_nothing_lost(disk, done);
    if (HasFailure()) FAIL() << "power off after " << n << " operations";
  }
  EXPECT_GT(n, 10u);
}

TEST(snapshot_faults, every_failing_operation_is_reported_and_leaves_no_ruins) {
  for (auto op : {file_op::open, file_op::write, file_op::sync, file_op::rename, file_op::sync_folder}) {
    for (std::uint64_t nth = 1;; ++nth) {
      fault_file_system disk{nth};
      prepare(disk);
      disk.fail(op, nth, op == file_op::write ? errc::disk_full : errc::io_error);
      auto done = write_two(disk);
      if (done.second) break;
      disk.heal();
      expect_nothing_lost(disk, done);
      disk.crash(crash_mode::drop_unsynced);
      expect_nothing_lost(disk, done);
      ASSERT_LT(nth, 200u);
    }
  }
}

TEST(snapshot_faults, a_full_disk_keeps_what_was_there) {
  std::uint64_t needed = 0;
  {
    fault_file_system disk;
    prepare(disk);
    needed = write_two(disk).second->bytes;
  }
  for (std::uint64_t room = 0; room < 2 * needed; room += 13) {
    fault_file_system disk{room};
    prepare(disk);
    disk.set_capacity(room);
    auto done = write_two(disk);
    expect_nothing_lost(disk, done);
    EXPECT_EQ(disk.files().size(), done.first || done.second ? 1u : 0u);
  }
}

TEST(snapshot_faults, received_snapshots_survive_power_loss_once_finished) {
  fault_file_system origin;
  prepare(origin);
  auto info = *write_two(origin).second;
  auto bytes = origin.content(info.path);
  auto seed = test_seed();
  for (std::uint64_t n = 0;; ++n) {
    fault_file_system disk{seed + n};
    prepare(disk);
    disk.power_off_after(n);
    run_result done;
    auto sink = snapshot_sink::begin(disk, folder, info.meta);
    if (sink) {
      bool written = true;
      for (std::size_t at = 0; written && at < bytes.size(); at += 64)
        written = sink->write(at, std::string_view{bytes}.substr(at, 64)).has_value();
      if (written)
        if (auto received = sink->finish()) done.second = *received;
    }
    if (!disk.is_off()) {
      EXPECT_TRUE(done.second);
      break;
    }
    disk.crash(crash_mode::reorder);
    expect_nothing_lost(disk, done);
  }
}

} // namespace
} // namespace troupe::storage::testing
