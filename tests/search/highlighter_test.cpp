#include "search/highlighter.hpp"

#include "search/query_parser.hpp"
#include "search/utf8.hpp"
#include "tests/search/analysis_support.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::search {
namespace {

/// A snippet with its marks in brackets, its field in front.
std::string shown(const snippet& s) {
  std::string out = s.field.empty() ? "" : s.field + ": ";
  std::size_t at = 0;
  for (auto [begin, end] : s.marks) {
    out += s.text.substr(at, begin - at) + "[" + s.text.substr(begin, end - begin) + "]";
    at = end;
  }
  return out + s.text.substr(at);
}

class highlights : public testing::Test {
protected:
  std::vector<snippet> raw(const extracted& d, const std::string& query,
                           const snippet_settings& settings = {}) {
    auto parsed = parse_query(query, words_);
    if (auto* bad = std::get_if<query_problem>(&parsed)) {
      ADD_FAILURE() << query << ": " << bad->detail;
      return {};
    }
    return highlight(d, std::get<query_node>(parsed), words_, settings);
  }
  std::vector<std::string> of(const extracted& d, const std::string& query,
                              const snippet_settings& settings = {}) {
    std::vector<std::string> out;
    for (const auto& s : raw(d, query, settings))
      out.push_back(shown(s));
    return out;
  }
  static extracted text(std::string t) { return {{{"", std::move(t)}}, {}}; }

  analyzer words_ = make_analyzer();
};

using list = std::vector<std::string>;

TEST_F(highlights, mark_words_by_their_stems) {
  EXPECT_EQ(of(text("Greetings from the greeters, and connecting flights."), "greeting connection"),
            list{"[Greetings] from the greeters, and [connecting] flights."});
  EXPECT_EQ(of(text("no match here"), "absent"), list{});
  EXPECT_EQ(of(text("anything"), "*"), list{});
  EXPECT_EQ(of(text("anything"), "price<3"), list{});
}

TEST_F(highlights, mark_prefixes_and_fuzzy_words_as_the_index_finds_them) {
  EXPECT_EQ(of(text("Greetings, greedy greeter"), "greet*"), list{"[Greetings], greedy [greeter]"});
  EXPECT_EQ(of(text("A connection connects"), "connecti*"), list{"A [connection] [connects]"});
  EXPECT_EQ(of(text("happiness and a happy end"), "happy*"), list{"[happiness] and a [happy] end"});
  EXPECT_EQ(of(text("kitten mitten sitting"), "kitten~1"), list{"[kitten] [mitten] sitting"});
  EXPECT_EQ(of(text("a smitten kitten"), "kitten~2"), list{"a [smitten] [kitten]"});
}

TEST_F(highlights, mark_phrases_where_they_stand) {
  EXPECT_EQ(of(text("red red fox, fox red, red foxes"), "\"red fox\""),
            list{"red [red] [fox], fox red, [red] [foxes]"});
  EXPECT_EQ(of(text("a well known fact, known well"), "well-known"),
            list{"a [well] [known] fact, known well"});
  auto stopping = make_analyzer({"english", true});
  auto parsed = parse_query("\"cat on the mat\"", stopping);
  auto found = highlight(text("A cat in a mat, a cat by mat"), std::get<query_node>(parsed), stopping);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(shown(found[0]), "A [cat] in a [mat], a cat by mat");
}

TEST_F(highlights, leave_out_what_is_excluded_and_look_at_fields) {
  EXPECT_EQ(of(text("cat and dog"), "cat -dog"), list{"[cat] and dog"});
  const extracted d{{{"title", "Red fox"}, {"body", "The fox is red"}}, {}};
  EXPECT_EQ(of(d, "title:fox"), list{"title: Red [fox]"});
  EXPECT_EQ(of(d, "body:fox OR red"), (list{"body: The [fox] is [red]", "title: [Red] fox"}));
}

TEST_F(highlights, are_right_in_unicode) {
  EXPECT_EQ(of(text("Die STRASSE, stra\u00DFe \u00C9t\u00E9 e\u0301te\u0301 \u65E5\u672C\u8A9E"),
               "Stra\u00DFe OR \u00E9t\u00E9 OR \u672C"),
            list{"Die [STRASSE], [stra\u00DFe] [\u00C9t\u00E9] [e\u0301te\u0301] \u65E5[\u672C]\u8A9E"});
  EXPECT_EQ(of(text("\u201Cdon\u2019t\u201D"), "don't"), list{"\u201C[don\u2019t]\u201D"});
}

TEST_F(highlights, show_whole_words_of_a_long_text_and_the_best_place_first) {
  std::string filler;
  for (int i = 0; i < 40; ++i)
    filler += "filler words ";
  const auto d = text(filler + "one apple " + filler + "apple and banana " + filler + "banana");
  const auto found = of(d, "apple OR banana", {60, 3, 1 << 20});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].find("\u2026"), 0U);
  EXPECT_NE(found[0].find("[apple] and [banana]"), std::string::npos);
  EXPECT_NE(found[1].find("one [apple]"), std::string::npos);
  EXPECT_TRUE(found[2].ends_with("[banana]"));
  for (const auto& s : raw(d, "apple OR banana", {60, 3, 1 << 20}))
    EXPECT_LE(s.text.size(), 60U);
  EXPECT_EQ(of(d, "apple OR banana", {60, 1, 1 << 20}).size(), 1U);
  EXPECT_EQ(of(d, "apple OR banana", {60, 0, 1 << 20}).size(), 0U);
}

TEST_F(highlights, prefer_what_was_not_shown_yet) {
  extracted d;
  for (int i = 0; i < 500; ++i)
    d.texts.push_back({"tags", "apple apple"});
  d.texts.push_back({"tags", "banana"});
  const auto found = of(d, "apple OR banana", {60, 2, 1 << 20});
  EXPECT_EQ(found, (list{"tags: [apple] [apple]", "tags: [banana]"}));
}

TEST_F(highlights, cut_only_a_word_that_is_longer_than_a_snippet) {
  std::string word;
  for (int i = 0; i < 400; ++i)
    word += "\u0416";
  const auto found = raw(text("x " + word + " y"), word, {50, 3, 1 << 20});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_LE(found[0].text.size(), 50U);
  EXPECT_TRUE(is_utf8(found[0].text));
  ASSERT_EQ(found[0].marks.size(), 1U);
  EXPECT_EQ(raw(text("x"), "x", {2, 3, 1 << 20}), std::vector<snippet>{});
}

TEST_F(highlights, look_at_a_bounded_part_of_the_texts) {
  extracted d{{{"", std::string(1'000, 'a') + " cat"}, {"", "cat"}}, {}};
  EXPECT_EQ(of(d, "cat", {60, 3, 500}), list{});
  EXPECT_EQ(of(d, "cat", {60, 3, 2'000}).size(), 2U);
}

/// Every mark of every snippet is a word that the query asks for, at word borders, in order and within the
/// limit.
TEST_F(highlights, hold_their_promises_on_random_texts) {
  dice d{37};
  const list parts{"cat",
                   "cats ",
                   "dog",
                   "greetings",
                   "greet",
                   "\u00E9t\u00E9",
                   "e\u0301te\u0301",
                   "stra\u00DFe",
                   "\u65E5",
                   "\U0001F389",
                   " ",
                   " ",
                   " ",
                   ", ",
                   ".",
                   "'",
                   "\u2019",
                   "-",
                   "_",
                   "\xFF",
                   "\n",
                   "\u0301"};
  const list queries{"cat",
                     "greet*",
                     "cat~1 OR dogs",
                     "\"cat dog\" OR \u00E9t\u00E9",
                     "strasse OR \u65E5",
                     "cat OR greet* OR do~2"};
  for (int round = 0; round < 3'000; ++round) {
    extracted doc;
    for (auto n = 1 + d.below(3); n > 0; --n) {
      std::string t;
      for (auto size = d.below(60); size > 0; --size)
        t += parts[d.below(parts.size())];
      doc.texts.push_back({"f" + std::to_string(n), std::move(t)});
    }
    const snippet_settings settings{20 + d.below(100), 1 + d.below(3), 1 << 20};
    const auto found = raw(doc, queries[d.below(queries.size())], settings);
    ASSERT_LE(found.size(), settings.snippets_max);
    for (const auto& s : found) {
      ASSERT_LE(s.text.size(), settings.bytes_max);
      ASSERT_FALSE(s.marks.empty());
      std::vector<token> tokens;
      const auto part = std::ranges::find(doc.texts, s.field, &text_part::field);
      ASSERT_NE(part, doc.texts.end());
      std::size_t last = 0;
      for (auto [begin, end] : s.marks) {
        ASSERT_LE(last, begin);
        ASSERT_LT(begin, end);
        ASSERT_LE(end, s.text.size());
        last = end;
        const auto word = s.text.substr(begin, end - begin);
        words_.analyze(part->text, tokens);
        ASSERT_TRUE(std::ranges::any_of(tokens, [&](const token& t) {
          return part->text.substr(t.begin, t.end - t.begin).starts_with(word);
        })) << testing::PrintToString(word);
      }
    }
  }
}

} // namespace
} // namespace troupe::search
