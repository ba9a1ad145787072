// The disk space that the log holds back for the time when there is no more.

#include "storage/wal.hpp"
#include "tests/storage/wal_support.hpp"

namespace troupe::storage::test {
namespace {

constexpr std::uint64_t reserve = 128u << 10;

class wal_reserve : public testing::Test {
protected:
  wal_reserve() { open(); }
  void open() {
    log.reset();
    auto o = small_options();
    o.segment_bytes = 64u << 10;
    o.reserve_path = "data/reserve";
    o.reserve_bytes = reserve;
    auto opened = wal::open(disk, o, found);
    ASSERT_TRUE(opened) << opened.error().detail;
    log = std::move(*opened);
  }
  result<void> append(std::size_t bytes) {
    auto done = log->append(std::vector{make_entry(log->last() + 1, term_t{1}, bytes)});
    return done ? log->sync() : done;
  }
  /// Until there is no space for the next segment.
  void fill() {
    while (append(1'000)) {
    }
  }
  bool has_file() const {
    auto all = disk.files();
    return std::find(all.begin(), all.end(), "data/reserve") != all.end();
  }

  fault_file_system disk;
  recovered_log found;
  std::unique_ptr<wal> log;
};

TEST_F(wal_reserve, is_held_only_when_a_segment_fits_beside_it) {
  disk.set_capacity(disk.bytes_used() + reserve + (64u << 10) - 1);
  EXPECT_FALSE(*log->hold_reserve());
  EXPECT_FALSE(log->holds_reserve());
  EXPECT_FALSE(has_file());
  disk.set_capacity(disk.bytes_used() + reserve + (64u << 10));
  EXPECT_TRUE(*log->hold_reserve());
  EXPECT_TRUE(has_file());
  EXPECT_EQ(disk.content("data/reserve").size(), reserve);
  auto operations = disk.operations();
  EXPECT_TRUE(*log->hold_reserve());
  EXPECT_EQ(disk.operations(), operations) << "once is enough";
}

TEST_F(wal_reserve, lets_entries_go_on_in_small_segments_with_half_of_it) {
  ASSERT_TRUE(*log->hold_reserve());
  disk.set_capacity(disk.bytes_used());
  fill();
  auto last = log->last();
  EXPECT_TRUE(*log->release_reserve());
  EXPECT_FALSE(*log->release_reserve()) << "it was given already";
  EXPECT_FALSE(has_file());
  std::size_t more = 0;
  while (append(1'000))
    ++more;
  EXPECT_GT(more * 1'000, reserve / 4);
  EXPECT_LT(more * 1'000, reserve / 2);
  EXPECT_EQ(log->last(), last + more);
  // The other half is for the hard state, whatever comes, and for a snapshot.
  for (std::uint64_t term = 2; term < 500; ++term)
    ASSERT_TRUE(log->save({term_t{term}, node_id{"n1"}}));
  ASSERT_TRUE(log->sync());
  EXPECT_GE(*disk.space("data"), reserve / 4);
  log.reset();
  disk.crash(crash_mode::drop_unsynced);
  open();
  EXPECT_EQ(found.last, last + more);
  EXPECT_EQ(found.state.term, term_t{499});
}

TEST_F(wal_reserve, has_room_until_its_half_is_used_up) {
  ASSERT_TRUE(*log->hold_reserve());
  disk.set_capacity(disk.bytes_used());
  fill();
  EXPECT_FALSE(log->has_room());
  ASSERT_TRUE(*log->release_reserve());
  while (log->needs_next())
    ASSERT_TRUE(log->prepare_next());
  EXPECT_TRUE(log->has_room());
  fill();
  EXPECT_FALSE(log->has_room());
  EXPECT_EQ(log->prepare_next().error().code, errc::disk_full);
}

TEST_F(wal_reserve, comes_back_when_a_snapshot_has_freed_the_log) {
  ASSERT_TRUE(*log->hold_reserve());
  // Three segments: the freed ones have space for reserve and segment.
  disk.set_capacity(disk.bytes_used() + (128u << 10));
  fill();
  ASSERT_TRUE(*log->release_reserve());
  fill();
  EXPECT_FALSE(*log->hold_reserve());
  ASSERT_TRUE(log->save_snapshot({log->last(), term_t{1}, {}}, log->last() + 1));
  ASSERT_TRUE(log->sync());
  EXPECT_TRUE(*log->hold_reserve());
  ASSERT_TRUE(append(20'000));
  EXPECT_GE(log->bytes_on_disk(), 64u << 10) << "segments have their full size again";
}

TEST_F(wal_reserve, one_of_an_earlier_run_is_taken_as_it_is_on_a_full_disk) {
  ASSERT_TRUE(*log->hold_reserve());
  disk.set_capacity(disk.bytes_used());
  open();
  EXPECT_TRUE(has_file());
  EXPECT_FALSE(log->holds_reserve());
  EXPECT_TRUE(*log->hold_reserve());
  EXPECT_TRUE(*log->release_reserve());
  EXPECT_EQ(*disk.space("data"), reserve);
}

TEST_F(wal_reserve, what_an_earlier_run_has_used_of_it_is_not_given_again) {
  ASSERT_TRUE(*log->hold_reserve());
  disk.set_capacity(disk.bytes_used());
  fill();
  EXPECT_TRUE(*log->release_reserve());
  fill();
  for (int runs = 0; runs < 5; ++runs) {
    auto space = *disk.space("data");
    EXPECT_GE(space, reserve / 4) << "the other half is for a snapshot";
    open();
    EXPECT_FALSE(*log->hold_reserve());
    fill();
    EXPECT_EQ(*disk.space("data"), space);
  }
}

/// As when a process ends after the newest segment was sealed and before the next one got its name.
void end_between_segments(fault_file_system& disk) {
  auto all = disk.files();
  std::string newest;
  for (auto& path : all)
    if (path.ends_with(".wal")) newest = std::max(newest, path);
  ASSERT_TRUE(disk.remove(newest));
}

TEST_F(wal_reserve, is_there_for_the_first_segment_of_the_next_run) {
  ASSERT_TRUE(*log->hold_reserve());
  disk.set_capacity(disk.bytes_used() + 3 * (64u << 10));
  fill();
  end_between_segments(disk);
  disk.set_capacity(disk.bytes_used());
  open();
  EXPECT_FALSE(has_file());
  EXPECT_TRUE(append(1'000));
  EXPECT_TRUE(log->save({term_t{2}, node_id{"n1"}}));
  EXPECT_TRUE(log->sync());
}

TEST_F(wal_reserve, without_it_a_run_on_a_full_disk_begins_with_a_small_segment_for_the_hard_state) {
  disk.set_capacity(disk.bytes_used() + 3 * (64u << 10));
  fill();
  end_between_segments(disk);
  disk.set_capacity(disk.bytes_used() + (16u << 10));
  open();
  EXPECT_FALSE(*log->hold_reserve());
  EXPECT_TRUE(log->save({term_t{2}, node_id{"n1"}}));
  EXPECT_TRUE(log->sync());
  disk.set_capacity(fault_file_system::unlimited);
  EXPECT_TRUE(*log->hold_reserve());
  EXPECT_TRUE(append(1'000));
}

TEST_F(wal_reserve, one_that_was_half_made_is_finished_or_given_back) {
  disk.set_content("data/reserve", std::string(reserve / 2, '\0'));
  disk.set_capacity(disk.bytes_used());
  EXPECT_FALSE(*log->hold_reserve());
  EXPECT_FALSE(has_file());
  disk.set_content("data/reserve", std::string(2 * reserve, '\0'));
  EXPECT_TRUE(*log->hold_reserve());
  EXPECT_EQ(disk.content("data/reserve").size(), reserve) << "an earlier configuration asked for more";
}

TEST_F(wal_reserve, a_failing_disk_is_told_apart_from_a_full_one) {
  disk.fail(file_op::allocate, 1, errc::io_error, false, "reserve");
  EXPECT_EQ(log->hold_reserve().error().code, errc::io_error);
}

TEST_F(wal_reserve, none_is_asked_for) {
  auto o = small_options("other/wal");
  auto plain = wal::open(disk, o, found);
  ASSERT_TRUE(plain);
  EXPECT_TRUE((*plain)->holds_reserve());
  EXPECT_TRUE(*(*plain)->hold_reserve());
  EXPECT_FALSE(*(*plain)->release_reserve());
  o = small_options("third/wal");
  o.reserve_bytes = 1'000;
  EXPECT_EQ(wal::open(disk, o, found).error().code, errc::invalid_argument);
}

} // namespace
} // namespace troupe::storage::test
