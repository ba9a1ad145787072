// The WAL writer on a disk that fails on demand.

#include "actors/wal_writer.hpp"
#include "base/fault_file.hpp"
#include "messages/raft.hpp"
#include "storage/log_reader.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

class wal_writer_test : public testing::Test {
protected:
  void open(std::uint64_t segment_bytes = 1u << 20) {
    storage::wal_options o;
    o.folder = "data/wal";
    o.segment_bytes = segment_bytes;
    auto log = storage::wal::open(disk, o, found);
    ASSERT_TRUE(log) << log.error().detail;
    map = (*log)->map();
    writer = s.spawn(wal_writer, std::make_shared<std::unique_ptr<storage::wal>>(std::move(*log)), term_t{},
                     supervisor.as<supervisor_actor>());
  }
  raft::persist_batch batch_of(std::uint64_t number, std::uint64_t first, std::size_t count = 1,
                               std::size_t bytes = 20) {
    raft::persist_batch b;
    b.number = number;
    for (std::uint64_t i = first; i < first + count; ++i)
      b.entries.push_back(entry_of(i, blob{std::string(bytes, static_cast<char>('a' + i % 26))}));
    return b;
  }
  /// What a process that starts now finds, when everything unsynced is lost.
  storage::recovered_log after_power_cut() {
    s.end_all();
    disk.crash(crash_mode::drop_unsynced);
    storage::wal_options o;
    o.folder = "data/wal";
    storage::recovered_log out;
    auto log = storage::wal::open(disk, o, out);
    EXPECT_TRUE(log) << log.error().detail;
    return out;
  }
  std::uint64_t syncs() const { return disk.operations(file_op::sync); }

  fault_file_system disk{1};
  stage s;
  probe raft{s};
  probe supervisor{s};
  storage::recovered_log found;
  std::shared_ptr<const storage::wal_map> map;
  wal_writer_actor writer;
};

TEST_F(wal_writer_test, all_that_waits_shares_one_sync_and_one_notice) {
  open();
  auto before = syncs();
  for (std::uint64_t n = 1; n <= 20; ++n)
    raft.tell(writer, batch_of(n, n));
  s.run();
  EXPECT_EQ(syncs() - before, 1u);
  auto notices = raft.all<persisted_notice>();
  ASSERT_EQ(notices.size(), 1u);
  EXPECT_EQ(notices[0].number, 20u);
  EXPECT_EQ(notices[0].index, index_t{20});
  EXPECT_EQ(notices[0].term, term_t{1});
  auto kept = after_power_cut();
  EXPECT_EQ(kept.last, index_t{20});
  ASSERT_EQ(kept.tail.size(), 20u);
  EXPECT_EQ(kept.tail[4], batch_of(5, 5).entries[0]);
}

TEST_F(wal_writer_test, nothing_is_noticed_before_the_sync) {
  open();
  raft.tell(writer, batch_of(1, 1));
  EXPECT_EQ(raft.count<persisted_notice>(), 0u);
  s.run();
  EXPECT_EQ(raft.count<persisted_notice>(), 1u);
  raft.tell(writer, batch_of(2, 2));
  s.run();
  EXPECT_EQ(raft.last<persisted_notice>().number, 2u);
}

TEST_F(wal_writer_test, state_and_truncation_come_before_the_entries_of_a_batch) {
  open();
  raft.tell(writer, batch_of(1, 1, 5));
  auto second = batch_of(2, 3, 1);
  second.state = hard_state{term_t{2}, node_id{"n2"}};
  second.truncate_from = index_t{3};
  second.entries[0].term = term_t{2};
  raft.tell(writer, second);
  s.run();
  EXPECT_EQ(raft.last<persisted_notice>().index, index_t{3});
  EXPECT_EQ(raft.last<persisted_notice>().term, term_t{2});
  auto kept = after_power_cut();
  EXPECT_EQ(kept.last, index_t{3});
  EXPECT_EQ(kept.state, *second.state);
  EXPECT_EQ(kept.tail.back(), second.entries[0]);
}

TEST_F(wal_writer_test, a_failed_sync_stops_the_node_once_and_acknowledges_nothing) {
  open();
  disk.fail(file_op::sync, 1, errc::io_error);
  raft.tell(writer, batch_of(1, 1));
  s.run();
  raft.tell(writer, batch_of(2, 2));
  raft.tell(writer, log_compaction{{}, index_t{1}});
  raft.tell(writer, log_reset{{index_t{9}, term_t{1}, members_of({"n1"})}});
  raft.tell(writer, at_ms(1'000));
  s.run();
  EXPECT_EQ(raft.count<persisted_notice>(), 0u);
  EXPECT_EQ(raft.count<log_reset_done>(), 0u);
  auto failures = supervisor.all<fatal_failure>();
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].code, exit_code::storage);
  EXPECT_NE(failures[0].why.find("write-ahead log"), std::string::npos);
}

TEST_F(wal_writer_test, a_failed_write_inside_a_segment_stops_the_node) {
  open();
  disk.fail(file_op::write, 1, errc::io_error);
  raft.tell(writer, batch_of(1, 1));
  s.run();
  EXPECT_EQ(raft.count<persisted_notice>(), 0u);
  EXPECT_EQ(supervisor.count<fatal_failure>(), 1u);
}

TEST_F(wal_writer_test, the_first_batch_is_answered_with_the_condition) {
  open();
  raft.tell(writer, batch_of(1, 1));
  s.run();
  auto c = raft.last<log_condition>();
  EXPECT_FALSE(c.disk_full);
  EXPECT_EQ(c.first, index_t{1});
  EXPECT_GT(c.bytes, 0u);
}

/// A log on a disk with space for little more than what is there.
class full_disk : public wal_writer_test {
protected:
  /// Writes until entries wait for space; returns the number of the next batch.
  std::uint64_t fill() {
    open(16u << 10);
    disk.set_capacity(disk.bytes_used());
    std::uint64_t n = 1;
    while (n < 100 && (raft.log().empty() || !raft.last<log_condition>().disk_full ||
                       raft.last<persisted_notice>().number == n - 1)) {
      raft.tell(writer, batch_of(n, n, 1, 2'000));
      s.run();
      ++n;
    }
    EXPECT_LT(n, 100u) << "the disk never filled up";
    return n;
  }
  static raft::persist_batch vote_batch(std::uint64_t number, std::uint64_t term) {
    raft::persist_batch b;
    b.number = number;
    b.state = hard_state{term_t{term}, node_id{"n3"}};
    return b;
  }
  void make_space() {
    disk.set_capacity(fault_file_system::unlimited);
    raft.tell(writer, at_ms(1'000));
    s.run();
  }
};

TEST_F(full_disk, is_reported_and_holds_batches_back) {
  auto next = fill();
  auto acknowledged = raft.last<persisted_notice>().number;
  EXPECT_LT(acknowledged, next - 1);
  raft.tell(writer, batch_of(next, next));
  s.run();
  EXPECT_EQ(raft.last<persisted_notice>().number, acknowledged) << "a later batch overtook a stalled one";
  EXPECT_EQ(supervisor.count<fatal_failure>(), 0u);
  EXPECT_EQ(after_power_cut().last, index_t{acknowledged});
}

TEST_F(full_disk, goes_on_in_order_when_there_is_space_again) {
  auto next = fill();
  raft.tell(writer, batch_of(next, next));
  s.run();
  make_space();
  EXPECT_FALSE(raft.last<log_condition>().disk_full);
  EXPECT_EQ(raft.last<persisted_notice>().number, next);
  auto kept = after_power_cut();
  EXPECT_EQ(kept.last, index_t{next});
  EXPECT_EQ(kept.tail.back(), batch_of(next, next).entries[0]);
}

TEST_F(full_disk, a_hard_state_does_not_wait_with_the_entries_before_it) {
  auto next = fill();
  auto acknowledged = raft.last<persisted_notice>().number;
  raft.clear();
  raft.tell(writer, vote_batch(next, 5));
  s.run();
  ASSERT_EQ(raft.count<persisted_notice>(), 1u);
  EXPECT_EQ(raft.last<persisted_notice>().state_number, next);
  EXPECT_EQ(raft.last<persisted_notice>().number, 0u) << "no batch is durable whole";
  // One that has entries of its own, too.
  auto both = batch_of(next + 1, next);
  both.state = hard_state{term_t{6}, {}};
  raft.tell(writer, both);
  s.run();
  EXPECT_EQ(raft.last<persisted_notice>().state_number, next + 1);
  EXPECT_EQ(raft.last<persisted_notice>().number, 0u);
  auto kept = after_power_cut();
  EXPECT_EQ(kept.state, *both.state);
  EXPECT_EQ(kept.last, index_t{acknowledged});
}

TEST_F(full_disk, states_that_went_ahead_stay_the_newest_when_the_entries_follow) {
  auto next = fill();
  raft.tell(writer, vote_batch(next, 5));
  raft.tell(writer, batch_of(next + 1, next));
  raft.tell(writer, vote_batch(next + 2, 7));
  s.run();
  make_space();
  EXPECT_EQ(raft.last<persisted_notice>().number, next + 2);
  EXPECT_EQ(raft.last<persisted_notice>().state_number, next + 2);
  auto kept = after_power_cut();
  EXPECT_EQ(kept.state, *vote_batch(0, 7).state);
  EXPECT_EQ(kept.last, index_t{next});
}

TEST_F(full_disk, votes_go_on_until_not_even_they_have_space_and_then_wait_for_it) {
  auto next = fill();
  std::uint64_t term = 2;
  for (bool said = true; said; ++term) {
    ASSERT_LT(term, 10'000u) << "the disk is not full";
    raft.tell(writer, vote_batch(next++, term));
    s.run();
    said = raft.last<persisted_notice>().state_number == next - 1;
  }
  EXPECT_GT(term, 20u) << "the last bytes of a segment are for votes";
  EXPECT_EQ(supervisor.count<fatal_failure>(), 0u) << "no space ahead of a segment is no reason to stop";
  make_space();
  EXPECT_EQ(raft.last<persisted_notice>().number, next - 1);
  EXPECT_EQ(after_power_cut().state, *vote_batch(0, term - 1).state);
}

TEST_F(full_disk, a_vote_that_went_ahead_survives_a_log_reset) {
  auto next = fill();
  auto vote = vote_batch(next, 5);
  raft.tell(writer, vote);
  s.run();
  disk.set_capacity(fault_file_system::unlimited);
  raft.clear();
  raft.tell(writer, log_reset{{index_t{500}, term_t{5}, members_of({"n1", "n2", "n3"})}});
  s.run();
  ASSERT_EQ(raft.count<log_reset_done>(), 1u);
  EXPECT_EQ(raft.last<persisted_notice>().number, next);
  auto kept = after_power_cut();
  EXPECT_EQ(kept.state, *vote.state) << "an acknowledged vote was forgotten";
  EXPECT_EQ(kept.first, index_t{501});
}

TEST_F(full_disk, keeps_its_log_when_there_is_no_space_to_note_a_snapshot) {
  auto next = fill();
  auto last = raft.last<persisted_notice>().index;
  // Until there is no space for another vote either.
  for (std::uint64_t term = 2; term < 300; ++term) {
    raft::persist_batch vote;
    vote.number = next++;
    vote.state = hard_state{term_t{term}, node_id{"n3"}};
    raft.tell(writer, vote);
    s.run();
  }
  ASSERT_LT(raft.last<persisted_notice>().state_number, next - 1);
  raft.tell(writer, log_compaction{{last, term_t{1}, members_of({"n1"})}, last});
  s.run();
  EXPECT_EQ(supervisor.count<fatal_failure>(), 0u);
  make_space();
  EXPECT_EQ(raft.last<persisted_notice>().state_number, next - 1);
  raft.tell(writer, log_compaction{{last, term_t{1}, members_of({"n1"})}, last});
  s.run();
  EXPECT_EQ(raft.last<log_condition>().first, last);
}

/// What waited for space is staged when the next failure comes.
class failing_again : public full_disk,
                      public testing::WithParamInterface<std::tuple<file_op, std::uint64_t>> {};

TEST_P(failing_again, while_it_goes_on_stops_the_node_in_good_order) {
  auto next = fill();
  for (auto n = next; n < next + 40; ++n)
    raft.tell(writer, batch_of(n, n, 1, 2'000));
  s.run();
  disk.set_capacity(fault_file_system::unlimited);
  auto [op, nth] = GetParam();
  disk.fail(op, nth, errc::io_error);
  for (std::int64_t t = 1'000; t < 6'000; t += 1'000)
    raft.tell(writer, at_ms(t));
  s.run();
  auto failures = supervisor.all<fatal_failure>();
  auto acknowledged = raft.last<persisted_notice>().number;
  if (failures.empty()) {
    EXPECT_EQ(acknowledged, next + 39);
  } else {
    EXPECT_EQ(failures.size(), 1u);
    EXPECT_LE(acknowledged, after_power_cut().last.value);
  }
}

INSTANTIATE_TEST_SUITE_P(at_every_step, failing_again,
                         testing::Combine(testing::Values(file_op::open, file_op::write, file_op::sync,
                                                          file_op::rename, file_op::remove),
                                          testing::Range<std::uint64_t>(1, 12)));

class crossing : public full_disk, public testing::WithParamInterface<std::uint64_t> {};

TEST_P(crossing, into_a_segment_that_append_made_ends_the_full_disk) {
  open(16u << 10);
  std::uint64_t n = 1;
  disk.set_capacity(disk.bytes_used());
  for (; n < 100 && (raft.log().empty() || !raft.last<log_condition>().disk_full); ++n) {
    raft.tell(writer, batch_of(n, n, 1, 1'000));
    s.run();
  }
  ASSERT_LT(n, 100u);
  disk.set_capacity(fault_file_system::unlimited);
  // Entries of the leader go on, and the next segment is made for them before the next tick.
  raft.tell(writer, batch_of(n, n, GetParam(), 1'000));
  s.run();
  raft.tell(writer, at_ms(1'000));
  s.run();
  EXPECT_FALSE(raft.last<log_condition>().disk_full);
}

INSTANTIATE_TEST_SUITE_P(by_batches_of, crossing, testing::Range<std::uint64_t>(1, 16));

TEST_F(wal_writer_test, compaction_drops_old_segments_and_says_so) {
  open(16u << 10);
  for (std::uint64_t n = 1; n <= 40; ++n) {
    raft.tell(writer, batch_of(n, n, 1, 2'000));
    s.run();
  }
  auto before = raft.all<log_condition>().front();
  auto used = disk.bytes_used();
  snapshot_meta meta{index_t{35}, term_t{1}, members_of({"n1"})};
  raft.tell(writer, log_compaction{meta, index_t{31}});
  s.run();
  auto after = raft.last<log_condition>();
  EXPECT_EQ(before.first, index_t{1});
  EXPECT_EQ(after.first, index_t{31});
  EXPECT_LT(disk.bytes_used(), used);
  auto kept = after_power_cut();
  EXPECT_EQ(kept.snapshot, meta);
  EXPECT_EQ(kept.first, index_t{31});
  EXPECT_EQ(kept.last, index_t{40});
}

TEST_F(wal_writer_test, a_reset_is_answered_when_it_is_durable) {
  open();
  raft.tell(writer, batch_of(1, 1, 3));
  s.run();
  snapshot_meta meta{index_t{100}, term_t{4}, members_of({"n1", "n2"})};
  raft.tell(writer, log_reset{meta});
  EXPECT_EQ(raft.count<log_reset_done>(), 0u);
  s.run();
  EXPECT_EQ(raft.last<log_reset_done>().meta, meta);
  auto next = batch_of(2, 101);
  next.entries[0].term = term_t{4};
  raft.tell(writer, next);
  s.run();
  auto kept = after_power_cut();
  EXPECT_EQ(kept.first, index_t{101});
  EXPECT_EQ(kept.last, index_t{101});
  EXPECT_EQ(kept.snapshot, meta);
}

// A new leader may hand over more at once than one sync carries, such as all large writes that waited for it.
TEST_F(wal_writer_test, a_batch_larger_than_one_sync_carries_is_written_in_parts) {
  open(64u << 20);
  raft.tell(writer, batch_of(1, 1, 9, 8u << 20));
  s.run();
  EXPECT_EQ(supervisor.count<fatal_failure>(), 0u);
  ASSERT_EQ(raft.count<persisted_notice>(), 1u);
  EXPECT_EQ(raft.last<persisted_notice>().index, index_t{9});
  EXPECT_EQ(after_power_cut().last, index_t{9});
}

} // namespace
} // namespace troupe::test
