// What text_index promises, one sentence at a time.

#include "tests/search/index_support.hpp"

#include <gtest/gtest.h>

namespace troupe::search::test {
namespace {

text_index plain_index() {
  return std::move(*text_index::make(plain_words()));
}

std::vector<doc_id> found_by(const text_index& index, const query_node& q) {
  text_ask ask;
  ask.query = &q;
  return members(index.matches(ask));
}
std::vector<doc_id> ranked_by(const text_index& index, const query_node& q) {
  std::vector<doc_id> docs;
  for (auto& hit : ask_all(index, q).hits)
    docs.push_back(hit.doc);
  return docs;
}
using docs = std::vector<doc_id>;

TEST(text_index, refuses_settings_that_rank_nothing) {
  text_settings settings;
  settings.words.language = "klingon";
  EXPECT_EQ(text_index::make(settings).error().code, errc::invalid_argument);
  settings = {};
  settings.k1 = -1;
  EXPECT_EQ(text_index::make(settings).error().code, errc::invalid_argument);
  settings = {};
  settings.b = std::nan("");
  EXPECT_EQ(text_index::make(settings).error().code, errc::invalid_argument);
}

TEST(text_index, finds_stems_of_words) {
  auto index = std::move(*text_index::make({}));
  index.put(4, text_of("Connections were made"));
  EXPECT_EQ(found_by(index, word_node(index.words().stem("connecting"))), docs{4});
}

TEST(text_index, forgets_replaced_and_erased_texts) {
  auto index = plain_index();
  index.put(1, text_of("first words"));
  index.put(2, text_of("other words"));
  index.put(1, text_of("second thoughts"));
  EXPECT_EQ(found_by(index, word_node("first")), docs{});
  EXPECT_EQ(found_by(index, word_node("words")), docs{2});
  EXPECT_EQ(index.terms(), 4U);
  index.erase(2);
  index.erase(2);
  index.erase(77);
  EXPECT_EQ(found_by(index, word_node("words")), docs{});
  EXPECT_EQ(index.documents(), 1U);
  EXPECT_EQ(index.terms(), 2U);
}

TEST(text_index, phrases_stay_within_a_part_and_keep_gaps) {
  auto index = plain_index();
  index.put(1, {{{"a", "red green"}, {"a", "blue red"}, {"b", "green"}}, {}});
  EXPECT_EQ(found_by(index, phrase_node({"red", "green"})), docs{1});
  EXPECT_EQ(found_by(index, phrase_node({"green", "blue"})), docs{});
  EXPECT_EQ(found_by(index, in_field("b", phrase_node({"red", "green"}))), docs{});
  index.put(2, text_of("king of the hill"));
  auto gap = phrase_node({"king", "hill"});
  EXPECT_EQ(found_by(index, gap), docs{});
  gap.positions = {0, 3};
  EXPECT_EQ(found_by(index, gap), docs{2});
}

TEST(text_index, exact_words_rank_above_fuzzy_ones) {
  auto index = plain_index();
  index.put(1, text_of("recieve recieve recieve now"));
  index.put(2, text_of("we receive that now"));
  index.put(3, text_of("we reeceivee that now"));
  for (doc_id d = 10; d < 30; ++d)
    index.put(d, text_of("something else entirely there"));
  EXPECT_EQ(ranked_by(index, fuzzy_node("receive", 2)), (docs{2, 1, 3}));
  EXPECT_EQ(ranked_by(index, fuzzy_node("receive", 1)), docs{2});
}

TEST(text_index, breaks_ties_by_key_and_else_by_number) {
  auto index = plain_index();
  for (doc_id d : {5, 3, 9, 1})
    index.put(d, text_of("same words"));
  auto q = word_node("same");
  EXPECT_EQ(ranked_by(index, q), (docs{1, 3, 5, 9}));
  text_ask ask;
  ask.query = &q;
  ask.hits_max = 2;
  ask.key_of = [](const void*, doc_id d) -> std::string_view { return d == 9 ? "a" : d == 5 ? "b" : "c"; };
  auto best = index.search(ask);
  ASSERT_EQ(best.hits.size(), 2U);
  EXPECT_EQ(best.hits[0].doc, 9U);
  EXPECT_EQ(best.hits[1].doc, 5U);
  EXPECT_EQ(best.total, 4U);
  ask.hits_max = 0;
  EXPECT_EQ(index.search(ask).total, 4U);
}

TEST(text_index, explains_a_score) {
  auto index = plain_index();
  index.put(1, text_of("red red fish"));
  index.put(2, text_of("blue fish"));
  index.put(3, text_of("nothing at all"));
  index.put(4, text_of("one more"));
  auto q = all_of({word_node("red"), word_node("fish")});
  text_ask ask;
  ask.query = &q;
  auto parts = index.explain(ask, 1);
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].term, "red");
  EXPECT_EQ(parts[0].frequency, 2);
  EXPECT_EQ(parts[0].length, 3);
  EXPECT_EQ(parts[0].average_length, 2.5);
  EXPECT_DOUBLE_EQ(parts[0].idf, std::log(3.5 / 1.5));
  EXPECT_DOUBLE_EQ(parts[0].score, std::log(3.5 / 1.5) * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2.5)));
  EXPECT_EQ(index.search(ask).hits.at(0).score, 0 + parts[0].score + parts[1].score);
  EXPECT_TRUE(index.explain(ask, 2).empty());
  EXPECT_TRUE(index.explain(ask, 99).empty());
}

TEST(text_index, is_empty_at_first_and_takes_documents_without_words) {
  auto index = plain_index();
  EXPECT_EQ(ranked_by(index, word_node("any")), docs{});
  EXPECT_EQ(ranked_by(index, prefix_node("")), docs{});
  EXPECT_EQ(ranked_by(index, query_node{}), docs{});
  EXPECT_TRUE(index.facets("price", {}, 10).empty());
  index.put(0, {});
  EXPECT_EQ(ranked_by(index, query_node{}), docs{0});
  EXPECT_EQ(ranked_by(index, prefix_node("")), docs{});
  EXPECT_EQ(ranked_by(index, all_of({without(word_node("any"))})), docs{0});
}

TEST(text_index, filters_hold_for_arrays_and_count_a_value_once) {
  auto index = plain_index();
  auto tag = [](std::string v) { return field_fact{"tags", field_fact::type::keyword, 0, std::move(v)}; };
  auto price = [](double v) { return field_fact{"price", field_fact::type::number, v, {}}; };
  index.put(1, {{}, {tag("blue"), tag("red"), tag("blue"), price(-0.0)}});
  index.put(2, {{}, {tag("blue"), price(19.5)}});
  EXPECT_EQ(found_by(index, keyword_node("tags", "blue")), (docs{1, 2}));
  EXPECT_EQ(found_by(index, keyword_node("tags", "Blue")), docs{});
  EXPECT_EQ(found_by(index, number_node("price", query_node::comparison::less, 20)), (docs{1, 2}));
  EXPECT_EQ(found_by(index, number_node("price", query_node::comparison::equal, 0)), docs{1});
  doc_set both;
  both.insert(1);
  both.insert(2);
  auto counts = index.facets("tags", both, 10);
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].value, "blue");
  EXPECT_EQ(counts[0].count, 2U);
  EXPECT_EQ(counts[1].value, "red");
  EXPECT_EQ(index.facets("tags", both, 1).size(), 1U);
  auto prices = index.facets("price", both, 10);
  ASSERT_EQ(prices.size(), 2U);
  EXPECT_EQ(prices[0].value, "0");
  EXPECT_EQ(prices[1].value, "19.5");
}

TEST(text_index, many_lists_keep_the_most_frequent_terms_of_a_prefix) {
  auto index = plain_index();
  for (doc_id d = 0; d < 1'500; ++d)
    index.put(d, text_of("x" + std::to_string(1'000 + d)));
  index.put(9'000, text_of("x9999 x9999"));
  index.put(9'001, text_of("x9999"));
  auto found = found_by(index, prefix_node("x"));
  EXPECT_EQ(found.size(), expansions_max + 1);
  EXPECT_EQ(found.back(), 9'001U);
}

TEST(text_index, takes_little_more_memory_than_the_text) {
  auto index = plain_index();
  dice random(seed_of(11));
  // As glosses are: a dozen words of six letters, a vocabulary of a twentieth of all words.
  std::uint64_t text_bytes = 0;
  std::vector<std::string> texts(20'000);
  auto put = [&](doc_id d) {
    std::string text;
    for (auto n = 6 + random.below(14); n > 0; --n)
      text += word(random.skewed(10'000)) + "en ";
    text_bytes += text.size() - texts[d].size();
    index.put(d, text_of(text));
    texts[d] = text;
  };
  for (doc_id d = 0; d < 20'000; ++d)
    put(d);
  EXPECT_LT(index.memory_bytes(), 3 * text_bytes);
  for (int i = 0; i < 30'000; ++i) {
    put(static_cast<doc_id>(random.below(20'000)));
    if (i % 100 == 0) index.reclaim_some(20'000);
  }
  EXPECT_LT(index.memory_bytes(), 3 * text_bytes);
}

} // namespace
} // namespace troupe::search::test
