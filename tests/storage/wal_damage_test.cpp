// A small log of several segments, damaged at every byte: it is refused by file and offset, or read as a
// correct prefix that has everything some record says was synced. Never anything else.

#include "tests/storage/wal_support.hpp"

#include <algorithm>
#include <cstring>
#include <map>

namespace troupe::storage::test {
namespace {

/// Sanitizers make an opening twenty times as slow and look for something that does not depend on each single
/// byte. A prime, so that every residue of a record's fields is met.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t stride = 13;
#else
constexpr std::size_t stride = 1;
#endif

/// A log whose last two syncs are remembered: the last has no witness, everything before it has.
class damaged_log : public testing::Test {
protected:
  damaged_log() {
    driven_log log{disk_};
    std::mt19937_64 random{42};
    EXPECT_TRUE(log.open());
    EXPECT_TRUE(log.save({term_t{1}, node_id{"n1"}}));
    remember(log);
    while (log.log->map()->segment_count() < 3 || log.log->position() % (16u << 10) < 9000) {
      std::vector<entry> entries;
      for (int i = 0; i < 3; ++i)
        entries.push_back(make_entry(log.now().last() + 1 + entries.size(), term_t{1}, random() % 300));
      EXPECT_TRUE(log.append(entries));
      remember(log);
      EXPECT_TRUE(log.sync());
    }
    auto at = log.now().entries[30];
    EXPECT_TRUE(log.truncate_suffix(log.now().last()));
    EXPECT_TRUE(log.save_snapshot({at.index, at.term, log.now().members_at(at.index)}, at.index));
    remember(log);
    EXPECT_TRUE(log.sync());
    last_sync_at_ = log.log->position();
    EXPECT_TRUE(log.append(std::vector{make_entry(log.now().last() + 1, term_t{2}, 150)}));
    EXPECT_TRUE(log.append(std::vector{make_entry(log.now().last() + 1, term_t{2}, 150)}));
    EXPECT_TRUE(log.save({term_t{2}, node_id{"n3"}}));
    allowed_ = log.candidates;
    remember(log);
    EXPECT_TRUE(log.sync());
    end_ = log.log->position();
    for (auto& path : disk_.files())
      if (path.ends_with(".wal")) files_[path] = disk_.content(path);
    EXPECT_EQ(files_.size(), 3u);
  }

  void remember(const driven_log& log) {
    history_.insert(history_.end(), log.candidates.begin(), log.candidates.end());
  }

  /// Opens a copy of the log in which one file has another content. Returns whether it was opened.
  bool try_open(const std::string& path, const std::string& content, const std::vector<model>& allowed) {
    fault_file_system disk;
    for (auto& [p, c] : files_)
      disk.set_content(p, p == path ? content : c);
    recovered_log found;
    auto opened = wal::open(disk, small_options(), found);
    if (!opened) {
      EXPECT_EQ(opened.error().code, errc::corrupt) << opened.error().detail;
      EXPECT_NE(opened.error().detail.find(path + ": offset "), std::string::npos) << opened.error().detail;
      EXPECT_EQ(disk.content(path), content) << "a log that is refused is not touched";
      return false;
    }
    auto seen = observe(disk, **opened, found);
    EXPECT_NE(std::find(allowed.begin(), allowed.end(), seen), allowed.end())
        << "entries " << seen.first.value << ".." << seen.last().value << ", term " << seen.hard.term.value;
    return true;
  }
  /// The log position of the first byte of a file, as its first record says.
  log_position base(const std::string& path) const { return claimed_position(files_.at(path).data()); }
  /// Offset in its file where the records end.
  std::size_t records_end(const std::string& path) const {
    auto next = std::next(files_.find(path));
    return (next == files_.end() ? end_ : base(next->first)) - base(path);
  }
  /// Offset in its file behind which no record vouches for another: only the last sync of all has no witness.
  std::size_t unwitnessed(const std::string& path) const {
    return is_newest(path) ? last_sync_at_ - base(path) : records_end(path);
  }
  /// Where the head of the newest segment ends: it was durable before the file got its name.
  std::size_t newest_head_end() const {
    auto& content = files_.rbegin()->second;
    std::uint32_t body = 0;
    std::memcpy(&body, content.data() + 4, sizeof body);
    return frame_head_bytes + body;
  }
  bool is_newest(const std::string& path) const { return path == files_.rbegin()->first; }

  fault_file_system disk_;
  std::map<std::string, std::string> files_;
  std::vector<model> history_; ///< every state it was ever in
  std::vector<model> allowed_; ///< after the sync before the last, and each step of the last
  log_position last_sync_at_ = 0;
  log_position end_ = 0;
};

TEST_F(damaged_log, opens_when_undamaged) {
  auto& [path, content] = *files_.rbegin();
  allowed_.erase(allowed_.begin(), allowed_.end() - 1);
  EXPECT_TRUE(try_open(path, content, allowed_));
}

TEST_F(damaged_log, with_a_bit_flipped_at_every_byte) {
  for (auto& [path, content] : files_) {
    for (std::size_t at = 0; at < content.size(); at += stride) {
      SCOPED_TRACE(path + " at " + std::to_string(at));
      auto damaged = content;
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << (at * 7 % 8)));
      auto opened = try_open(path, damaged, allowed_);
      EXPECT_EQ(opened, at >= unwitnessed(path)) << "what a record vouches for is refused, and nothing else";
      if (HasFailure()) return;
    }
  }
}

TEST_F(damaged_log, with_every_byte_zeroed_in_runs_of_a_sector) {
  for (auto& [path, content] : files_) {
    for (std::size_t at = 0; at < content.size(); at += 512) {
      SCOPED_TRACE(path + " at " + std::to_string(at));
      auto damaged = content;
      damaged.replace(at, 512, 512, '\0');
      EXPECT_EQ(try_open(path, damaged, allowed_), at >= unwitnessed(path));
      if (HasFailure()) return;
    }
  }
}

TEST_F(damaged_log, cut_at_every_byte) {
  for (auto& [path, content] : files_)
    for (std::size_t size = 0; size < content.size(); size += stride) {
      SCOPED_TRACE(path + " cut to " + std::to_string(size));
      EXPECT_FALSE(try_open(path, content.substr(0, size), allowed_))
          << "segment files always have their full size";
      if (HasFailure()) return;
    }
}

TEST_F(damaged_log, cut_at_every_byte_and_filled_with_zeros) {
  // What a file system may leave of a write that was under way: the size is there, the content is not.
  for (auto& [path, content] : files_) {
    for (std::size_t at = 0; at < records_end(path); at += stride) {
      SCOPED_TRACE(path + " zero from " + std::to_string(at));
      auto damaged = content;
      std::fill(damaged.begin() + static_cast<std::ptrdiff_t>(at), damaged.end(), '\0');
      // In the newest segment, without the witnesses behind it, this looks like writes that never happened:
      // still a prefix.
      auto opened = try_open(path, damaged, at < unwitnessed(path) ? history_ : allowed_);
      auto head_intact = damaged.compare(0, newest_head_end(), content, 0, newest_head_end()) == 0;
      EXPECT_EQ(opened, damaged == content || (is_newest(path) && head_intact));
      if (HasFailure()) return;
    }
  }
}

TEST_F(damaged_log, without_one_of_its_files) {
  for (auto& [path, content] : files_) {
    if (is_newest(path)) continue; // docs/formats.md: indistinguishable from a crash before it was made
    fault_file_system disk;
    for (auto& [p, c] : files_)
      if (p != path) disk.set_content(p, c);
    driven_log log{disk};
    auto opened = log.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::corrupt);
    EXPECT_NE(opened.error().detail.find("missing"), std::string::npos) << opened.error().detail;
  }
}

TEST_F(damaged_log, with_random_bytes_written_over_it) {
  std::mt19937_64 random{seed_or(1)};
  for (int i = 0; i < 3000 && !HasFailure(); ++i) {
    auto it = std::next(files_.begin(), static_cast<std::ptrdiff_t>(random() % files_.size()));
    auto& [path, content] = *it;
    SCOPED_TRACE(path + ", round " + std::to_string(i));
    auto damaged = content;
    auto at = random() % content.size();
    auto size = std::min<std::size_t>(1 + random() % 3000, content.size() - at);
    for (std::size_t k = 0; k < size; ++k)
      damaged[at + k] = static_cast<char>(random());
    auto opened = try_open(path, damaged, history_);
    EXPECT_FALSE(opened && at + size <= unwitnessed(path)) << "the witnesses are all there";
  }
}

TEST_F(damaged_log, with_a_segment_of_another_log_in_its_place) {
  auto path = files_.begin()->first;
  EXPECT_FALSE(try_open(path, files_.rbegin()->second, allowed_));
}

TEST_F(damaged_log, whose_records_move_inside_their_segment) {
  auto& [path, content] = *files_.rbegin();
  auto end = records_end(path);
  // A copy of a good record behind the end: its position gives it away.
  auto damaged = content;
  damaged.replace(end, end_ - last_sync_at_,
                  content.substr(end - (end_ - last_sync_at_), end_ - last_sync_at_));
  EXPECT_TRUE(try_open(path, damaged, allowed_));
}

} // namespace
} // namespace troupe::storage::test
