// A query and, behind a line end, a filter, a prefix and a field, against a small index: hits with
// highlights, facets and explanations.

#include "search/engine.hpp"
#include "search/query_parser.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

using namespace search;

engine make_library() {
  engine_settings settings;
  settings.vectors.emplace();
  settings.vectors->dimension = 2;
  auto made = engine::make(settings);
  require_success(made, "an engine can be made");
  std::uint64_t revision = 0;
  auto put = [&](std::string_view key, std::string_view value, value_kind kind) {
    made->put(key, blob{value}, kind, revision_t{++revision});
    const float vector[2] = {1, static_cast<float>(revision)};
    require_success(made->annotate(key, revision_t{revision}, {{0, 4}}, vector), "a vector can be added");
  };
  put("text/1", "The quick brown foxes are jumping over lazy dogs; the dogs slept.", value_kind::text);
  put("text/2",
      "Stra\xc3\x9f"
      "e und \xc3\x84pfel, na\xc3\xaf"
      "ve caf\xc3\xa9s \xe6\x9d\xb1\xe4\xba\xac",
      value_kind::text);
  put("json/1",
      R"({"title":"Red door","price":12.5,"tags":["blue","in stock"],"new":true,"author":{"name":"Ann"}})",
      value_kind::json);
  put("json/2", R"({"title":"Blue sky","price":99,"tags":["red"],"new":false})", value_kind::json);
  std::string words;
  for (int i = 0; i < 300; ++i)
    words += "word" + std::to_string(i) + (i % 7 == 0 ? ". Dog " : " ");
  put("text/3", words, value_kind::text);
  while (made->tidy_some()) {
  }
  return std::move(*made);
}

void check_place(const query_problem& problem, std::string_view text) {
  require(!problem.detail.empty(), "a refusal says why");
  require(problem.begin <= problem.end && problem.end <= text.size(), "a problem has its place in the text");
}

void check_hit(const engine_hit& hit) {
  require(hit.score == hit.score, "a score is a number");
  for (auto& snippet : hit.highlights) {
    std::uint32_t before = 0;
    for (auto [begin, end] : snippet.marks) {
      require(before <= begin && begin < end && end <= snippet.text.size(), "marks lie in their snippet");
      before = end;
    }
  }
}

void run(std::string_view input) {
  static const engine library = make_library();
  static analyzer words = analyzer::make({}).value();
  pieces in{input};
  engine_ask ask;
  ask.query = in.line();
  ask.filter = in.line();
  ask.prefix = in.line();
  if (auto field = in.line(); !field.empty()) ask.fields = {std::string(field)};
  ask.facets = {{"tags", 3}, {"price", 2}, {"new", 2}};
  ask.explain = true;
  auto query = parse_query(ask.query, words);
  if (auto* problem = std::get_if<query_problem>(&query)) check_place(*problem, ask.query);
  auto filter = parse_filter(ask.filter, words);
  if (auto* problem = std::get_if<query_problem>(&filter)) check_place(*problem, ask.filter);
  bool readable =
      !std::holds_alternative<query_problem>(query) && !std::holds_alternative<query_problem>(filter);
  for (auto mode : {search_mode::text, search_mode::hybrid}) {
    ask.mode = mode;
    if (mode == search_mode::hybrid) ask.vector = {1, 2};
    auto found = library.search(ask);
    if (auto* answer = std::get_if<engine_answer>(&found)) {
      require(readable, "what cannot be read is not searched for");
      require(answer->hits.size() <= answer->total, "all hits count");
      for (auto& hit : answer->hits)
        check_hit(hit);
    }
  }
}

} // namespace

constinit const target search_query{"search_query", run};

} // namespace troupe::fuzzing
