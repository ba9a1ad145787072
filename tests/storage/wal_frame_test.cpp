// Frames, segment names and the bodies of records, on good and on hostile bytes.

#include "storage/frame.hpp"
#include "storage/segment.hpp"
#include "tests/storage/wal_support.hpp"

#include <cstring>

namespace troupe::storage::test {
namespace {

constexpr std::size_t body_max = 1000;

std::string make_frame(std::string_view body, log_position position, log_position synced,
                       record_type type = record_type::entries) {
  std::string out = "before";
  auto start = begin_frame(out);
  out += body;
  finish_frame(out, start, type, position, synced);
  return out.substr(start);
}

TEST(wal_frame, reads_what_was_written) {
  auto bytes = make_frame("hello", 1000, 900, record_type::snapshot);
  ASSERT_EQ(bytes.size(), frame_head_bytes + 5);
  auto longer = bytes + "behind";
  auto check = check_frame(longer, 1000, body_max);
  ASSERT_EQ(check.status, frame_status::good);
  EXPECT_EQ(check.found.type, record_type::snapshot);
  EXPECT_EQ(check.found.body, "hello");
  EXPECT_EQ(check.found.synced, 900u);
  EXPECT_EQ(check.found.end(), 1000u + bytes.size());
}

TEST(wal_frame, has_the_documented_layout) {
  auto bytes = make_frame("ab", 0x0102030405060708, 0x0102030405060701, record_type::hard_state);
  auto tail =
      std::string("\x02\0\0\0\x03\x01\0\0\x08\x07\x06\x05\x04\x03\x02\x01\x01\x07\x06\x05\x04\x03\x02\x01"
                  "ab",
                  26);
  EXPECT_EQ(bytes.substr(4), tail);
  std::uint32_t sum = 0;
  std::memcpy(&sum, bytes.data(), 4);
  EXPECT_EQ(sum, crc32c(tail));
}

TEST(wal_frame, is_not_taken_for_a_frame_of_another_position) {
  auto bytes = make_frame("stale", 500, 400);
  EXPECT_EQ(check_frame(bytes, 501, body_max).status, frame_status::bad);
}

TEST(wal_frame, says_how_many_bytes_it_wants) {
  auto bytes = make_frame("hello", 7, 7);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    auto check = check_frame(std::string_view{bytes}.substr(0, size), 7, body_max);
    EXPECT_EQ(check.status, frame_status::incomplete);
    EXPECT_EQ(check.bytes_needed, size < frame_head_bytes ? frame_head_bytes : bytes.size());
  }
}

TEST(wal_frame, notices_every_flipped_bit) {
  auto good = make_frame("hello", 77, 70);
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    auto bytes = good;
    bytes[i / 8] = static_cast<char>(bytes[i / 8] ^ (1 << i % 8));
    EXPECT_NE(check_frame(bytes, 77, body_max).status, frame_status::good) << "bit " << i;
  }
}

TEST(wal_frame, refuses_bodies_above_the_limit_and_tells_zeros_apart) {
  EXPECT_EQ(check_frame(make_frame(std::string(body_max + 1, 'x'), 0, 0), 0, body_max).status,
            frame_status::bad);
  EXPECT_EQ(check_frame(std::string(100, '\0'), 0, body_max).status, frame_status::zero);
  EXPECT_EQ(check_frame(std::string(100, '\0'), 5, body_max).status, frame_status::zero);
}

TEST(wal_frame, tells_a_newer_version_from_damage) {
  for (std::size_t at : {8u, 9u, 10u}) { // type, version, group
    auto bytes = make_frame("hello", 7, 7);
    bytes[at] = 9;
    auto sum = crc32c(std::string_view{bytes}.substr(4));
    std::memcpy(bytes.data(), &sum, 4);
    EXPECT_EQ(check_frame(bytes, 7, body_max).status, frame_status::unsupported);
  }
}

TEST(wal_frame, survives_random_bytes) {
  std::mt19937_64 random{5};
  for (int i = 0; i < 20000; ++i) {
    std::string bytes(random() % 80, '\0');
    for (auto& c : bytes)
      c = static_cast<char>(random() % 3 == 0 ? random() : 0);
    EXPECT_NE(check_frame(bytes, random() % 4, body_max).status, frame_status::good);
  }
}

TEST(wal_segment, names_sort_as_the_log_does_and_read_back) {
  EXPECT_EQ(segment_name(12, index_t{345}), "00000000000000000012-00000000000000000345.wal");
  EXPECT_LT(segment_name(9, index_t{1000}), segment_name(10, index_t{2}));
  auto info = parse_segment_name(segment_name(UINT64_MAX, index_t{7}));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->sequence, UINT64_MAX);
  EXPECT_EQ(info->first, index_t{7});
  for (auto* bad :
       {"", "1.wal", "00000000000000000012-00000000000000000345.tmp",
        "0000000000000000001x-00000000000000000345.wal", "00000000000000000012_00000000000000000345.wal",
        "99999999999999999999-00000000000000000345.wal", "-0000000000000000012-00000000000000000345.wal"})
    EXPECT_FALSE(parse_segment_name(bad)) << bad;
}

TEST(wal_segment, record_bodies_round_trip_and_refuse_every_shortening) {
  segment_head head{4,
                    16384,
                    99,
                    index_t{7},
                    term_t{2},
                    index_t{3},
                    {term_t{5}, node_id{"n1"}},
                    {index_t{4}, term_t{1}, members_of(2)},
                    members_of(1),
                    index_t{6}};
  auto bytes = encode(head);
  EXPECT_EQ(decode<segment_head>(bytes, "head").value(), head);
  snapshot_pointer pointer{{index_t{4}, term_t{1}, members_of(2)}, index_t{3}, true};
  auto other = encode(pointer);
  EXPECT_EQ(decode<snapshot_pointer>(other, "pointer").value(), pointer);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(decode<segment_head>(std::string_view{bytes}.substr(0, size), "head").error().code,
              errc::corrupt);
  for (std::size_t size = 0; size < other.size(); ++size)
    EXPECT_EQ(decode<snapshot_pointer>(std::string_view{other}.substr(0, size), "p").error().code,
              errc::corrupt);
}

} // namespace
} // namespace troupe::storage::test
