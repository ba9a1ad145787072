#include "search/passages.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace troupe::search {
namespace {

std::size_t bytes_of(std::string_view part) {
  return part.size();
}

std::vector<std::string> parts_of(std::string_view text, const passage_limits& limits,
                                  const passage_measure& size_of = bytes_of) {
  std::vector<std::string> parts;
  for (const auto& p : split_passages(text, limits, size_of))
    parts.emplace_back(text.substr(p.begin, p.end - p.begin));
  return parts;
}

using strings = std::vector<std::string>;

TEST(passages_test, a_text_that_fits_is_whole) {
  EXPECT_EQ(parts_of(" a b. ", {.size_max = 6, .bytes_max = 100}), (strings{" a b. "}));
}

TEST(passages_test, blanks_have_none) {
  for (const char* text : {"", " ", "\n\t\r \u00A0\u2003\u3000\u2028"})
    EXPECT_TRUE(split_passages(text, {.size_max = 100, .bytes_max = 100}, bytes_of).empty());
}

TEST(passages_test, prefers_the_end_of_a_sentence) {
  EXPECT_EQ(parts_of("One two three. Four five six seven", {.size_max = 24, .bytes_max = 100}),
            (strings{"One two three.", "Four five six seven"}));
  EXPECT_EQ(parts_of("He said: \u201COne two.\u201D Four five six seven", {.size_max = 36, .bytes_max = 100}),
            (strings{"He said: \u201COne two.\u201D", "Four five six seven"}));
  EXPECT_EQ(parts_of("a heading\n\nfour five six seven", {.size_max = 16, .bytes_max = 100}),
            (strings{"a heading", "four five six", "seven"}));
}

TEST(passages_test, but_not_in_the_first_half) {
  EXPECT_EQ(parts_of("A. bbbb cccc dddd eeee ffff", {.size_max = 20, .bytes_max = 100}),
            (strings{"A. bbbb cccc dddd", "eeee ffff"}));
}

TEST(passages_test, cuts_long_words_between_code_points) {
  EXPECT_EQ(parts_of("aaaaaaaaaa bb", {.size_max = 4, .bytes_max = 100}),
            (strings{"aaaa", "aaaa", "aa", "bb"}));
  EXPECT_EQ(parts_of("\u4E16\u754C\u4E16\u754C", {.size_max = 7, .bytes_max = 100}),
            (strings{"\u4E16\u754C", "\u4E16\u754C"}));
  EXPECT_EQ(parts_of("aaaaaaaaaa", {.size_max = 100, .bytes_max = 4}), (strings{"aaaa", "aaaa", "aa"}));
  // Not UTF-8: bytes are characters.
  EXPECT_EQ(parts_of("\xFF\xFE\xC3\xE4\xB8", {.size_max = 2, .bytes_max = 2}).size(), 3U);
}

TEST(passages_test, leaves_out_what_is_behind_the_last) {
  EXPECT_EQ(parts_of("aa bb cc dd", {.size_max = 2, .bytes_max = 2, .count_max = 3}),
            (strings{"aa", "bb", "cc"}));
  EXPECT_TRUE(parts_of("aa", {.size_max = 2, .bytes_max = 2, .count_max = 0}).empty());
  std::string long_text(1'000'000, 'x');
  EXPECT_EQ(parts_of(long_text, {.size_max = 100, .bytes_max = 100}).size(), passages_max);
}

/// Whatever the text and however the measure disagrees with the sum of its parts: passages are in order,
/// apart by blanks only, begin and end with a character that is none, and fit.
TEST(passages_test, hold_for_random_texts) {
  const char* given = std::getenv("TROUPE_SEED");
  std::uint64_t state = given == nullptr ? 20240229 : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("TROUPE_SEED=" + std::to_string(state));
  const auto next = [&](std::uint64_t below) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33) % below;
  };
  static const strings alphabet{"a",    "b",      "word",   ".",          "! ", " ", " ",   "\n",
                                "\n\n", "\u3000", "\u4E16", "\U0001F389", "\"", ")", "\xFF"};
  const passage_measure uneven = [](std::string_view part) {
    return part.size() / 2 + (part.find('\n') == std::string_view::npos ? 1 : 4);
  };
  for (int round = 0; round < 400; ++round) {
    std::string text;
    for (auto left = next(120); left > 0; --left)
      text += alphabet[next(alphabet.size())];
    const passage_limits limits{.size_max = 8 + next(20), .bytes_max = 10 + next(40)};
    std::size_t at = 0;
    const auto passages = split_passages(text, limits, uneven);
    if (passages.size() == 1 && passages[0] == passage{0, static_cast<std::uint32_t>(text.size())}) continue;
    for (const auto& [begin, end] : passages) {
      ASSERT_LE(at, begin);
      ASSERT_LT(begin, end);
      ASSERT_LE(end, text.size());
      const std::string_view between = std::string_view{text}.substr(at, begin - at);
      ASSERT_TRUE(split_passages(between, limits, uneven).empty()) << text;
      const auto part = std::string_view{text}.substr(begin, end - begin);
      ASSERT_LE(part.size(), limits.bytes_max) << text;
      ASSERT_LE(uneven(part), limits.size_max) << text;
      ASSERT_FALSE(part.front() == ' ' || part.back() == ' ' || part.back() == '\n') << text;
      at = end;
    }
    if (passages.size() == passages_max) continue;
    ASSERT_TRUE(split_passages(std::string_view{text}.substr(at), limits, uneven).empty()) << text;
  }
}

} // namespace
} // namespace troupe::search
