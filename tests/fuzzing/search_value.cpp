// A value as the index sees it: text or JSON from outside. First byte: which.

#include "search/analyzer.hpp"
#include "search/engine.hpp"
#include "search/highlighter.hpp"
#include "search/json_scanner.hpp"
#include "search/passage_snippet.hpp"
#include "search/passages.hpp"
#include "search/query_parser.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

namespace troupe::fuzzing {

namespace {

using namespace search;

void check_analysis(std::string_view text, analyzer& words) {
  std::vector<token> tokens;
  words.analyze(text, tokens);
  std::uint32_t end = 0;
  std::int64_t position = -1;
  for (auto& t : tokens) {
    require(!t.term.empty() && t.term.size() <= term_bytes_max, "terms are bounded");
    require(end <= t.begin && t.begin < t.end && t.end <= text.size(), "words follow each other in the text");
    require(std::int64_t{t.position} > position, "positions rise");
    end = t.end;
    position = t.position;
  }
}

void check_passages(std::string_view text) {
  passage_limits limits{20, 40, 5};
  auto cut = split_passages(text, limits, [](std::string_view part) { return part.size(); });
  require(cut.size() <= limits.count_max, "passages are bounded");
  std::uint32_t end = 0;
  for (auto& p : cut) {
    require(end <= p.begin && p.begin < p.end && p.end <= text.size(),
            "passages follow each other in the text");
    end = p.end;
    if (auto shown = passage_snippet(text, p, 32)) require(shown->text.size() <= 32, "a snippet is bounded");
  }
}

class nobody final : public json_listener {
public:
  void on_string(std::string_view, std::string_view) override {}
  void on_number(std::string_view, double value) override { require(value == value, "a number is one"); }
  void on_boolean(std::string_view, bool) override {}
};

void check_highlights(const extracted& parts, analyzer& words) {
  for (auto text : {"dog", "do* OR \"quick fox\"", "title:red~1 (a OR b)"}) {
    auto query = parse_query(text, words);
    for (auto& snippet : highlight(parts, std::get<query_node>(query), words)) {
      std::uint32_t before = 0;
      for (auto [begin, end] : snippet.marks) {
        require(before <= begin && begin < end && end <= snippet.text.size(), "marks lie in their snippet");
        before = end;
      }
    }
  }
}

engine make_engine() {
  auto made = engine::make({});
  require_success(made, "an engine can be made");
  return std::move(*made);
}

void check_in_engine(std::string_view text, value_kind kind) {
  // One for all inputs: it takes longer to make than to use, and what is erased is to leave nothing.
  static engine e = make_engine();
  static const std::string empty = e.digest();
  e.put("k", blob{text}, kind, revision_t{1});
  engine_ask ask;
  ask.query = "dog OR title:red OR a*";
  ask.filter = "price<20 OR new=true";
  ask.facets = {{"price", 3}};
  auto found = e.search(ask);
  require(std::holds_alternative<engine_answer>(found), "a good search is answered");
  e.put("k", blob{"other"}, value_kind::text, revision_t{2});
  e.erase("k");
  while (e.tidy_some()) {
  }
  require(e.size().documents == 0 && e.digest() == empty, "what is erased leaves nothing");
}

void run(std::string_view input) {
  static analyzer words = analyzer::make({}).value();
  pieces in{input};
  auto kind = in.byte() % 2 == 0 ? value_kind::text : value_kind::json;
  auto text = in.rest();
  document d{"k", text, kind, revision_t{1}};
  auto parts = extract(d);
  nobody listener;
  auto is_json = scan_json(text, {}, listener);
  require(is_json || kind == value_kind::text || parts.texts.empty(), "what is no JSON yields nothing");
  check_analysis(text, words);
  check_passages(text);
  check_passages(embeddable_text(d));
  check_highlights(parts, words);
  check_in_engine(text, kind);
}

} // namespace

constinit const target search_value{"search_value", run};

} // namespace troupe::fuzzing
