#include "search/query_leaf.hpp"

#include "search/document.hpp"
#include "search/json_scanner.hpp"
#include "search/prefix_probe.hpp"
#include "search/word_break.hpp"

#include <utility>

namespace troupe::search {

namespace {

using type = query_node::type;
using comparison = query_node::comparison;

query_node make_node(type what, const lexeme& from, std::string_view field) {
  query_node node;
  node.what = what;
  node.field = field;
  node.begin = from.begin;
  node.end = from.end;
  return node;
}

query_problem problem(std::string detail, std::uint32_t begin, std::uint32_t end) {
  return {std::move(detail), begin, end};
}

/// The words of a text one after the other.
query_node terms_leaf(std::string_view text, const lexeme& from, std::string_view field, analyzer& words) {
  std::vector<token> tokens;
  words.analyze(text, tokens);
  if (tokens.empty()) return make_node(type::nothing, from, field);
  auto node = make_node(tokens.size() == 1 ? type::word : type::phrase, from, field);
  if (tokens.size() == 1) {
    node.text = tokens.front().term;
    return node;
  }
  for (const auto& t : tokens) {
    node.terms.emplace_back(t.term);
    node.positions.push_back(t.position - tokens.front().position);
  }
  return node;
}

/// Why something that should be one word, `beginning` of the lexeme, is not; empty: it is one.
std::string why_not_one_word(std::string_view beginning, std::string_view sign) {
  word_range first, second;
  if (!find_word(beginning, 0, first)) return std::string{sign} + " needs a word in front of it.";
  if (find_word(beginning, first.end, second))
    return std::string{sign} + " goes with a single word, and this is several: " + std::string{beginning};
  return {};
}

leaf prefix_leaf(const lexeme& word, std::string_view field, analyzer& words) {
  const auto beginning = std::string_view{word.text}.substr(0, word.text.size() - 1);
  if (auto why = why_not_one_word(beginning, "*"); !why.empty())
    return problem(std::move(why), word.begin, word.end);
  const auto folded = words.fold(beginning);
  if (folded.empty()) return make_node(type::nothing, word, field);
  std::vector<query_node> ways;
  auto add = [&](type what, std::string text) {
    ways.push_back(make_node(what, word, field));
    ways.back().text = std::move(text);
  };
  add(type::prefix, folded);
  for (auto& stem : stems_behind_prefix(folded, words))
    add(type::word, std::move(stem));
  if (ways.size() == 1) return std::move(ways.front());
  auto node = make_node(type::any_of, word, {});
  node.children = std::move(ways);
  return node;
}

leaf fuzzy_leaf(const lexeme& word, std::size_t tilde, std::string_view field, analyzer& words) {
  const auto text = std::string_view{word.text};
  const auto place = word.begin + static_cast<std::uint32_t>(tilde);
  const auto edits = text.substr(tilde + 1);
  if (edits != "1" && edits != "2")
    return problem("~ stands at the end of a word, with 1 or 2 edits behind it: word~1.", place, word.end);
  const auto beginning = text.substr(0, tilde);
  if (auto why = why_not_one_word(beginning, "~"); !why.empty())
    return problem(std::move(why), word.begin, word.end);
  auto node = make_node(type::fuzzy, word, field);
  node.text = words.stem(words.fold(beginning));
  node.distance = edits == "1" ? 1 : 2;
  if (node.text.empty()) node.what = type::nothing;
  return node;
}

comparison comparison_of(std::string_view op) {
  if (op == "!=") return comparison::not_equal;
  if (op == "<") return comparison::less;
  if (op == "<=") return comparison::less_equal;
  if (op == ">") return comparison::greater;
  if (op == ">=") return comparison::greater_equal;
  return comparison::equal;
}

} // namespace

leaf word_leaf(const lexeme& word, std::string_view field, analyzer& words) {
  const std::string_view text = word.text;
  if (text == "*" && field.empty()) return make_node(type::everything, word, {});
  if (const auto star = text.find('*'); star != std::string_view::npos) {
    if (star + 1 == text.size()) return prefix_leaf(word, field, words);
    const auto place = word.begin + static_cast<std::uint32_t>(star);
    return problem("* stands at the end of a word only; put the words into quotation marks to look for them "
                   "as they are.",
                   place, place + 1);
  }
  if (const auto tilde = text.find('~'); tilde != std::string_view::npos && tilde > 0)
    return fuzzy_leaf(word, tilde, field, words);
  return terms_leaf(text, word, field, words);
}

query_node phrase_leaf(const lexeme& quoted, std::string_view field, analyzer& words) {
  return terms_leaf(quoted.text, quoted, field, words);
}

leaf comparison_leaf(std::string_view field, const lexeme& op, const lexeme& value) {
  lexeme whole;
  whole.begin = op.begin;
  whole.end = value.end;
  auto node = make_node(type::keyword, whole, field);
  node.op = comparison_of(op.text);
  const bool ordered = node.op != comparison::equal && node.op != comparison::not_equal;
  const bool bare = value.what == lexeme::type::word;
  if (bare && is_json_number(value.text)) {
    const auto number = json_number(value.text);
    if (!number)
      return problem("The number " + value.text + " is too large or too small to compare with.", value.begin,
                     value.end);
    node.what = type::number;
    node.number = *number;
    return node;
  }
  if (ordered)
    return problem(op.text + " compares with a number, such as 20 or 1.5e3.", value.begin, value.end);
  if (bare && (value.text == "true" || value.text == "false")) {
    node.what = type::boolean;
    node.number = value.text == "true" ? 1 : 0;
    return node;
  }
  if (value.text.size() > keyword_bytes_max)
    return problem("Only strings of at most " + std::to_string(keyword_bytes_max) + " bytes can be compared.",
                   value.begin, value.end);
  node.text = value.text;
  return node;
}

} // namespace troupe::search
