#include "search/passage_snippet.hpp"

#include <gtest/gtest.h>

namespace troupe::search {
namespace {

std::string shown(std::string_view text, std::uint32_t begin, std::uint32_t end,
                  std::size_t bytes_max = 240) {
  auto s = passage_snippet(text, {begin, end}, bytes_max);
  return s ? s->text : "nothing";
}

TEST(passage_snippet, shows_the_passage_and_where_something_is_left_out) {
  EXPECT_EQ(shown("one two three", 0, 13), "one two three");
  EXPECT_EQ(shown("one two three", 4, 7), "…two…");
  EXPECT_EQ(shown("one two three", 3, 13), "…two three");
  EXPECT_EQ(shown("  one ", 0, 6), "one");
}

TEST(passage_snippet, cuts_between_words_where_it_can) {
  EXPECT_EQ(shown("one two three four five", 0, 23, 22), "one two three…");
  EXPECT_EQ(shown("onetwothreefourfivesixseven", 0, 27, 16), "onetwothre…");
}

TEST(passage_snippet, takes_any_range) {
  EXPECT_EQ(shown("one", 3, 9), "nothing");
  EXPECT_EQ(shown("one", 2, 1), "nothing");
  EXPECT_EQ(shown("", 0, 0), "nothing");
  EXPECT_EQ(shown("one   ", 3, 6), "nothing");
  EXPECT_EQ(shown("one", 1, UINT32_MAX), "…ne");
  // "é" has two bytes; a range that begins or ends inside it leaves it out.
  EXPECT_EQ(shown("aéb", 2, 4), "…b");
  EXPECT_EQ(shown("aéb", 0, 2), "a…");
  EXPECT_EQ(shown("a\xff\xfe z", 0, 5), "nothing");
}

} // namespace
} // namespace troupe::search
