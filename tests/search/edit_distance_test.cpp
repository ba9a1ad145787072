#include "search/edit_distance.hpp"

#include "tests/search/analysis_support.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

namespace troupe::search {
namespace {

unsigned naive_distance(const std::u32string& a, const std::u32string& b) {
  std::vector<std::vector<unsigned>> d(a.size() + 1, std::vector<unsigned>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0)
        d[i][j] = static_cast<unsigned>(i + j);
      else
        d[i][j] =
            std::min({d[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1U : 0U), d[i - 1][j] + 1, d[i][j - 1] + 1});
    }
  }
  return d[a.size()][b.size()];
}

TEST(edit_distance, counts_code_points) {
  EXPECT_EQ(edit_distance_at_most("kitten", "sitting", 3), 3U);
  EXPECT_EQ(edit_distance_at_most("kitten", "sitting", 2), 3U);
  EXPECT_TRUE(within_distance("caf\u00E9", "cafe", 1));
  EXPECT_TRUE(within_distance("\U0001F600x", "x", 1));
  EXPECT_FALSE(within_distance("\u00E9\u00E9", "\u00E8\u00E8", 1)); // they share bytes, not characters
  EXPECT_TRUE(within_distance("\u00E9\u00E9", "\u00E8\u00E8", 2));
  EXPECT_FALSE(within_distance("ab", "ba", 1)); // an exchange is two edits
  EXPECT_TRUE(within_distance("", "ab", 2));
  EXPECT_TRUE(within_distance("same", "same", 0));
  EXPECT_FALSE(within_distance("same", "sane", 0));
}

TEST(edit_distance, leaves_long_words_alone) {
  const std::string longest(edit_bytes_max, 'a');
  EXPECT_TRUE(within_distance(longest, longest.substr(1), 1));
  EXPECT_FALSE(within_distance(longest + "a", longest, 2));
  EXPECT_TRUE(within_distance(longest + "a", longest + "a", 0));
}

TEST(edit_distance, is_what_the_whole_table_says) {
  dice d{31};
  const std::vector<char32_t> alphabet{U'a', U'b', U'c', U'\u00E9', U'\u00E8', U'\U0001F600'};
  for (int round = 0; round < 30'000; ++round) {
    std::u32string a, b;
    for (auto n = d.below(10); n > 0; --n)
      a.push_back(alphabet[d.below(alphabet.size())]);
    b = a;
    for (auto n = d.below(4); n > 0; --n) {
      const auto c = alphabet[d.below(alphabet.size())];
      const auto at = d.below(b.size() + 1);
      if (d.below(2) == 0) b.insert(b.begin() + static_cast<std::ptrdiff_t>(at), c);
      if (at < b.size()) b[at] = alphabet[d.below(alphabet.size())];
      if (d.below(3) == 0 && !b.empty()) b.erase(b.begin());
    }
    std::string narrow_a, narrow_b;
    for (auto c : a)
      append_utf8(c, narrow_a);
    for (auto c : b)
      append_utf8(c, narrow_b);
    const auto expected = naive_distance(a, b);
    for (unsigned max = 0; max < 6; ++max) {
      ASSERT_EQ(edit_distance_at_most(narrow_a, narrow_b, max), std::min(expected, max + 1))
          << narrow_a << " " << narrow_b;
      ASSERT_EQ(within_distance(narrow_b, narrow_a, max), expected <= max) << narrow_a << " " << narrow_b;
    }
  }
}

TEST(edit_distance, survives_any_bytes) {
  dice d{32};
  for (int round = 0; round < 20'000; ++round) {
    const auto a = random_bytes(d, d.below(70), "ab\xC3\xA9");
    const auto b = random_bytes(d, d.below(70), "ab\xC3\xA9");
    EXPECT_EQ(edit_distance_at_most(a, b, 2), edit_distance_at_most(b, a, 2));
    EXPECT_EQ(edit_distance_at_most(a, a, 2), 0U);
  }
}

} // namespace
} // namespace troupe::search
