// What is asked of an engine and what it answers, on documents that one can look through.

#include "engine_support.hpp"

namespace troupe::search {
namespace {

/// Ten fruits; the vectors turn from (1,0) to (0,1).
engine fruits() {
  auto e = make_engine();
  for (int i = 0; i < 10; ++i) {
    auto key = (i < 5 ? "a/" : "b/") + std::to_string(i);
    auto colour = i % 2 == 0 ? "red" : "green";
    put_json(e, key,
             R"({"name":"fruit number )" + std::to_string(i) + R"(","colour":")" + colour + R"(","price":)" +
                 std::to_string(10 * i) + R"(,"ripe":)" + (i < 3 ? "true" : "false") + "}",
             100 + static_cast<std::uint64_t>(i));
    auto angle = static_cast<float>(i) * 0.17f;
    annotate(e, key, 100 + static_cast<std::uint64_t>(i), {std::cos(angle), std::sin(angle), 0, 0});
  }
  return e;
}

TEST(engine_search, finds_words_with_filters_prefixes_and_pages) {
  auto e = fruits();
  auto ask = text_ask_of("fruit");
  auto all = answer_of(e, ask);
  EXPECT_EQ(all.total, 10u);
  EXPECT_EQ(keys_of(all), (keys{"a/0", "a/1", "a/2", "a/3", "a/4", "b/5", "b/6", "b/7", "b/8", "b/9"}));
  ask.prefix = "b/";
  EXPECT_EQ(answer_of(e, ask).total, 5u);
  ask.filter = "price>=70 colour=green";
  EXPECT_EQ(keys_of(answer_of(e, ask)), (keys{"b/7", "b/9"}));
  ask = text_ask_of("fruit");
  ask.limit = 3;
  ask.offset = 8;
  auto page = answer_of(e, ask);
  EXPECT_EQ(keys_of(page), (keys{"b/8", "b/9"}));
  EXPECT_EQ(page.total, 10u);
  ask.offset = 9'000;
  EXPECT_TRUE(answer_of(e, ask).hits.empty());
  ask.offset = 0;
  ask.limit = 0;
  EXPECT_TRUE(answer_of(e, ask).hits.empty());
  EXPECT_EQ(answer_of(e, ask).total, 10u);
  EXPECT_EQ(keys_of(answer_of(e, text_ask_of("7"))), keys{"b/7"});
  ask = text_ask_of("red");
  ask.fields = {"name"};
  EXPECT_EQ(answer_of(e, ask).total, 0u);
  ask.fields = {"name", "colour"};
  EXPECT_EQ(answer_of(e, ask).total, 5u);
}

TEST(engine_search, finds_what_is_near_with_filters_and_prefixes) {
  auto e = fruits();
  auto ask = semantic_ask_of({0, 2, 0, 0});
  ask.limit = 3;
  auto near = answer_of(e, ask);
  EXPECT_EQ(keys_of(near), (keys{"b/9", "b/8", "b/7"}));
  EXPECT_EQ(near.total, 10u);
  EXPECT_NEAR(near.hits[0].score, std::sin(9 * 0.17), 1e-5);
  ask.filter = "price<50";
  ask.prefix = "a/";
  near = answer_of(e, ask);
  EXPECT_EQ(keys_of(near), (keys{"a/4", "a/3", "a/2"}));
  EXPECT_EQ(near.total, 5u);
  ask.filter = "price>1000";
  EXPECT_EQ(answer_of(e, ask).total, 0u);
  // A document without a vector is not near to anything.
  put_text(e, "c", "fruit", 200);
  EXPECT_EQ(answer_of(e, semantic_ask_of({0, 1, 0, 0})).total, 10u);
}

TEST(engine_search, fuses_ranks) {
  auto e = make_engine();
  put_text(e, "both", "apple pie", 1);
  put_text(e, "words", "apple", 2);
  put_text(e, "meaning", "fruit cake", 3);
  put_text(e, "neither", "stone", 4);
  annotate(e, "both", 1, {1, 1, 0, 0});
  annotate(e, "meaning", 3, {1, 0, 0, 0});
  auto ask = hybrid_ask_of("apple", {1, 0, 0, 0});
  ask.explain = true;
  ask.text_weight = 2;
  ask.vector_weight = 0.5;
  auto answer = answer_of(e, ask);
  ASSERT_EQ(keys_of(answer), (keys{"both", "words", "meaning"}));
  EXPECT_EQ(answer.total, 3u);
  // By text "words" is first, as it is shorter; by vector "meaning" is.
  EXPECT_DOUBLE_EQ(answer.hits[0].score, 2 / 62.0 + 0.5 / 62.0);
  EXPECT_DOUBLE_EQ(answer.hits[1].score, 2 / 61.0);
  EXPECT_DOUBLE_EQ(answer.hits[2].score, 0.5 / 61.0);
  auto& why = *answer.hits[0].explanation;
  EXPECT_EQ(why.text_rank, 2u);
  EXPECT_EQ(why.vector_rank, 2u);
  EXPECT_NEAR(why.vector_score, std::sqrt(0.5), 1e-6);
  ASSERT_EQ(why.text.size(), 1u);
  EXPECT_NEAR(why.text[0].score, why.text_score, 1e-9);
  EXPECT_EQ(answer.hits[1].explanation->vector_rank, 0u);
  EXPECT_EQ(answer.hits[2].explanation->text_rank, 0u);
  EXPECT_TRUE(answer.hits[2].explanation->text.empty());
  ask.prefix = "m";
  EXPECT_EQ(keys_of(answer_of(e, ask)), keys{"meaning"});
  EXPECT_EQ(answer_of(e, ask).total, 1u);
}

TEST(engine_search, orders_equal_scores_by_key) {
  auto e = make_engine();
  for (auto key : {"d", "a", "c", "b", "e"}) {
    put_text(e, key, "same words", 1);
    annotate(e, key, 1, {1, 0, 0, 0});
  }
  e.erase("a");
  put_text(e, "z", "same words", 2); // gets the number that "a" had
  annotate(e, "z", 2, {1, 0, 0, 0});
  keys expected{"b", "c", "d", "e", "z"};
  EXPECT_EQ(keys_of(answer_of(e, text_ask_of("same"))), expected);
  EXPECT_EQ(keys_of(answer_of(e, semantic_ask_of({1, 0, 0, 0}))), expected);
  EXPECT_EQ(keys_of(answer_of(e, hybrid_ask_of("same", {1, 0, 0, 0}))), expected);
  auto ask = semantic_ask_of({1, 0, 0, 0});
  ask.limit = 2;
  ask.offset = 1;
  EXPECT_EQ(keys_of(answer_of(e, ask)), (keys{"c", "d"}));
}

TEST(engine_search, counts_facets_over_all_that_is_found) {
  auto e = fruits();
  auto ask = text_ask_of("fruit");
  ask.limit = 1;
  ask.facets = {{"colour", 10}, {"ripe", 1}, {"unknown", 10}};
  ask.filter = "price<50";
  auto answer = answer_of(e, ask);
  ASSERT_EQ(answer.facets.size(), 3u);
  ASSERT_EQ(answer.facets[0].counts.size(), 2u);
  EXPECT_EQ(answer.facets[0].counts[0].value, "red");
  EXPECT_EQ(answer.facets[0].counts[0].count, 3u);
  EXPECT_EQ(answer.facets[0].counts[1].count, 2u);
  ASSERT_EQ(answer.facets[1].counts.size(), 1u);
  EXPECT_EQ(answer.facets[1].counts[0].value, "true");
  EXPECT_TRUE(answer.facets[2].counts.empty());
  ask = semantic_ask_of({1, 0, 0, 0});
  ask.limit = 1;
  ask.prefix = "b/";
  ask.facets = {{"colour", 10}};
  answer = answer_of(e, ask);
  EXPECT_EQ(answer.facets[0].counts[0].value, "green");
  EXPECT_EQ(answer.facets[0].counts[0].count, 3u);
  ask = hybrid_ask_of("2", {1, 0, 0, 0});
  e.put("c", blob{std::string_view{R"({"name":"2","colour":"blue"})"}}, value_kind::json, revision_t{300});
  ask.facets = {{"colour", 10}};
  answer = answer_of(e, ask);
  EXPECT_EQ(answer.total, 11u);
  EXPECT_EQ(answer.facets[0].counts.size(), 3u);
}

TEST(engine_search, explains_a_score_by_its_addends) {
  auto e = fruits();
  auto ask = text_ask_of("fruit 7");
  ask.explain = true;
  auto hit = answer_of(e, ask).hits.at(0);
  ASSERT_TRUE(hit.explanation.has_value());
  EXPECT_EQ(hit.explanation->text_rank, 1u);
  EXPECT_EQ(hit.explanation->vector_rank, 0u);
  double sum = 0;
  for (auto& part : hit.explanation->text)
    sum += part.score;
  EXPECT_EQ(hit.explanation->text.size(), 2u);
  EXPECT_NEAR(sum, hit.score, 1e-9);
  ask.explain = false;
  EXPECT_FALSE(answer_of(e, ask).hits.at(0).explanation.has_value());
}

TEST(engine_search, shows_marked_words_or_the_nearest_passage) {
  auto e = make_engine();
  std::string text = "First about apples. Then about pears.";
  put_text(e, "k", text, 1);
  std::vector<passage> passages{{0, 19}, {20, static_cast<std::uint32_t>(text.size())}};
  std::vector<float> vectors{1, 0, 0, 0, 0, 1, 0, 0};
  ASSERT_TRUE(e.annotate("k", revision_t{1}, passages, vectors).has_value());
  auto by_word = answer_of(e, text_ask_of("pears")).hits.at(0);
  ASSERT_EQ(by_word.highlights.size(), 1u);
  ASSERT_EQ(by_word.highlights[0].marks.size(), 1u);
  auto [begin, end] = by_word.highlights[0].marks[0];
  EXPECT_EQ(by_word.highlights[0].text.substr(begin, end - begin), "pears");
  auto ask = semantic_ask_of({0, 1, 0, 0});
  ask.explain = true;
  auto by_vector = answer_of(e, ask).hits.at(0);
  EXPECT_EQ(by_vector.explanation->passage, 1u);
  ASSERT_EQ(by_vector.highlights.size(), 1u);
  EXPECT_EQ(by_vector.highlights[0].text, "…Then about pears.");
  EXPECT_TRUE(by_vector.highlights[0].marks.empty());
  // A question whose words stand in the text marks them; one whose words do not, or that is no query, does
  // not.
  ask.query = "apples";
  EXPECT_EQ(answer_of(e, ask).hits.at(0).highlights.at(0).marks.size(), 1u);
  ask.query = "plums \"";
  EXPECT_EQ(answer_of(e, ask).hits.at(0).highlights.at(0).text, "…Then about pears.");
  ask.highlights = false;
  ask.values = false;
  auto bare = answer_of(e, ask).hits.at(0);
  EXPECT_TRUE(bare.highlights.empty());
  EXPECT_TRUE(bare.value.empty());
  EXPECT_EQ(by_vector.value.view(), text);
}

TEST(engine_search, says_which_part_of_an_ask_is_wrong) {
  auto e = fruits();
  auto with = [](engine_ask ask, auto change) {
    change(ask);
    return ask;
  };
  auto text = text_ask_of("fruit");
  auto hybrid = hybrid_ask_of("fruit", {1, 0, 0, 0});
  EXPECT_EQ(fault_of(e, text), "");
  EXPECT_EQ(fault_of(e, text_ask_of("")), "q");
  EXPECT_EQ(fault_of(e, text_ask_of("\"fruit")), "q");
  EXPECT_EQ(fault_of(e, with(text, [](auto& a) { a.filter = "price<"; })), "filter");
  EXPECT_EQ(fault_of(e, with(text, [](auto& a) { a.limit = 10'001; })), "limit");
  EXPECT_EQ(fault_of(e, with(text, [](auto& a) { a.offset = 9'991; })), "offset");
  EXPECT_EQ(fault_of(e, with(text, [](auto& a) { a.offset = UINT32_MAX; })), "offset");
  EXPECT_EQ(fault_of(e, with(text, [](auto& a) { a.facets.resize(17); })), "facets");
  EXPECT_EQ(fault_of(e, with(text, [](auto& a) { a.facets = {{"colour", 1'001}}; })), "facets");
  EXPECT_EQ(fault_of(e, with(text, [](auto& a) { a.mode = static_cast<search_mode>(3); })), "mode");
  EXPECT_EQ(fault_of(e, with(hybrid, [](auto& a) { a.text_weight = -1; })), "weights");
  EXPECT_EQ(fault_of(e, with(hybrid, [](auto& a) { a.text_weight = a.vector_weight = 0; })), "weights");
  EXPECT_EQ(fault_of(e, with(hybrid, [](auto& a) { a.vector_weight = std::nan(""); })), "weights");
  EXPECT_EQ(fault_of(e, with(hybrid, [](auto& a) { a.query = ""; })), "q");
  EXPECT_EQ(fault_of(e, with(hybrid, [](auto& a) { a.vector = {}; })), "vector");
  EXPECT_EQ(fault_of(e, semantic_ask_of({1, 0, 0})), "vector");
  EXPECT_EQ(fault_of(e, semantic_ask_of({1, 0, 0, std::nanf("")})), "vector");
  EXPECT_EQ(fault_of(e, semantic_ask_of({0, 0, 0, 0})), "vector");
}

TEST(engine_search, says_which_index_is_missing) {
  auto without_vectors = make_engine(plain_settings(0));
  EXPECT_EQ(fault_of(without_vectors, semantic_ask_of({1, 0, 0, 0})), "mode");
  EXPECT_EQ(fault_of(without_vectors, hybrid_ask_of("a", {1, 0, 0, 0})), "mode");
  EXPECT_EQ(fault_of(without_vectors, text_ask_of("a")), "");
  auto settings = plain_settings();
  settings.text.reset();
  auto without_text = make_engine(settings);
  put_text(without_text, "k", "a text", 1);
  annotate(without_text, "k", 1, {1, 0, 0, 0});
  EXPECT_EQ(fault_of(without_text, text_ask_of("a")), "mode");
  EXPECT_EQ(fault_of(without_text, hybrid_ask_of("a", {1, 0, 0, 0})), "mode");
  auto ask = semantic_ask_of({1, 0, 0, 0});
  ask.query = "a text";
  EXPECT_EQ(answer_of(without_text, ask).hits.at(0).highlights.at(0).text, "a text");
  ask.filter = "a=1";
  EXPECT_EQ(fault_of(without_text, ask), "filter");
  ask.filter = "";
  ask.facets = {{"a", 1}};
  EXPECT_EQ(fault_of(without_text, ask), "facets");
  settings.vectors->dimension = 0;
  EXPECT_FALSE(engine::make(settings).has_value());
}

TEST(engine_search, holds_what_its_scope_covers) {
  auto settings = plain_settings();
  settings.scope.prefixes = {"docs/", "notes/"};
  settings.scope.value_bytes_max = 20;
  settings.scope.json_values = false;
  auto e = make_engine(settings);
  put_text(e, "docs/1", "word", 1);
  put_text(e, "notes/1", "word", 2);
  put_text(e, "other/1", "word", 3);
  put_text(e, "docs/long", "word word word word word", 4);
  put_json(e, "docs/json", R"({"a":"word"})", 5);
  EXPECT_EQ(keys_of(answer_of(e, text_ask_of("word"))), (keys{"docs/1", "notes/1"}));
  EXPECT_EQ(e.size().documents, 2u);
  put_text(e, "docs/1", "word word word word word", 6); // grew out of the scope
  EXPECT_EQ(keys_of(answer_of(e, text_ask_of("word"))), keys{"notes/1"});
}

} // namespace
} // namespace troupe::search
