#include "config/units.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace troupe::config {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

TEST(units, reads_times) {
  const std::pair<std::string_view, std::int64_t> cases[] = {
      {"0ms", 0},          {"1ms", 1},      {"150ms", 150},
      {"2s", 2000},        {"5m", 300'000}, {"12h", 43'200'000},
      {"7d", 604'800'000}, {"007s", 7000},  {"9223372036854775807ms", 9'223'372'036'854'775'807},
  };
  for (const auto& [text, value] : cases) {
    const auto parsed = parse_duration(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().detail;
    EXPECT_EQ(*parsed, milliseconds{value}) << text;
  }
}

TEST(units, reads_sizes) {
  const std::pair<std::string_view, std::uint64_t> cases[] = {
      {"0B", 0},
      {"512B", 512},
      {"4KiB", 4096},
      {"64MiB", 64ull << 20},
      {"1GiB", 1ull << 30},
      {"2TiB", 2ull << 40},
      {"8388607TiB", 8'388'607ull << 40},
  };
  for (const auto& [text, value] : cases) {
    const auto parsed = parse_size(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().detail;
    EXPECT_EQ(*parsed, value) << text;
  }
}

TEST(units, says_what_is_wrong) {
  const std::tuple<std::string_view, std::string_view> cases[] = {
      {"", "does not start with a whole number"},
      {"ms", "does not start with a whole number"},
      {"-5ms", "does not start with a whole number"},
      {"+5ms", "does not start with a whole number"},
      {" 5ms", "does not start with a whole number"},
      {"\xd9\xa3ms", "does not start with a whole number"},
      {"150", "\"150\" has no unit; write a"},
      {"0", "has no unit"},
      {"1.5s", "is not a whole number"},
      {"1,5s", "is not a whole number"},
      {"1e3s", "has an unknown unit"},
      {"5 s", "has a space in it"},
      {"5s ", "has an unknown unit"},
      {"5x", "has an unknown unit"},
      {"5msms", "has an unknown unit"},
      {"5us", "has an unknown unit"},
      {"5MS", "has an unknown unit"},
      {"5KB", "has an unknown unit"},
      {"5kib", "has an unknown unit"},
      {"5\n", "\"5?\" has an unknown unit"},
  };
  for (const auto& [text, part] : cases) {
    const auto time = parse_duration(text);
    const auto size = parse_size(text);
    ASSERT_FALSE(time) << text;
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(time.error().code, errc::invalid_argument);
    EXPECT_THAT(time.error().detail, HasSubstr(part)) << text;
    EXPECT_THAT(size.error().detail, HasSubstr(part)) << text;
    EXPECT_THAT(time.error().detail, HasSubstr("write a time such as"));
    EXPECT_THAT(size.error().detail, HasSubstr("write a size such as"));
  }
}

TEST(units, a_time_is_no_size) {
  EXPECT_FALSE(parse_size("5s"));
  EXPECT_FALSE(parse_size("5m"));
  EXPECT_FALSE(parse_duration("5B"));
  EXPECT_FALSE(parse_duration("5MiB"));
}

TEST(units, refuses_what_overflows) {
  for (std::string_view text : {"9223372036854775808ms", "18446744073709551616ms",
                                "99999999999999999999999999ms", "9223372036854775807s", "106751991168d"})
    EXPECT_THAT(parse_duration(text).error().detail, HasSubstr("too large")) << text;
  for (std::string_view text : {"9223372036854775808B", "8388608TiB", "18446744073709551615KiB"})
    EXPECT_THAT(parse_size(text).error().detail, HasSubstr("too large")) << text;
}

TEST(units, writes_what_it_reads) {
  for (std::string_view text : {"0ms", "1ms", "999ms", "1s", "90s", "1m", "61m", "2h", "25h", "3d"})
    EXPECT_EQ(format_duration(*parse_duration(text)), text);
  EXPECT_EQ(format_duration(milliseconds{1500}), "1500ms");
  EXPECT_EQ(format_duration(milliseconds{86'400'000}), "1d");
  for (std::string_view text : {"0B", "1B", "1023B", "1KiB", "1025B", "3MiB", "5GiB", "7TiB"})
    EXPECT_EQ(format_size(*parse_size(text)), text);
}

} // namespace
} // namespace troupe::config
