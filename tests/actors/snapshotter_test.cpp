// The snapshotter between a real storage actor and a disk that fails on demand.

#include "actors/snapshotter.hpp"
#include "actors/storage.hpp"
#include "base/fault_file.hpp"
#include "messages/raft.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

const std::string folder = "/data/snapshots";

/// Storage and snapshotter of one node.
struct half_node {
  explicit half_node(stage& st) : s(st), raft(st), supervisor(st) {
    if (!disk.make_folder(folder) || !disk.sync_folder("/data") || !disk.sync_folder(folder)) std::abort();
    storage = s.spawn(storage_keeper, machine, storage_options{});
    actor =
        s.spawn(snapshotter, static_cast<file_system*>(&disk), folder,
                std::optional<troupe::storage::snapshot_info>{}, storage, supervisor.as<supervisor_actor>());
  }

  void put(std::uint64_t first, std::uint64_t count, std::size_t bytes = 100) {
    apply_batch b;
    for (std::uint64_t i = first; i < first + count; ++i)
      b.entries.push_back(put_entry(i, "k" + std::to_string(i), std::string(bytes, 'v')));
    raft.tell(storage, std::move(b));
    s.run();
  }
  snapshot_report snapshot() {
    raft.take<snapshot_report>();
    raft.tell(actor, snapshot_trigger{});
    s.run();
    return raft.last<snapshot_report>();
  }
  snapshot_piece piece(index_t index, std::uint64_t offset, std::size_t bytes) {
    raft.take<snapshot_piece>();
    raft.tell(actor, raft::snapshot_request{node_id{"n2"}, index, offset, bytes});
    s.run();
    return raft.last<snapshot_piece>();
  }
  void receive(raft::incoming_chunk c) {
    raft.tell(actor, std::move(c));
    s.run();
  }
  std::vector<std::string> temporary_files() const {
    auto all = disk.files();
    std::erase_if(all, [](auto& path) { return !path.ends_with(".tmp"); });
    return all;
  }

  stage& s;
  fault_file_system disk{1};
  probe raft;
  probe supervisor;
  std::shared_ptr<troupe::storage::state_machine> machine =
      std::make_shared<troupe::storage::state_machine>();
  storage_actor storage;
  snapshotter_actor actor;
};

class snapshotter_test : public testing::Test {
protected:
  /// The newest snapshot of `from` in pieces of this size.
  std::vector<raft::incoming_chunk> transfer(half_node& from, std::size_t bytes) {
    std::vector<raft::incoming_chunk> out;
    index_t index;
    for (std::uint64_t offset = 0;;) {
      auto p = from.piece(index, offset, bytes);
      EXPECT_TRUE(p.ok);
      if (!p.ok) return out;
      out.push_back({p.meta, p.total_size, offset, p.bytes, p.done});
      index = p.meta.index;
      offset += p.bytes.size();
      if (p.done) return out;
    }
  }

  stage s;
  half_node a{s};
  half_node b{s};
};

TEST_F(snapshotter_test, a_report_means_a_durable_snapshot) {
  a.put(1, 20);
  auto report = a.snapshot();
  ASSERT_TRUE(report.ok) << report.why_not;
  EXPECT_EQ(report.meta.index, index_t{20});
  EXPECT_EQ(a.machine->pins(), 0u);
  a.disk.crash(crash_mode::drop_unsynced);
  auto found = storage::newest_good_snapshot(a.disk, folder);
  ASSERT_TRUE(found && found->newest_good);
  EXPECT_EQ(found->newest_good->bytes, report.bytes);
  auto loaded = storage::load_snapshot(a.disk, found->newest_good->path);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->digest(), a.machine->digest());
}

TEST_F(snapshotter_test, entries_applied_between_the_chunks_are_not_in_it) {
  a.put(1, 60, 100'000);
  auto digest = a.machine->digest();
  a.raft.tell(a.actor, snapshot_trigger{});
  // In the storage actor's mailbox before the first pull is: the pin is taken first, then these, then chunks.
  for (std::uint64_t i = 61; i < 70; ++i)
    a.raft.tell(a.storage, apply_batch{{put_entry(i, "k1", "later")}});
  s.run();
  auto report = a.raft.last<snapshot_report>();
  ASSERT_TRUE(report.ok);
  auto loaded =
      storage::load_snapshot(a.disk, folder + "/" + storage::snapshot_name(report.meta.index, term_t{1}));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->applied(), report.meta.index);
  EXPECT_EQ(a.machine->applied(), index_t{69});
  if (report.meta.index == index_t{60}) {
    EXPECT_EQ(loaded->digest(), digest);
  }
}

TEST_F(snapshotter_test, on_a_full_disk_one_snapshot_is_kept_and_the_older_gives_its_space) {
  a.put(1, 5);
  ASSERT_TRUE(a.snapshot().ok);
  a.put(6, 5);
  auto second = a.snapshot();
  ASSERT_TRUE(second.ok);
  EXPECT_EQ(a.disk.files().size(), 2u);
  a.put(11, 5);
  // No space but what the oldest of three gives back.
  auto piece = a.piece(index_t{5}, 0, 100);
  a.disk.set_capacity(a.disk.bytes_used());
  auto refused = a.snapshot();
  EXPECT_FALSE(refused.ok);
  EXPECT_TRUE(refused.disk_full);
  // The third is larger than the second, and smaller than that and the first.
  a.disk.set_capacity(a.disk.bytes_used() + second.bytes);
  EXPECT_FALSE(a.snapshot().ok);
  a.raft.take<snapshot_report>();
  a.raft.tell(a.actor, snapshot_trigger{true});
  s.run();
  auto report = a.raft.last<snapshot_report>();
  EXPECT_TRUE(report.ok) << report.why_not;
  EXPECT_EQ(report.meta.index, index_t{15});
  EXPECT_EQ(a.disk.files(), std::vector{folder + "/" + storage::snapshot_name(index_t{15}, term_t{1})});
  EXPECT_EQ(a.supervisor.count<fatal_failure>(), 0u);
}

TEST_F(snapshotter_test, no_space_for_what_the_leader_sends_is_told) {
  a.put(1, 50);
  ASSERT_TRUE(a.snapshot().ok);
  auto chunks = transfer(a, 1'000);
  b.disk.set_capacity(b.disk.bytes_used() + 1'500);
  b.receive(chunks[0]);
  EXPECT_TRUE(b.raft.last<chunk_stored>().ok);
  b.receive(chunks[1]);
  EXPECT_FALSE(b.raft.last<chunk_stored>().ok);
  EXPECT_TRUE(b.raft.last<snapshot_report>().disk_full);
  EXPECT_EQ(b.supervisor.count<fatal_failure>(), 0u);
}

TEST_F(snapshotter_test, nothing_new_is_reported_without_writing) {
  a.put(1, 5);
  auto first = a.snapshot();
  auto operations = a.disk.operations();
  auto second = a.snapshot();
  EXPECT_TRUE(second.ok);
  EXPECT_EQ(second.meta, first.meta);
  EXPECT_EQ(a.disk.operations(), operations);
  EXPECT_EQ(a.machine->pins(), 0u);
}

TEST_F(snapshotter_test, only_the_newest_stay) {
  for (std::uint64_t i = 1; i <= 5; ++i) {
    a.put(i, 1);
    ASSERT_TRUE(a.snapshot().ok);
  }
  EXPECT_EQ(a.disk.files().size(), storage::snapshots_kept);
}

TEST_F(snapshotter_test, a_full_disk_is_reported_and_harmless) {
  a.put(1, 5);
  ASSERT_TRUE(a.snapshot().ok);
  a.put(6, 50, 10'000);
  a.disk.set_capacity(a.disk.bytes_used() + 20'000);
  auto report = a.snapshot();
  EXPECT_FALSE(report.ok);
  EXPECT_FALSE(report.why_not.empty());
  EXPECT_EQ(a.supervisor.count<fatal_failure>(), 0u);
  EXPECT_EQ(a.machine->pins(), 0u);
  EXPECT_TRUE(a.temporary_files().empty());
  EXPECT_TRUE(a.piece({}, 0, 100).ok) << "the older snapshot is still served";
  a.disk.set_capacity(fault_file_system::unlimited);
  EXPECT_TRUE(a.snapshot().ok);
}

TEST_F(snapshotter_test, a_failed_sync_stops_the_node) {
  a.put(1, 5);
  a.disk.fail(file_op::sync, 1, errc::io_error);
  EXPECT_FALSE(a.snapshot().ok);
  ASSERT_EQ(a.supervisor.count<fatal_failure>(), 1u);
  EXPECT_EQ(a.supervisor.last<fatal_failure>().code, exit_code::storage);
}

TEST_F(snapshotter_test, without_a_pin_there_is_no_snapshot) {
  a.put(1, 5);
  for (std::size_t i = 0; i < storage::pins_max; ++i)
    a.raft.tell(a.storage, pin_request{});
  s.run();
  EXPECT_FALSE(a.snapshot().ok);
}

TEST_F(snapshotter_test, without_a_snapshot_there_is_no_piece) {
  EXPECT_FALSE(a.piece({}, 0, 100).ok);
}

TEST_F(snapshotter_test, pieces_make_the_file_and_the_state) {
  a.put(1, 40);
  auto report = a.snapshot();
  auto chunks = transfer(a, 1'000);
  EXPECT_GT(chunks.size(), 3u);
  b.put(1, 2);
  for (auto& c : chunks) {
    b.raft.clear();
    b.receive(c);
    if (c.done) break;
    auto stored = b.raft.last<chunk_stored>();
    EXPECT_TRUE(stored.ok);
    EXPECT_EQ(stored.end, c.offset + c.bytes.size());
  }
  auto received = b.raft.last<snapshot_received>();
  EXPECT_EQ(received.meta, report.meta);
  EXPECT_EQ(received.leader_time_ms, a.machine->leader_time_ms());
  probe asker{s};
  query_batch q{index_t{40}, {}};
  q.queries.push_back({asker.as<answer_sink_actor>(), 1, get_query{"k40", {}}, 1'000});
  b.raft.tell(b.storage, q);
  s.run();
  ASSERT_EQ(asker.count<answer_batch>(), 1u);
  EXPECT_EQ(value_in(asker.last<answer_batch>().answers[0]), std::string(100, 'v'));
  b.disk.crash(crash_mode::drop_unsynced);
  auto found = storage::newest_good_snapshot(b.disk, folder);
  ASSERT_TRUE(found && found->newest_good);
  EXPECT_EQ(found->newest_good->meta, report.meta);
}

TEST_F(snapshotter_test, a_follower_that_asks_for_an_older_one_gets_the_newest_from_its_beginning) {
  a.put(1, 5);
  a.snapshot();
  a.put(6, 5);
  auto newest = a.snapshot();
  auto p = a.piece(index_t{3}, 200, 1'000'000);
  EXPECT_TRUE(p.ok);
  EXPECT_EQ(p.meta, newest.meta);
  EXPECT_EQ(p.bytes.size(), newest.bytes);
  EXPECT_TRUE(p.done);
}

TEST_F(snapshotter_test, a_transfer_goes_on_when_the_file_is_replaced) {
  a.put(1, 40);
  a.snapshot();
  auto first = a.piece({}, 0, 1'000);
  for (std::uint64_t i = 41; i < 45; ++i) {
    a.put(i, 1);
    a.snapshot();
  }
  auto second = a.piece(first.meta.index, 1'000, 1'000);
  EXPECT_TRUE(second.ok);
  EXPECT_EQ(second.meta, first.meta);
  EXPECT_EQ(second.total_size, first.total_size);
}

TEST_F(snapshotter_test, damaged_pieces_are_rejected_and_the_state_stays) {
  a.put(1, 40);
  a.snapshot();
  b.put(1, 2);
  auto chunks = transfer(a, 1'000);
  chunks[1].bytes[500] ^= 1;
  for (auto& c : chunks)
    b.receive(c);
  EXPECT_EQ(b.raft.count<snapshot_received>(), 0u);
  EXPECT_FALSE(b.raft.last<chunk_stored>().ok);
  EXPECT_EQ(b.machine->applied(), index_t{2});
  EXPECT_EQ(b.supervisor.count<fatal_failure>(), 0u);
  EXPECT_TRUE(b.disk.files().empty());
  b.raft.clear();
  for (auto& c : transfer(a, 1'000))
    b.receive(c);
  EXPECT_EQ(b.raft.count<snapshot_received>(), 1u) << "a second try works";
}

TEST_F(snapshotter_test, pieces_out_of_order_are_rejected) {
  a.put(1, 40);
  a.snapshot();
  auto chunks = transfer(a, 1'000);
  b.receive(chunks[1]);
  EXPECT_FALSE(b.raft.last<chunk_stored>().ok);
  b.receive(chunks[0]);
  EXPECT_TRUE(b.raft.last<chunk_stored>().ok);
  b.receive(chunks[2]);
  EXPECT_FALSE(b.raft.last<chunk_stored>().ok);
}

TEST_F(snapshotter_test, a_full_disk_rejects_the_transfer) {
  a.put(1, 40, 1'000);
  a.snapshot();
  b.disk.set_capacity(5'000);
  for (auto& c : transfer(a, 10'000))
    b.receive(c);
  EXPECT_FALSE(b.raft.last<chunk_stored>().ok);
  EXPECT_EQ(b.raft.count<snapshot_received>(), 0u);
}

TEST_F(snapshotter_test, an_own_snapshot_that_ends_after_a_newer_one_was_installed_does_not_replace_it) {
  a.put(1, 60);
  a.snapshot();
  auto chunks = transfer(a, 1'000'000);
  ASSERT_EQ(chunks.size(), 1u);
  b.put(1, 50, 100'000);
  b.raft.tell(b.actor, snapshot_trigger{});
  while (b.temporary_files().empty())
    ASSERT_TRUE(s.step());
  // Its own is being written when the leader's arrives.
  b.raft.tell(b.actor, chunks[0]);
  s.run();
  EXPECT_EQ(b.raft.count<snapshot_received>(), 1u);
  EXPECT_EQ(b.raft.count<snapshot_report>(), 1u);
  EXPECT_EQ(b.piece({}, 0, 100).meta.index, index_t{60});
}

} // namespace
} // namespace troupe::test
