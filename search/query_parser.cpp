#include "search/query_parser.hpp"

#include "search/document.hpp"
#include "search/query_leaf.hpp"
#include "search/query_lexer.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace troupe::search {

namespace {

using type = lexeme::type;
using node_type = query_node::type;

/// Recursive descent; nested parentheses are bounded, and so is the recursion.
///   any     = all { "OR" all }
///   all     = item { [ "AND" ] item }
///   item    = [ "-" | "NOT" ] ( "(" any ")" | word | quoted | name ":" ( word | quoted | "(" any ")" ) |
///   name op value )
class parser {
public:
  enum class purpose { query, filter };

  parser(std::vector<lexeme> lexemes, analyzer& words, purpose what_for)
      : lexemes_(std::move(lexemes)), words_(words), purpose_(what_for) {}

  std::variant<query_node, query_problem> run() {
    if (now().what == type::end) {
      if (purpose_ == purpose::filter) return query_node{};
      return query_problem{"The query is empty: give at least one word, or * for everything.", 0, now().end};
    }
    auto tree = read_any(0);
    if (tree && now().what != type::end) // only this can stop read_any()
      tree = fail("This parenthesis closes nothing.", now().begin, now().end);
    if (!tree) return *problem_;
    return std::move(*tree);
  }

private:
  /// Nothing: problem_ says why.
  using parsed = std::optional<query_node>;

  const lexeme& now() const { return lexemes_[at_]; }
  const lexeme& next() const { return lexemes_[std::min(at_ + 1, lexemes_.size() - 1)]; }
  bool at_operator() const { return now().what == type::either || now().what == type::both; }
  bool at_end_of_group() const { return now().what == type::close || now().what == type::end; }

  std::nullopt_t fail(std::string detail, std::uint32_t begin, std::uint32_t end) {
    problem_ = query_problem{std::move(detail), begin, end};
    return std::nullopt;
  }
  std::nullopt_t fail_between(const lexeme& op) {
    return fail(
        op.text + " stands between two things to look for; put it into quotation marks to look for the word.",
        op.begin, op.end);
  }

  /// Counts what a query costs: its nodes, and the words of its phrases. The limit is that of query.hpp.
  parsed counted(query_node node, std::size_t cost) {
    nodes_ += cost;
    if (nodes_ > query_nodes_max)
      return fail("The query is too complex: at most " + std::to_string(query_nodes_max) +
                      " words and operators are read.",
                  node.begin, node.end);
    return node;
  }
  parsed counted(query_node leaf) {
    count_costly(leaf);
    for (const auto& way : leaf.children)
      count_costly(way);
    if (fuzzy_ > query_fuzzy_max || prefixes_ > query_prefixes_max)
      return fail("The query is too complex: at most " + std::to_string(query_fuzzy_max) +
                      " words with ~ and " + std::to_string(query_prefixes_max) + " with * are read.",
                  leaf.begin, leaf.end);
    const auto cost = 1 + leaf.terms.size() + leaf.children.size();
    return counted(std::move(leaf), cost);
  }
  void count_costly(const query_node& leaf) {
    fuzzy_ += leaf.what == node_type::fuzzy;
    prefixes_ += leaf.what == node_type::prefix;
  }

  parsed read_any(std::size_t depth) {
    std::vector<query_node> ways;
    while (true) {
      auto way = read_all(depth);
      if (!way) return std::nullopt;
      ways.push_back(std::move(*way));
      if (now().what != type::either) break;
      const auto op = now();
      ++at_;
      if (at_end_of_group() || at_operator()) return fail_between(op);
    }
    const auto begin = ways.front().begin, end = ways.back().end;
    // What the analyzer leaves nothing of takes no part, unless there is nothing else.
    auto rest = std::remove_if(ways.begin(), ways.end(),
                               [](const query_node& way) { return way.what == node_type::nothing; });
    if (rest == ways.begin()) return std::move(ways.front());
    ways.erase(rest, ways.end());
    if (ways.size() == 1) return std::move(ways.front());
    return counted(group(node_type::any_of, std::move(ways), begin, end), 1);
  }

  parsed read_all(std::size_t depth) {
    if (at_operator()) return fail_between(now());
    std::vector<query_node> items;
    while (true) {
      auto item = read_item(depth);
      if (!item) return std::nullopt;
      items.push_back(std::move(*item));
      if (now().what == type::both) {
        const auto op = now();
        ++at_;
        if (at_end_of_group() || at_operator()) return fail_between(op);
      }
      if (at_end_of_group() || now().what == type::either) break;
    }
    return combine(std::move(items));
  }

  parsed combine(std::vector<query_node> items) {
    const auto begin = items.front().begin, end = items.back().end;
    auto wanted = [](const query_node& n) { return !n.negated; };
    auto empty = [](const query_node& n) { return n.what == node_type::nothing; };
    if (std::ranges::none_of(items, wanted)) {
      if (purpose_ == purpose::query)
        return fail("This only excludes: add something to look for, or * for everything else.", begin, end);
      query_node all;
      all.begin = begin;
      all.end = begin;
      items.insert(items.begin(), std::move(all));
    }
    if (std::ranges::all_of(items, [&](const query_node& n) { return n.negated || empty(n); })) {
      query_node none;
      none.what = node_type::nothing;
      none.begin = begin;
      none.end = end;
      return none;
    }
    std::erase_if(items, empty);
    if (items.size() == 1) return std::move(items.front());
    return counted(group(node_type::all_of, std::move(items), begin, end), 1);
  }

  static query_node group(node_type what, std::vector<query_node> children, std::uint32_t begin,
                          std::uint32_t end) {
    query_node node;
    node.what = what;
    node.begin = begin;
    node.end = end;
    node.children = std::move(children);
    return node;
  }

  parsed read_item(std::size_t depth) {
    const auto sign = now();
    if (sign.what != type::minus && sign.what != type::without) return read_positive(depth);
    ++at_;
    const bool nothing_follows = at_end_of_group() || at_operator();
    if (nothing_follows || now().what == type::minus || now().what == type::without)
      return fail((sign.text.empty() ? "-" : sign.text) + " stands in front of what is to be excluded.",
                  sign.begin, sign.end);
    auto item = read_positive(depth);
    if (!item) return std::nullopt;
    item->negated = true;
    item->begin = sign.begin;
    return item;
  }

  parsed read_positive(std::size_t depth) {
    const auto& first = now();
    if (first.what == type::open) return read_group(depth);
    if (first.what == type::compare)
      return fail(first.text +
                      " needs a field's name in front of it; put it into quotation marks to look for it.",
                  first.begin, first.end);
    if (first.what == type::close)
      return fail("There is nothing inside these parentheses.", first.begin, first.end);
    if (next().what == type::colon) return read_field(depth);
    if (next().what == type::compare) return read_comparison();
    return read_leaf();
  }

  parsed read_group(std::size_t depth) {
    const auto open = now();
    if (depth == query_depth_max)
      return fail("Parentheses are nested too deeply: at most " + std::to_string(query_depth_max) + ".",
                  open.begin, open.end);
    ++at_;
    if (now().what == type::end) return fail("This parenthesis is never closed.", open.begin, open.end);
    if (now().what == type::close)
      return fail("There is nothing inside these parentheses.", open.begin, now().end);
    auto inside = read_any(depth + 1);
    if (!inside) return std::nullopt;
    if (now().what != type::close) return fail("This parenthesis is never closed.", open.begin, open.end);
    inside->begin = open.begin;
    inside->end = now().end;
    ++at_;
    return inside;
  }

  /// The name in front of a colon or comparison; false: problem_ says why it is none.
  bool check_name(const lexeme& name) {
    if (!field_.empty()) {
      fail("Inside the parentheses of a field there can be no other field.", name.begin, name.end);
      return false;
    }
    const bool quoted = name.what == type::quoted;
    if (name.text.empty() || name.text.size() > field_bytes_max) {
      fail("A field's name has 1 to " + std::to_string(field_bytes_max) + " bytes.", name.begin, name.end);
      return false;
    }
    if (quoted || is_field_name(name.text)) return true;
    fail("This is not a field's name; one with other signs than letters, digits, _, - and . goes into "
         "quotation marks.",
         name.begin, name.end);
    return false;
  }

  parsed read_field(std::size_t depth) {
    const auto name = now();
    if (!check_name(name)) return std::nullopt;
    at_ += 2;
    const auto what = now().what;
    if (what != type::word && what != type::quoted && what != type::open)
      return fail("A word, a phrase or parentheses are expected behind the colon.", name.begin, now().begin);
    field_ = name.text;
    auto item = what == type::open ? read_group(depth) : read_leaf();
    field_.clear();
    if (item) item->begin = name.begin;
    return item;
  }

  parsed read_comparison() {
    const auto name = now();
    if (!check_name(name)) return std::nullopt;
    const auto op = next();
    at_ += 2;
    const auto value = now();
    if (value.what != type::word && value.what != type::quoted)
      return fail(op.text + " needs a value behind it.", op.begin, op.end);
    ++at_;
    auto node = made(comparison_leaf(name.text, op, value));
    if (node) node->begin = name.begin;
    return node;
  }

  parsed read_leaf() {
    const auto piece = now();
    ++at_;
    if (piece.what == type::quoted) return counted(phrase_leaf(piece, field_, words_));
    return made(word_leaf(piece, field_, words_));
  }

  parsed made(leaf l) {
    if (auto* bad = std::get_if<query_problem>(&l)) return fail(std::move(bad->detail), bad->begin, bad->end);
    return counted(std::move(std::get<query_node>(l)));
  }

  std::vector<lexeme> lexemes_;
  analyzer& words_;
  purpose purpose_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
  std::size_t fuzzy_ = 0;
  std::size_t prefixes_ = 0;
  std::string field_; ///< of the parentheses being read
  std::optional<query_problem> problem_;
};

std::variant<query_node, query_problem> parse(std::string_view text, analyzer& words,
                                              parser::purpose what_for) {
  auto lexemes = split_query(text);
  if (auto* bad = std::get_if<query_problem>(&lexemes)) return std::move(*bad);
  return parser{std::move(std::get<std::vector<lexeme>>(lexemes)), words, what_for}.run();
}

} // namespace

std::variant<query_node, query_problem> parse_query(std::string_view text, analyzer& words) {
  return parse(text, words, parser::purpose::query);
}

std::variant<query_node, query_problem> parse_filter(std::string_view text, analyzer& words) {
  return parse(text, words, parser::purpose::filter);
}

} // namespace troupe::search
