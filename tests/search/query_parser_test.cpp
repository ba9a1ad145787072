#include "search/query_parser.hpp"

#include "tests/search/analysis_support.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace troupe::search {
namespace {

using type = query_node::type;

const char* sign(query_node::comparison op) {
  constexpr const char* signs[] = {"=", "!=", "<", "<=", ">", ">="};
  return signs[static_cast<std::size_t>(op)];
}

/// A tree in one line: (a & -b), (a | b), "a b" with _ for a gap, word~1, begin*, field:word, field<1,
/// field='keyword'.
std::string shown(const query_node& n) {
  std::string out = n.negated ? "-" : "";
  const bool text =
      n.what == type::word || n.what == type::phrase || n.what == type::prefix || n.what == type::fuzzy;
  if (text && !n.field.empty()) out += n.field + ":";
  switch (n.what) {
  case type::all_of:
  case type::any_of:
    out += "(";
    for (std::size_t i = 0; i < n.children.size(); ++i)
      out += (i == 0 ? "" : n.what == type::all_of ? " & " : " | ") + shown(n.children[i]);
    return out + ")";
  case type::word: return out + n.text;
  case type::phrase: {
    std::uint32_t at = 0;
    out += "\"";
    for (std::size_t i = 0; i < n.terms.size(); ++i, ++at) {
      for (; at < n.positions[i]; ++at)
        out += " _";
      out += (i == 0 ? "" : " ") + n.terms[i];
    }
    return out + "\"";
  }
  case type::prefix: return out + n.text + "*";
  case type::fuzzy: return out + n.text + "~" + std::to_string(n.distance);
  case type::number: {
    char digits[32];
    std::snprintf(digits, sizeof digits, "%g", n.number);
    return out + n.field + sign(n.op) + digits;
  }
  case type::boolean: return out + n.field + sign(n.op) + (n.number == 1 ? "true" : "false");
  case type::keyword: return out + n.field + sign(n.op) + "'" + n.text + "'";
  case type::nothing: return out + "nothing";
  case type::everything: return out + "everything";
  }
  return out;
}

std::string shown(const std::variant<query_node, query_problem>& parsed) {
  if (auto* bad = std::get_if<query_problem>(&parsed))
    return "problem at " + std::to_string(bad->begin) + ".." + std::to_string(bad->end) + ": " + bad->detail;
  return shown(std::get<query_node>(parsed));
}

struct example {
  std::string query;
  std::string tree;
};

TEST(parse_query, reads_what_the_language_says) {
  auto words = make_analyzer();
  const std::vector<example> table{
      {"cat", "cat"},
      {"Greetings", "greet"},
      {"black cats", "(black & cat)"},
      {"black AND cats", "(black & cat)"},
      {"a OR b c OR d", "(a | (b & c) | d)"},
      {"(a OR b) c", "((a | b) & c)"},
      {"cat -dog", "(cat & -dog)"},
      {"-dog cat", "(-dog & cat)"},
      {"cat NOT dog", "(cat & -dog)"},
      {"cat -(dog OR \"red fox\")", "(cat & -(dog | \"red fox\"))"},
      {"cat AND -dog", "(cat & -dog)"},
      {"or and not", "(or & and & not)"},
      {"\"OR\"", "or"},
      {"\"the lazy dogs\"", "\"the lazi dog\""},
      {"\"cat\"", "cat"},
      {R"("say \"hi\" \\ there\n")", "\"say hi there n\""},
      {"well-known", "\"well known\""},
      {"\u65E5\u672C", "\"\u65E5 \u672C\""},
      {"greet*", "greet*"},
      {"CONNECTIONS*", "(connections* | connect)"},
      {"connecti*", "(connecti* | connect)"},
      {"happy*", "(happy* | happi)"},
      {"cat happy*", "(cat & (happy* | happi))"},
      {"recieve~1 exampels~2", "(reciev~1 & exampel~2)"},
      {"title:cat", "title:cat"},
      {"author.name:\"Jane Doe\"", "author.name:\"jane doe\""},
      {"\"in stock\":yes", "in stock:yes"},
      {"title:(cat OR \"red fox\" gr*)", "(title:cat | (title:\"red fox\" & title:gr*))"},
      {"title:OR", "title:or"},
      {"OR:cat", "OR:cat"},
      {"title:-cat", "title:cat"},
      {"-title:cat dog", "(-title:cat & dog)"},
      {"title:a:b", "title:\"a b\""},
      {"price<20", "price<20"},
      {"price <= 20 cat", "(price<=20 & cat)"},
      {"price>-1.5e2", "price>-150"},
      {"price>=0 price!=7", "(price>=0 & price!=7)"},
      {"price==7", "price=7"},
      {"tags=blue", "tags='blue'"},
      {"tags!=Blue", "tags!='Blue'"},
      {"-tags=blue cat", "(-tags='blue' & cat)"},
      {"tags=\"light blue\"", "tags='light blue'"},
      {"\"in stock\"=true", "in stock=true"},
      {"in_stock=false", "in_stock=false"},
      {"code=\"42\" code=42 code=007 x=\"true\"", "(code='42' & code=42 & code='007' & x='true')"},
      {"url=http://a/b?c=d", "url='http://a/b?c=d'"},
      {"(price<20)", "price<20"},
      {"*", "everything"},
      {"* -cat", "(everything & -cat)"},
      {"see http://example.com/x", "(see & \"http example.com x\")"},
      {"note: std::string 12:30", "(note & \"std string\" & \"12 30\")"},
      {"--help - x", "(help & x)"},
      {"cat & dog", "(cat & dog)"},
      {"!?", "nothing"},
      {"cat OR !?", "cat"},
      {"!? -cat", "nothing"},
      {"cat -!?", "cat"},
      {"a\u3000b\tc\nd", "(a & b & c & d)"},
      {"How do I reset my password?", "(how & do & i & reset & my & password)"},
      {"((((cat))))", "cat"},
      {"~/x C++", "(x & c)"},
  };
  for (const auto& [query, tree] : table)
    EXPECT_EQ(shown(parse_query(query, words)), tree) << query;
}

TEST(parse_query, drops_stop_words_and_keeps_their_gaps_in_phrases) {
  auto words = make_analyzer({"english", true});
  EXPECT_EQ(shown(parse_query("the cat", words)), "cat");
  EXPECT_EQ(shown(parse_query("the", words)), "nothing");
  EXPECT_EQ(shown(parse_query("\"cat on the mat\"", words)), "\"cat _ _ mat\"");
  EXPECT_EQ(shown(parse_query("the -cat", words)), "nothing");
  EXPECT_EQ(shown(parse_query("the*", words)), "the*");
}

struct mistake {
  std::string query;
  std::uint32_t begin, end;
  std::string says;
};

TEST(parse_query, points_at_what_is_wrong) {
  auto words = make_analyzer();
  const std::vector<mistake> table{
      {"", 0, 0, "empty"},
      {"  \t ", 0, 4, "empty"},
      {"cat \"dog", 4, 5, "no partner"},
      {"\"", 0, 1, "no partner"},
      {"cat \"a\\\"", 4, 5, "no partner"},
      {"(cat", 0, 1, "never closed"},
      {"a (b (c)", 2, 3, "never closed"},
      {"(", 0, 1, "never closed"},
      {"cat)", 3, 4, "closes nothing"},
      {")", 0, 1, "nothing inside"},
      {"()", 0, 2, "nothing inside"},
      {"a ( ) b", 2, 5, "nothing inside"},
      {"-cat", 0, 4, "only excludes"},
      {"-a -b", 0, 5, "only excludes"},
      {"cat OR -dog", 7, 11, "only excludes"},
      {"a (-b)", 3, 5, "only excludes"},
      {"OR cat", 0, 2, "OR stands between"},
      {"cat OR", 4, 6, "OR stands between"},
      {"cat OR OR dog", 4, 6, "OR stands between"},
      {"(cat OR)", 5, 7, "OR stands between"},
      {"AND cat", 0, 3, "AND stands between"},
      {"cat AND", 4, 7, "AND stands between"},
      {"cat AND OR dog", 4, 7, "AND stands between"},
      {"cat NOT", 4, 7, "NOT stands in front"},
      {"cat NOT -dog", 4, 7, "NOT stands in front"},
      {"cat -OR dog", 4, 5, "- stands in front"},
      {"gr*t", 2, 3, "end of a word"},
      {"**", 0, 1, "end of a word"},
      {"title:*", 6, 7, "needs a word"},
      {"well-kn*", 0, 8, "single word"},
      {"?!*", 0, 3, "needs a word"},
      {"cat~", 3, 4, "1 or 2"},
      {"cat~3", 3, 5, "1 or 2"},
      {"cat~12", 3, 6, "1 or 2"},
      {"cat~1*", 0, 6, "single word"},
      {"well-known~1", 0, 12, "single word"},
      {"\"red fox\"~2", 9, 10, "single word"},
      {"\"red\"*", 5, 6, "single word"},
      {"<3", 0, 1, "field's name"},
      {"a = b = c", 6, 7, "field's name"},
      {"2<3", 0, 1, "not a field's name"},
      {"price<", 5, 6, "needs a value"},
      {"price<=(1)", 5, 7, "needs a value"},
      {"price<cheap", 6, 11, "with a number"},
      {"price<\"20\"", 6, 10, "with a number"},
      {"price<1e999", 6, 11, "too large"},
      {"price=-1e999", 6, 12, "too large"},
      {"price>=true", 7, 11, "with a number"},
      {"\"\"=1", 0, 2, "1 to 256 bytes"},
      {"title:(a body:b)", 9, 13, "no other field"},
      {"title:(price<1)", 7, 12, "no other field"},
      {"ok \xFF", 3, 4, "UTF-8"},
      {"\xE2\x82", 0, 1, "UTF-8"},
  };
  for (const auto& [query, begin, end, says] : table) {
    auto parsed = parse_query(query, words);
    auto* bad = std::get_if<query_problem>(&parsed);
    ASSERT_NE(bad, nullptr) << query << " is read as " << shown(parsed);
    EXPECT_EQ(bad->begin, begin) << query << ": " << bad->detail;
    EXPECT_EQ(bad->end, end) << query << ": " << bad->detail;
    EXPECT_NE(bad->detail.find(says), std::string::npos) << query << ": " << bad->detail;
    EXPECT_TRUE(bad->detail.ends_with(".") || bad->detail.find(": ") != std::string::npos) << bad->detail;
  }
}

TEST(parse_query, refuses_what_is_too_much) {
  auto words = make_analyzer();
  auto problem = [&](const std::string& query) {
    auto parsed = parse_query(query, words);
    auto* bad = std::get_if<query_problem>(&parsed);
    return bad ? bad->detail : std::string{};
  };
  EXPECT_EQ(problem(std::string(query_depth_max, '(') + "a" + std::string(query_depth_max, ')')), "");
  EXPECT_NE(problem(std::string(query_depth_max + 1, '(') + "a" + std::string(query_depth_max + 1, ')')), "");
  EXPECT_NE(problem(std::string(query_bytes_max, '(')), "");
  EXPECT_EQ(problem(std::string(query_bytes_max, 'a')), "");
  EXPECT_NE(problem(std::string(query_bytes_max + 1, 'a')), "");
  std::string many;
  for (std::size_t i = 0; i < query_nodes_max - 1; ++i)
    many += "w ";
  EXPECT_EQ(problem(many), ""); // and the node around them
  EXPECT_NE(problem(many + "w"), "");
  EXPECT_NE(problem("\"" + many + "w\""), "");
  EXPECT_NE(problem("a=\"" + std::string(300, 'k') + "\""), "");
  EXPECT_NE(problem("\"" + std::string(300, 'f') + "\"=1"), "");
}

TEST(parse_query, says_where_each_part_came_from) {
  auto words = make_analyzer();
  const std::string query = "cat (price < 20 OR title:\"red fox\") -dog*";
  auto parsed = parse_query(query, words);
  const auto& tree = std::get<query_node>(parsed);
  auto from = [&](const query_node& n) { return query.substr(n.begin, n.end - n.begin); };
  EXPECT_EQ(from(tree), query);
  ASSERT_EQ(tree.children.size(), 3U);
  EXPECT_EQ(from(tree.children[0]), "cat");
  EXPECT_EQ(from(tree.children[1]), "(price < 20 OR title:\"red fox\")");
  EXPECT_EQ(from(tree.children[1].children[0]), "price < 20");
  EXPECT_EQ(from(tree.children[1].children[1]), "title:\"red fox\"");
  EXPECT_EQ(from(tree.children[2]), "-dog*");
}

TEST(parse_filter, may_be_empty_and_may_only_exclude) {
  auto words = make_analyzer();
  EXPECT_EQ(shown(parse_filter("", words)), "everything");
  EXPECT_EQ(shown(parse_filter("  ", words)), "everything");
  EXPECT_EQ(shown(parse_filter("-tags=blue", words)), "(everything & -tags='blue')");
  EXPECT_EQ(shown(parse_filter("a OR -b", words)), "(a | (everything & -b))");
  EXPECT_EQ(shown(parse_filter("price<20 in_stock=true", words)), "(price<20 & in_stock=true)");
  EXPECT_NE(shown(parse_filter("(", words)).find("never closed"), std::string::npos);
}

std::size_t depth_of(const query_node& n) {
  std::size_t deepest = 0;
  for (const auto& child : n.children)
    deepest = std::max(deepest, depth_of(child));
  return deepest + 1;
}

void check_tree(const query_node& n, std::size_t size) {
  ASSERT_LE(n.begin, n.end);
  ASSERT_LE(n.end, size);
  ASSERT_EQ(n.terms.size(), n.positions.size());
  const bool group = n.what == type::all_of || n.what == type::any_of;
  ASSERT_EQ(group, !n.children.empty());
  if (n.what == type::word || n.what == type::prefix || n.what == type::fuzzy) {
    ASSERT_FALSE(n.text.empty());
  }
  if (n.what == type::phrase) {
    ASSERT_GE(n.terms.size(), 2U);
  }
  ASSERT_TRUE(!group || std::ranges::any_of(n.children, [](const query_node& c) { return !c.negated; }));
  for (const auto& child : n.children) {
    ASSERT_FALSE(child.negated && n.what != type::all_of);
    ASSERT_NE(child.what, type::nothing);
    check_tree(child, size);
  }
}

TEST(parse_query, survives_garbage) {
  dice d{36};
  auto words = make_analyzer({"english", true});
  const std::vector<std::string> pieces{"(",   ")",      "\"",     "-",      "*",     "~",   "~1",  ":",
                                        "<",   "<=",     "=",      "!=",     " ",     " ",   " ",   "OR",
                                        "AND", "NOT",    "cat",    "the",    "title", "a.b", "1e9", "\\",
                                        "!",   "\u00E9", "\u3000", "\u65E5", "true",  "\xFF"};
  std::size_t good = 0;
  for (int round = 0; round < 40'000; ++round) {
    std::string query;
    const auto known = d.below(10) == 0 ? pieces.size() : pieces.size() - 1;
    for (auto n = d.below(14); n > 0; --n)
      query += pieces[d.below(known)];
    auto parsed = d.below(2) == 0 ? parse_query(query, words) : parse_filter(query, words);
    if (auto* bad = std::get_if<query_problem>(&parsed)) {
      ASSERT_FALSE(bad->detail.empty());
      ASSERT_LE(bad->begin, bad->end) << query;
      ASSERT_LE(bad->end, query.size()) << query;
    } else {
      ++good;
      const auto& tree = std::get<query_node>(parsed);
      ASSERT_FALSE(tree.negated);
      ASSERT_LE(depth_of(tree), 2 * query_depth_max + 3);
      check_tree(tree, query.size());
    }
  }
  EXPECT_GT(good, 1'000U);
  for (int round = 0; round < 5'000; ++round)
    parse_query(random_bytes(d, d.below(100), "()\"-*~:<=! aOR"), words);
}

} // namespace
} // namespace troupe::search
