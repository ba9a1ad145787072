// Results that are kept for their next page: bounds, time, and whose cursor it is.

#include "actors/page_series.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

page_series::series series_of(std::size_t hits, std::size_t value_bytes = 0) {
  page_series::series s;
  for (std::size_t i = 0; i < hits; ++i) {
    search::engine_hit h;
    h.key = "k" + std::to_string(i);
    h.value = blob{std::string(value_bytes, 'v')};
    s.hits.push_back(std::move(h));
  }
  s.total = hits;
  return s;
}

TEST(page_series, a_cursor_leads_back) {
  page_series p{77};
  auto number = p.add(series_of(5), 100);
  auto place = p.parse(p.cursor(number, 3));
  ASSERT_TRUE(place);
  EXPECT_EQ(place->number, number);
  EXPECT_EQ(place->next, 3u);
  ASSERT_NE(p.find(number, 200), nullptr);
  EXPECT_EQ(p.find(number, 200)->hits.size(), 5u);
}

TEST(page_series, a_cursor_of_another_process_is_none) {
  page_series mine{77};
  page_series other{78};
  auto number = other.add(series_of(1), 0);
  EXPECT_FALSE(mine.parse(other.cursor(number, 1)));
}

TEST(page_series, what_is_no_cursor_is_refused) {
  page_series p{77};
  for (auto* text : {"", "-", "77", "77-1", "77-1-", "77-1-2-", "77-1-2x", "x77-1-2", "77--1-2", "77-1-10001",
                     "99999999999999999999-1-1", "77-1--2"})
    EXPECT_FALSE(p.parse(text)) << text;
  EXPECT_TRUE(p.parse("77-1-10000"));
}

TEST(page_series, is_forgotten_after_its_time_unless_it_is_used) {
  page_series p{1};
  auto a = p.add(series_of(1), 0);
  auto b = p.add(series_of(1), 0);
  p.expire(page_series::keep_ms - 1);
  ASSERT_NE(p.find(a, page_series::keep_ms - 1), nullptr);
  p.expire(page_series::keep_ms);
  EXPECT_NE(p.find(a, page_series::keep_ms), nullptr);
  EXPECT_EQ(p.find(b, page_series::keep_ms), nullptr);
}

TEST(page_series, the_least_used_go_first_when_there_are_too_many) {
  page_series p{1};
  std::vector<std::uint64_t> numbers;
  for (std::size_t i = 0; i < page_series::series_max; ++i)
    numbers.push_back(p.add(series_of(1), static_cast<std::int64_t>(i)));
  p.find(numbers[0], 1'000);
  auto newest = p.add(series_of(1), 1'001);
  EXPECT_NE(p.find(numbers[0], 1'002), nullptr);
  EXPECT_EQ(p.find(numbers[1], 1'002), nullptr);
  EXPECT_NE(p.find(newest, 1'002), nullptr);
}

TEST(page_series, bytes_are_bounded_and_the_newest_stays) {
  page_series p{1};
  auto a = p.add(series_of(3, page_series::bytes_max / 4), 0);
  auto b = p.add(series_of(3, page_series::bytes_max / 4), 1);
  EXPECT_EQ(p.find(a, 2), nullptr);
  EXPECT_NE(p.find(b, 2), nullptr);
  auto c = p.add(series_of(5, page_series::bytes_max / 4), 3);
  EXPECT_EQ(p.find(b, 4), nullptr);
  EXPECT_NE(p.find(c, 4), nullptr);
}

} // namespace
} // namespace troupe::test
