#include "search/word_break.hpp"

#include "search/utf8.hpp"
#include "tests/search/analysis_support.hpp"

#include <gtest/gtest.h>
#include <memory>
#include <unicode/brkiter.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <vector>

namespace troupe::search {
namespace {

std::vector<std::size_t> boundaries(std::string_view text) {
  std::vector<std::size_t> out;
  for (std::size_t at = 0; at < text.size();) {
    at = next_segment(text, at).end;
    out.push_back(at);
  }
  return out;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  word_range word;
  for (std::size_t at = 0; find_word(text, at, word); at = word.end)
    out.emplace_back(text.substr(word.begin, word.end - word.begin));
  return out;
}

using list = std::vector<std::string>;

TEST(word_break, follows_the_examples_of_uax_29) {
  EXPECT_EQ(words("The quick (\"brown\") fox can't jump 32.3 feet, right?"),
            (list{"The", "quick", "brown", "fox", "can't", "jump", "32.3", "feet", "right"}));
  EXPECT_EQ(words("3.14 1,000;5 12:30 a.b a,b a'b' 'tis 1'2 x1.y"),
            (list{"3.14", "1,000;5", "12", "30", "a.b", "a", "b", "a'b", "tis", "1'2", "x1", "y"}));
  EXPECT_EQ(words("snake_case _ __a__ 3a A3 3_a"), (list{"snake_case", "__a__", "3a", "A3", "3_a"}));
  EXPECT_EQ(words("key:value std::string http://a.b/c"),
            (list{"key", "value", "std", "string", "http", "a.b", "c"}));
  EXPECT_EQ(words("don\u2019t na\u00EFve e\u0301te\u0301"),
            (list{"don\u2019t", "na\u00EFve", "e\u0301te\u0301"}));
  EXPECT_EQ(words("\u05D0\"\u05D0 \u05D0'"), (list{"\u05D0\"\u05D0", "\u05D0'"}));
  EXPECT_EQ(words("\u65E5\u672C \u30AB\u30BF\u30AB\u30CA \uD55C\uAE00"),
            (list{"\u65E5", "\u672C", "\u30AB\u30BF\u30AB\u30CA", "\uD55C\uAE00"}));
  EXPECT_EQ(words("\u041F\u0440\u0438\u0432\u0435\u0442, \u043C\u0438\u0440!"),
            (list{"\u041F\u0440\u0438\u0432\u0435\u0442", "\u043C\u0438\u0440"}));
}

TEST(word_break, keeps_emoji_sequences_and_flags_together) {
  EXPECT_EQ(words("a \U0001F389!"), (list{"a", "\U0001F389"}));
  EXPECT_EQ(words("\U0001F468\u200D\U0001F469\u200D\U0001F467 x"),
            (list{"\U0001F468\u200D\U0001F469\u200D\U0001F467", "x"}));
  EXPECT_EQ(words("\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7"),
            (list{"\U0001F1E9\U0001F1EA", "\U0001F1EB\U0001F1F7"}));
}

TEST(word_break, finds_nothing_in_what_holds_no_word) {
  EXPECT_EQ(words(""), list{});
  EXPECT_EQ(words("... --- !? \r\n\t ()"), list{});
  EXPECT_EQ(words(" \U0001F3FD"), list{});
  EXPECT_EQ(words("\u2026 \u00A0 \u0301"), list{});
}

TEST(word_break, takes_a_byte_that_is_no_utf8_for_a_border) {
  EXPECT_EQ(words("ab\xFF"
                  "cd\xC3 e\xE2\x82"),
            (list{"ab", "cd", "e"}));
  EXPECT_EQ(words("\x80\x80x"), list{"x"});
}

/// Code points of every class, and none of the scripts that ICU breaks by dictionary.
std::vector<char32_t> lively_code_points() {
  return {U'a',          U'Z',          U'q',      U'0',          U'9',         U'_',      U'.',
          U',',          U';',          U':',      U'\'',         U'"',         U' ',      U' ',
          U'\r',         U'\n',         U'\t',     U'-',          U'(',         U'\u2019', U'\u2018',
          U'\u00B7',     U'\u0301',     U'\u0308', U'\u00AD',     U'\u200D',    U'\u2060', U'\u05D0',
          U'\u05D1',     U'\u00E9',     U'\u0416', U'\u0660',     U'\u0967',    U'\u203F', U'\u2028',
          U'\u3000',     U'\u2003',     U'\uFE0F', U'\u00A9',     U'\uFF1A',    U'\uFE55', U'\uFF0E',
          U'\u066C',     U'\u2024',     U'\u00DF', U'\u1100',     U'\u0915',    U'\u093F', U'\U0001F1E9',
          U'\U0001F1EA', U'\U0001F389', U'\u2764', U'\U0001F469', U'\U0001F3FD'};
}

/// Assigned characters outside of those scripts, drawn from wide ranges.
char32_t any_code_point(dice& d) {
  while (true) {
    const auto c = static_cast<UChar32>(d.below(d.below(2) == 0 ? 0x3000 : 0x20000));
    if (u_charType(c) == U_UNASSIGNED || u_charType(c) == U_SURROGATE || u_charType(c) == U_PRIVATE_USE_CHAR)
      continue;
    // ICU 72 holds words together around this sign, which UAX #29 does not.
    if (c == U'@' || c == U'\uFE6B' || c == U'\uFF20') continue;
    const auto line = u_getIntPropertyValue(c, UCHAR_LINE_BREAK);
    const auto script = u_getIntPropertyValue(c, UCHAR_SCRIPT);
    if (line == U_LB_COMPLEX_CONTEXT || script == USCRIPT_HAN || script == USCRIPT_HANGUL ||
        script == USCRIPT_HIRAGANA)
      continue;
    if (script == USCRIPT_KATAKANA || u_getIntPropertyValue(c, UCHAR_WORD_BREAK) == U_WB_KATAKANA) continue;
    return static_cast<char32_t>(c);
  }
}

TEST(word_break, agrees_with_icu_on_random_texts) {
  dice d{29};
  UErrorCode status = U_ZERO_ERROR;
  std::unique_ptr<icu::BreakIterator> oracle{
      icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status)};
  ASSERT_TRUE(U_SUCCESS(status));
  const auto lively = lively_code_points();
  for (int round = 0; round < 6'000; ++round) {
    std::string text;
    icu::UnicodeString wide;
    std::vector<std::size_t> offset_of{0}; // bytes in front of each UTF-16 unit
    for (auto n = 1 + d.below(24); n > 0; --n) {
      const auto c = d.below(4) == 0 ? any_code_point(d) : lively[d.below(lively.size())];
      append_utf8(c, text);
      wide.append(static_cast<UChar32>(c));
      offset_of.resize(static_cast<std::size_t>(wide.length()) + 1, text.size());
      offset_of.back() = text.size();
    }
    oracle->setText(wide);
    std::vector<std::size_t> expected;
    oracle->first();
    for (auto at = oracle->next(); at != icu::BreakIterator::DONE; at = oracle->next())
      expected.push_back(offset_of[static_cast<std::size_t>(at)]);
    ASSERT_EQ(boundaries(text), expected) << testing::PrintToString(text) << " in round " << round;
  }
}

TEST(word_break, reads_ascii_as_the_full_rules_do) {
  dice d{30};
  const auto lively = lively_code_points();
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (auto n = d.below(30); n > 0; --n) {
      if (d.below(200) == 0) text.push_back('\xF0');
      append_utf8(lively[d.below(d.below(8) == 0 ? lively.size() : 19)], text);
    }
    list expected;
    for (std::size_t at = 0; at < text.size();) {
      const auto segment = next_segment(text, at);
      if (segment.is_word) expected.push_back(text.substr(at, segment.end - at));
      at = segment.end;
    }
    ASSERT_EQ(words(text), expected) << testing::PrintToString(text);
  }
}

TEST(word_break, takes_linear_time_on_hostile_texts) {
  // Each of these looks far ahead; a look repeated at every step would not end within the test's time.
  std::string marks = "a'";
  for (int i = 0; i < 200'000; ++i)
    marks += "\u0301";
  EXPECT_EQ(words(marks).size(), 1U);
  std::string quotes;
  for (int i = 0; i < 200'000; ++i)
    quotes += "a'\u00AD";
  EXPECT_EQ(words(quotes + "1").size(), 1U + 1U);
  EXPECT_EQ(words(std::string(1'000'000, '\x80')), list{});
}

} // namespace
} // namespace troupe::search
