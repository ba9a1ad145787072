// Old entries, read beside the writer.

#include "storage/log_reader.hpp"
#include "tests/storage/wal_support.hpp"

#include <atomic>
#include <functional>
#include <thread>
#include <utility>

namespace troupe::storage::test {
namespace {

/// Does something at the moment when a file is opened.
class hooked_files final : public file_system {
public:
  hooked_files(file_system& under, std::function<void()> at_open)
      : under_(under), at_open_(std::move(at_open)) {}

  result<std::unique_ptr<file>> open(const std::string& path, open_mode mode) override {
    if (auto hook = std::exchange(at_open_, nullptr)) hook();
    return under_.open(path, mode);
  }
  result<std::vector<std::string>> list(const std::string& folder) override { return under_.list(folder); }
  result<bool> exists(const std::string& path) override { return under_.exists(path); }
  result<void> rename(const std::string& from, const std::string& to) override {
    return under_.rename(from, to);
  }
  result<void> remove(const std::string& path) override { return under_.remove(path); }
  result<void> make_folder(const std::string& folder) override { return under_.make_folder(folder); }
  result<void> sync_folder(const std::string& folder) override { return under_.sync_folder(folder); }
  result<std::unique_ptr<file_lock>> lock(const std::string& path) override { return under_.lock(path); }

private:
  file_system& under_;
  std::function<void()> at_open_;
};

class reading : public testing::Test {
protected:
  reading() {
    EXPECT_TRUE(log_.open());
    for (int i = 0; i < 20; ++i)
      add(5, 300);
  }
  void add(std::size_t count, std::size_t size, term_t term = term_t{1}) {
    std::vector<entry> entries;
    for (std::size_t i = 0; i < count; ++i)
      entries.push_back(make_entry(log_.now().last() + 1 + i, term, size));
    EXPECT_TRUE(log_.append(entries));
    EXPECT_TRUE(log_.sync());
  }
  log_reader reader() { return {disk_, log_.log->map(), small_options().record_bytes_max}; }

  fault_file_system disk_;
  driven_log log_{disk_};
};

TEST_F(reading, gives_any_range_across_segments) {
  ASSERT_GT(log_.log->map()->segment_count(), 2u);
  auto r = reader();
  for (std::uint64_t lo = 1; lo <= 100; lo += 3)
    for (std::uint64_t hi = lo; hi <= 100; hi += 7) {
      auto some = r.read(index_t{lo}, index_t{hi}, 1u << 20);
      ASSERT_TRUE(some) << some.error().detail;
      ASSERT_EQ(some->size(), hi - lo + 1);
      for (auto& e : *some)
        ASSERT_EQ(e, log_.now().entries[e.index.value - 1]);
    }
  EXPECT_EQ(r.read(index_t{99}, index_t{500}, 1u << 20)->size(), 2u) << "up to the end";
}

TEST_F(reading, bounds_the_bytes_but_gives_at_least_one) {
  auto r = reader();
  EXPECT_EQ(r.read(index_t{1}, index_t{100}, 1)->size(), 1u);
  EXPECT_EQ(r.read(index_t{7}, index_t{100}, 2 * 364)->size(), 2u);
  EXPECT_EQ(r.read(index_t{7}, index_t{100}, 3 * 364 - 1)->size(), 2u);
}

TEST_F(reading, says_why_there_is_nothing) {
  auto r = reader();
  EXPECT_EQ(r.read(index_t{101}, index_t{102}, 100).error().code, errc::not_yet);
  EXPECT_EQ(r.read(index_t{5}, index_t{4}, 100).error().code, errc::invalid_argument);
  EXPECT_EQ(r.read(index_t{0}, index_t{4}, 100).error().code, errc::compacted);
  ASSERT_TRUE(log_.save_snapshot({index_t{60}, term_t{1}, {}}, index_t{55}));
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(r.read(index_t{54}, index_t{60}, 100).error().code, errc::compacted);
  EXPECT_EQ(r.read(index_t{55}, index_t{60}, 1u << 20)->size(), 6u);
  ASSERT_TRUE(log_.reset_to({index_t{200}, term_t{1}, {}}));
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(r.read(index_t{60}, index_t{60}, 100).error().code, errc::compacted);
  EXPECT_EQ(r.read(index_t{201}, index_t{201}, 100).error().code, errc::not_yet);
}

TEST_F(reading, gives_the_later_record_of_an_index) {
  ASSERT_TRUE(log_.truncate_suffix(index_t{90}));
  add(3, 40, term_t{2});
  ASSERT_TRUE(log_.truncate_suffix(index_t{92}));
  add(20, 50, term_t{3});
  auto r = reader();
  auto all = r.read(index_t{80}, index_t{200}, 1u << 20).value();
  ASSERT_EQ(all.back(), log_.now().entries.back());
  for (auto& e : all)
    EXPECT_EQ(e, log_.now().entries[e.index.value - 1]);
}

TEST_F(reading, never_joins_entries_of_two_histories) {
  auto old = log_.now().entries;
  hooked_files files{disk_, [&] {
                       ASSERT_TRUE(log_.truncate_suffix(index_t{3}));
                       add(120, 300, term_t{2});
                     }};
  log_reader r{files, log_.log->map(), small_options().record_bytes_max};
  auto some = r.read(index_t{1}, index_t{100}, 1u << 20).value();
  ASSERT_FALSE(some.empty());
  for (auto& e : some)
    EXPECT_EQ(e, old[e.index.value - 1]) << "what was the log when the read began, or less";
  auto all = r.read(index_t{1}, index_t{100}, 1u << 20).value();
  for (auto& e : all)
    EXPECT_EQ(e, log_.now().entries[e.index.value - 1]);
}

TEST_F(reading, is_told_when_its_file_was_removed_just_before_it_was_opened) {
  hooked_files files{disk_, [&] {
                       ASSERT_TRUE(log_.save_snapshot({index_t{100}, term_t{1}, {}}, index_t{99}));
                       ASSERT_TRUE(log_.sync());
                     }};
  log_reader r{files, log_.log->map(), small_options().record_bytes_max};
  EXPECT_EQ(r.read(index_t{1}, index_t{100}, 1u << 20).error().code, errc::compacted);
}

// A removed file was once taken for a lost one, which stops the node, when its entries had been truncated and
// written anew.
TEST_F(reading, finds_an_entry_again_that_was_written_anew_elsewhere) {
  hooked_files files{disk_, [&] {
                       ASSERT_TRUE(log_.truncate_suffix(index_t{50}));
                       for (int i = 0; i < 80; ++i)
                         add(1, 500, term_t{2});
                       ASSERT_TRUE(log_.save_snapshot({index_t{49}, term_t{1}, {}}, index_t{50}));
                       ASSERT_TRUE(log_.sync());
                     }};
  log_reader r{files, log_.log->map(), small_options().record_bytes_max};
  auto found = r.read(index_t{50}, index_t{50}, 1u << 20);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->at(0).term, term_t{2});
}

TEST_F(reading, finishes_a_segment_that_is_removed_meanwhile) {
  auto r = reader();
  ASSERT_TRUE(r.read(index_t{1}, index_t{1}, 100));
  ASSERT_TRUE(log_.save_snapshot({index_t{100}, term_t{1}, {}}, index_t{101}));
  ASSERT_TRUE(log_.sync());
  EXPECT_EQ(r.read(index_t{2}, index_t{3}, 100).error().code, errc::compacted);
  add(2, 10);
  EXPECT_EQ(r.read(index_t{101}, index_t{102}, 1000)->size(), 2u);
}

TEST_F(reading, names_file_and_offset_of_damage) {
  auto path = disk_.files().front();
  disk_.flip_bit(path, 5000, 1);
  auto r = reader();
  auto failed = r.read(index_t{1}, index_t{100}, 1u << 20);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, errc::corrupt);
  EXPECT_NE(failed.error().detail.find(path + ": offset "), std::string::npos);
}

TEST_F(reading, goes_on_beside_a_writer_that_appends_truncates_and_compacts) {
  // A reader checks every entry against the function that made it: index and term fix the content, terms
  // never fall, indexes are in order. The writer works until the readers have seen enough of it.
  std::atomic<bool> stop{false};
  std::atomic<int> reads{0};
  auto map = log_.log->map();
  auto work = [&](std::uint64_t seed) {
    std::mt19937_64 random{seed};
    log_reader r{disk_, map, small_options().record_bytes_max};
    while (!stop) {
      auto first = map->first();
      auto last = map->last();
      auto lo = first + (last < first ? 0 : random() % (last - first + 1));
      auto some = r.read(lo, lo + random() % 60, 1 + random() % 20000);
      if (!some) {
        auto code = some.error().code;
        ASSERT_TRUE(code == errc::compacted || code == errc::not_yet) << some.error().detail;
        continue;
      }
      auto term = term_t{};
      for (auto& e : *some) {
        ASSERT_EQ(e.index, lo);
        ASSERT_GE(e.term, term);
        ASSERT_EQ(e, make_entry(e.index, e.term, e.payload.size()));
        term = e.term;
        lo = lo + 1;
      }
      ++reads;
    }
  };
  std::thread one{work, 1};
  std::thread two{work, 2};
  std::mt19937_64 random{9};
  auto term = term_t{1};
  for (int i = 0; i < 400 || (reads < 200 && i < 100000); ++i) {
    auto& m = log_.now();
    if (i % 7 == 0 && m.last() > m.snapshot.index + 1) {
      ++term;
      ASSERT_TRUE(log_.truncate_suffix(m.snapshot.index + 1 + random() % (m.last() - m.snapshot.index)));
    }
    if (i % 20 == 0 && m.entries.size() > 120) {
      auto at = m.entries[60];
      ASSERT_TRUE(log_.save_snapshot({at.index, at.term, {}}, at.index - 10));
    }
    add(1 + random() % 12, random() % 800, term);
  }
  stop = true;
  one.join();
  two.join();
  EXPECT_GE(reads, 200);
}

} // namespace
} // namespace troupe::storage::test
