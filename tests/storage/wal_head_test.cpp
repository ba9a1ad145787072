// Heads of segments that are whole and cannot be true.

#include "storage/segment.hpp"
#include "tests/storage/wal_support.hpp"

#include <functional>

namespace troupe::storage::test {
namespace {

/// A log that is one fresh segment with this head.
result<void> open_with(const segment_head& head) {
  fault_file_system disk;
  EXPECT_TRUE(disk.make_folder("data/wal"));
  std::string content;
  auto start = begin_frame(content);
  encode_to(content, head);
  finish_frame(content, start, record_type::segment_head, head.previous_end, 0);
  content.resize(16u << 10);
  disk.set_content("data/wal/" + segment_name(head.sequence, head.last + 1), content);
  recovered_log found;
  auto opened = wal::open(disk, small_options(), found);
  if (!opened) return opened.error();
  return {};
}

segment_head good_head() {
  segment_head head;
  head.sequence = 1;
  head.segment_bytes = 16u << 10;
  head.last = index_t{20};
  head.last_term = term_t{2};
  head.first_kept = index_t{21};
  head.hard = {term_t{2}, {}};
  head.snapshot = {index_t{20}, term_t{2}, members_of(1)};
  head.members = members_of(1);
  head.members_index = index_t{20};
  return head;
}

/// Found by fuzzing: a segment smaller than its own head ran into an assertion.
TEST(wal_head, one_that_contradicts_itself_is_damage) {
  auto good = open_with(good_head());
  ASSERT_TRUE(good) << good.error().detail;
  const std::vector<std::function<void(segment_head&)>> lies{
      [](auto& h) { h.segment_bytes = 0; },
      [](auto& h) { h.segment_bytes = frame_head_bytes; },
      [](auto& h) { h.first_kept = index_t{22}; },
      [](auto& h) { h.first_kept = index_t{0}; },
      [](auto& h) { h.snapshot.index = index_t{21}; },
      [](auto& h) { h.members_index = index_t{21}; },
      [](auto& h) { h.last = index_t{UINT64_MAX}; },
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    SCOPED_TRACE(i);
    auto head = good_head();
    lies[i](head);
    auto opened = open_with(head);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::corrupt);
    EXPECT_NE(opened.error().detail.find(".wal: offset 0: the head contradicts itself"), std::string::npos)
        << opened.error().detail;
  }
}

} // namespace
} // namespace troupe::storage::test
