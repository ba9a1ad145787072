// The log reader beside a real log.

#include "actors/log_reader.hpp"
#include "base/fault_file.hpp"
#include "messages/raft.hpp"
#include "storage/wal.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

class log_reader_test : public testing::Test {
protected:
  void SetUp() override {
    storage::wal_options o;
    o.folder = "data/wal";
    o.segment_bytes = 16u << 10;
    storage::recovered_log found;
    auto opened = storage::wal::open(disk, o, found);
    ASSERT_TRUE(opened) << opened.error().detail;
    log = std::move(*opened);
    for (std::uint64_t i = 1; i <= 40; ++i)
      entries.push_back(entry_of(i, blob{std::string(1'000, static_cast<char>('a' + i % 26))}));
    ASSERT_TRUE(log->append(entries));
    ASSERT_TRUE(log->sync());
    auto reader = std::make_shared<storage::log_reader>(disk, log->map(), o.record_bytes_max);
    actor = s.spawn(log_reader, reader, supervisor.as<supervisor_actor>());
  }
  entries_loaded ask(std::uint64_t lo, std::uint64_t hi, std::size_t bytes_max) {
    raft.clear();
    raft.tell(actor, raft::load_request{node_id{"n2"}, index_t{lo}, index_t{hi}, bytes_max});
    s.run();
    return raft.last<entries_loaded>();
  }

  fault_file_system disk{1};
  std::unique_ptr<storage::wal> log;
  std::vector<entry> entries;
  stage s;
  probe raft{s};
  probe supervisor{s};
  log_reader_actor actor;
};

TEST_F(log_reader_test, brings_what_was_asked_for_and_repeats_the_question) {
  auto loaded = ask(5, 8, 1u << 20);
  EXPECT_TRUE(loaded.found);
  EXPECT_EQ(loaded.request, (raft::load_request{node_id{"n2"}, index_t{5}, index_t{8}, 1u << 20}));
  EXPECT_EQ(loaded.entries, std::vector<entry>(entries.begin() + 4, entries.begin() + 8));
}

TEST_F(log_reader_test, keeps_to_the_bytes_but_brings_one) {
  EXPECT_EQ(ask(5, 40, 3'000).entries.size(), 2u);
  EXPECT_EQ(ask(5, 40, 1).entries.size(), 1u);
}

TEST_F(log_reader_test, says_what_was_compacted_away) {
  ASSERT_TRUE(log->save_snapshot({index_t{35}, term_t{1}, {}}, index_t{31}));
  ASSERT_TRUE(log->sync());
  EXPECT_FALSE(ask(5, 8, 1'000).found);
  EXPECT_TRUE(ask(31, 33, 10'000).found);
}

TEST_F(log_reader_test, a_suffix_that_was_truncated_meanwhile_is_no_failure) {
  ASSERT_TRUE(log->truncate_suffix(index_t{20}));
  ASSERT_TRUE(log->sync());
  EXPECT_FALSE(ask(25, 30, 1'000).found);
  EXPECT_EQ(supervisor.count<fatal_failure>(), 0u);
}

TEST_F(log_reader_test, a_disk_that_returns_something_else_stops_the_node) {
  for (auto& path : disk.files())
    if (path.find("wal/") != std::string::npos) {
      auto content = disk.content(path);
      auto at = content.find(std::string(500, 'f')); // entry 5
      if (at != std::string::npos) disk.flip_bit(path, at + 100, 3);
    }
  raft.tell(actor, raft::load_request{node_id{"n2"}, index_t{5}, index_t{5}, 10'000});
  s.run();
  EXPECT_EQ(raft.count<entries_loaded>(), 0u);
  ASSERT_EQ(supervisor.count<fatal_failure>(), 1u);
  EXPECT_EQ(supervisor.last<fatal_failure>().code, exit_code::storage);
}

} // namespace
} // namespace troupe::test
