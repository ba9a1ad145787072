// Power cuts and failing disks at every operation: what was synced is there again, and what is there is a
// prefix of what was done.

#include "tests/storage/wal_support.hpp"

namespace troupe::storage::test {
namespace {

/// Ends a history at its first error.
struct stopped {
  error why;
};
void must(result<void> done) {
  if (!done) throw stopped{done.error()};
}

/// Adds entries of every kind, each in its turn.
class entry_source {
public:
  void add(driven_log& log, std::size_t count, std::size_t size) {
    std::vector<entry> entries;
    for (std::size_t i = 0; i < count; ++i) {
      auto index = log.now().last() + 1 + i;
      entries.push_back(++made_ % 9 == 0 ? make_membership_entry(index, term)
                                         : make_entry(index, term, size));
    }
    must(log.append(entries));
  }
  term_t term{1};

private:
  int made_ = 0;
};

/// A history that crosses segments and uses every kind of record.
void history(driven_log& log) {
  entry_source source;
  must(log.open());
  must(log.save({source.term, node_id{"n1"}}));
  must(log.sync());
  for (int i = 0; i < 12; ++i) {
    source.add(log, 3, 400);
    source.add(log, 1, 700);
    must(log.sync());
    if (i == 5) {
      source.term = term_t{3};
      must(log.save({source.term, node_id{"n2"}}));
      must(log.truncate_suffix(log.now().last() - 2));
      source.add(log, 2, 300);
      must(log.sync());
    }
    while (log.log->needs_next())
      must(log.log->prepare_next());
  }
  auto at = log.now().entries[20];
  must(log.save_snapshot({at.index, at.term, log.now().members_at(at.index)}, at.index - 3));
  source.add(log, 2, 2000);
  must(log.sync());
  source.add(log, 1, 30000);
  source.add(log, 30, 1000);
  must(log.sync());
  source.term = term_t{4};
  must(log.reset_to({log.now().last() + 50, source.term, members_of(7)}));
  source.add(log, 2, 100);
  must(log.sync());
  source.add(log, 2, 100);
}

/// The log that was recovered takes entries and keeps them.
void goes_on(driven_log& log) {
  entry_source source;
  source.term = log.now().last_term() + 1;
  source.add(log, 1, 10);
  must(log.sync());
  must(log.open());
  EXPECT_FALSE(log.found.torn_tail) << log.found.notes;
  log.check();
}

/// Cuts the power at every operation of the history, and again at an operation of the recovery.
void cut_everywhere(crash_mode mode, std::uint64_t seeds) {
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    for (std::uint64_t n = 0;; ++n) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", power off after " + std::to_string(n));
      fault_file_system disk{seed * 1000 + n};
      driven_log log{disk};
      disk.power_off_after(n);
      bool finished = false;
      try {
        history(log);
        finished = true;
      } catch (const stopped&) {
        ASSERT_TRUE(disk.is_off()) << "nothing else goes wrong";
      }
      if (finished) {
        ASSERT_GT(n, 50u) << "the history does something";
        break;
      }
      disk.crash(mode);
      disk.power_off_after(n % 7);
      (void)log.open();
      disk.crash(mode);
      auto opened = log.open();
      ASSERT_TRUE(opened) << opened.error().detail;
      log.check();
      goes_on(log);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(wal_crash, keeps_what_was_synced_when_the_rest_is_dropped) {
  cut_everywhere(crash_mode::drop_unsynced, 1);
}
TEST(wal_crash, keeps_what_was_synced_when_only_the_process_dies) {
  cut_everywhere(crash_mode::keep_all, 1);
}
TEST(wal_crash, keeps_what_was_synced_when_writes_are_reordered_and_torn) {
  cut_everywhere(crash_mode::reorder, 8);
}

/// One history with many crashes, failing operations and a disk that is full at times.
void random_history(std::uint64_t seed) {
  SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  fault_file_system disk{seed};
  driven_log log{disk};
  for (int life = 0; life < 12; ++life) {
    if (random() % 2) disk.power_off_after(random() % 80);
    if (random() % 3 == 0) {
      constexpr file_op ops[] = {file_op::write,       file_op::sync,     file_op::rename,
                                 file_op::sync_folder, file_op::allocate, file_op::remove};
      disk.fail(ops[random() % std::size(ops)], 1 + random() % 20,
                random() % 2 ? errc::io_error : errc::disk_full);
    }
    if (auto opened = log.open(); opened) {
      log.check();
      for (int i = 0; i < 60; ++i) {
        auto done = log.random_step(random);
        if (!done && done.error().code != errc::disk_full) break;
      }
    }
    if (testing::Test::HasFailure()) return;
    log.log.reset();
    disk.heal();
    switch (random() % 4) {
    case 0:
      if (!disk.is_off()) break; // killed, and the machine runs on
      [[fallthrough]];
    case 1: disk.crash(crash_mode::keep_all); break;
    case 2: disk.crash(crash_mode::drop_unsynced); break;
    default: disk.crash(crash_mode::reorder);
    }
    disk.power_off_after(fault_file_system::unlimited);
    auto opened = log.open();
    ASSERT_TRUE(opened) << opened.error().detail;
    log.check();
    if (testing::Test::HasFailure()) return;
  }
}

TEST(wal_crash, survives_random_histories) {
  auto seed = seed_or(1);
  for (std::uint64_t i = 0; i < 100 && !testing::Test::HasFailure(); ++i)
    random_history(seed + i);
}

} // namespace
} // namespace troupe::storage::test
