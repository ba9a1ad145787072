// Random documents with fields and facts, random questions, and a model that looks at every document.

#include "search/edit_distance.hpp"
#include "tests/search/index_support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace troupe::search::test {
namespace {

using type = query_node::type;
using comparison = query_node::comparison;

std::vector<std::string> split(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string w; in >> w;)
    words.push_back(w);
  return words;
}

/// Matching as docs/search.md says it, one document at a time.
struct model {
  std::map<doc_id, extracted> documents;

  static bool in(const text_part& part, const query_node& n, const std::vector<std::string>& fields) {
    if (!n.field.empty()) return part.field == n.field;
    return fields.empty() || std::find(fields.begin(), fields.end(), part.field) != fields.end();
  }
  static bool phrase_at(const std::vector<std::string>& words, const query_node& n, std::size_t i) {
    for (std::size_t k = 0; k < n.terms.size(); ++k)
      if (i + n.positions[k] >= words.size() || words[i + n.positions[k]] != n.terms[k]) return false;
    return true;
  }
  static bool word_fits(const std::vector<std::string>& words, const query_node& n, std::size_t i) {
    switch (n.what) {
    case type::word: return words[i] == n.text;
    case type::prefix: return words[i].starts_with(n.text);
    case type::fuzzy: return within_distance(words[i], n.text, n.distance);
    case type::phrase: return phrase_at(words, n, i);
    default: return false;
    }
  }
  static bool compares(comparison op, auto left, auto right) {
    switch (op) {
    case comparison::equal: return left == right;
    case comparison::not_equal: return left != right;
    case comparison::less: return left < right;
    case comparison::less_equal: return left <= right;
    case comparison::greater: return left > right;
    case comparison::greater_equal: return left >= right;
    }
    return false;
  }
  static bool fact_fits(const field_fact& f, const query_node& n) {
    if (f.field != n.field) return false;
    if (n.what == type::number)
      return f.what == field_fact::type::number && compares(n.op, f.number, n.number);
    if (n.what == type::boolean)
      return f.what == field_fact::type::boolean && compares(n.op, f.number, n.number);
    return f.what == field_fact::type::keyword && compares(n.op, f.keyword, n.text);
  }

  static bool matches(const extracted& d, const query_node& n, const std::vector<std::string>& fields) {
    auto child = [&](const query_node& c) { return matches(d, c, fields) != c.negated; };
    switch (n.what) {
    case type::all_of: return std::all_of(n.children.begin(), n.children.end(), child);
    case type::any_of: return std::any_of(n.children.begin(), n.children.end(), child);
    case type::everything: return true;
    case type::nothing: return false;
    case type::number:
    case type::boolean:
    case type::keyword:
      return std::any_of(d.facts.begin(), d.facts.end(), [&](auto& f) { return fact_fits(f, n); });
    default: break;
    }
    for (auto& part : d.texts) {
      if (!in(part, n, fields)) continue;
      auto words = split(part.text);
      for (std::size_t i = 0; i < words.size(); ++i)
        if (word_fits(words, n, i)) return true;
    }
    return false;
  }

  std::vector<facet_count> facets(const std::string& field, const std::vector<doc_id>& over) const {
    std::map<std::string, std::uint64_t> counts;
    for (auto d : over) {
      std::set<std::string> values;
      for (auto& f : documents.at(d).facts) {
        if (f.field != field) continue;
        if (f.what == field_fact::type::keyword) values.insert(f.keyword);
        if (f.what == field_fact::type::boolean) values.insert(f.number != 0 ? "true" : "false");
        if (f.what == field_fact::type::number) values.insert(std::to_string(static_cast<int>(f.number)));
      }
      for (auto& v : values)
        ++counts[v];
    }
    std::vector<facet_count> all;
    for (auto& [value, count] : counts)
      all.push_back({value, count});
    std::stable_sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.count > b.count; });
    return all;
  }
};

const char* const text_fields[] = {"", "title", "body", "author.name"};

class text_model : public testing::Test {
protected:
  std::string any_word() { return word(random_.skewed(80)); }
  std::string any_text() {
    std::string text;
    for (auto n = random_.below(9); n > 0; --n)
      text += any_word() + " ";
    return text;
  }
  extracted any_document() {
    extracted d;
    for (auto n = random_.below(4); n > 0; --n)
      d.texts.push_back({text_fields[random_.below(4)], any_text()});
    for (auto n = random_.below(4); n > 0; --n) {
      field_fact f;
      switch (random_.below(3)) {
      case 0: f = {"price", field_fact::type::number, static_cast<double>(random_.below(6)), {}}; break;
      case 1: f = {"sold", field_fact::type::boolean, random_.one_in(2) ? 1.0 : 0.0, {}}; break;
      default: f = {"tag", field_fact::type::keyword, 0, any_word().substr(0, 1)}; break;
      }
      d.facts.push_back(f);
    }
    return d;
  }
  query_node any_fact() {
    switch (random_.below(3)) {
    case 0:
      return number_node("price", static_cast<comparison>(random_.below(6)),
                         static_cast<double>(random_.below(6)));
    case 1: return boolean_node("sold", random_.one_in(2));
    default: return keyword_node("tag", any_word().substr(0, 1));
    }
  }
  query_node any_leaf() {
    query_node n;
    switch (random_.below(7)) {
    case 0: n = prefix_node(any_word().substr(0, 1 + random_.below(3))); break;
    case 1:
      n = fuzzy_node(any_word() + (random_.one_in(2) ? "x" : ""),
                     static_cast<std::uint8_t>(1 + random_.below(2)));
      break;
    case 2:
      n = phrase_node({any_word(), any_word()});
      if (random_.one_in(3)) n.positions[1] = 2;
      break;
    case 3: return any_fact();
    default: n = word_node(any_word()); break;
    }
    if (random_.one_in(4)) n.field = text_fields[1 + random_.below(3)];
    return n;
  }
  query_node any_query(unsigned depth) {
    if (depth == 0 || random_.one_in(4)) return any_leaf();
    std::vector<query_node> children;
    for (auto n = 1 + random_.below(3); n > 0; --n)
      children.push_back(any_query(depth - 1));
    if (random_.one_in(2)) return any_of(std::move(children));
    if (random_.one_in(2)) children.push_back(without(any_query(depth - 1)));
    return all_of(std::move(children));
  }

  void change(std::size_t changes) {
    for (; changes > 0; --changes) {
      const auto d = static_cast<doc_id>(random_.below(500));
      if (random_.one_in(5)) {
        index_.erase(d);
        model_.documents.erase(d);
      } else {
        auto content = any_document();
        index_.put(d, content);
        model_.documents[d] = std::move(content);
      }
    }
    ASSERT_EQ(index_.documents(), model_.documents.size());
  }

  void check(const text_ask& ask) {
    static const std::vector<std::string> everywhere;
    auto& fields = ask.fields != nullptr ? *ask.fields : everywhere;
    std::vector<doc_id> expected;
    for (auto& [d, content] : model_.documents)
      if (model::matches(content, *ask.query, fields) &&
          (ask.filter == nullptr || model::matches(content, *ask.filter, fields)) &&
          (ask.within == nullptr || ask.within->contains(d)))
        expected.push_back(d);
    const auto found = index_.matches(ask);
    ASSERT_EQ(members(found), expected);
    check_ranking(ask, expected);
    for (auto* field : {"price", "sold", "tag"}) {
      auto counts = index_.facets(field, found, 100);
      auto wanted = model_.facets(field, expected);
      ASSERT_EQ(counts.size(), wanted.size());
      for (std::size_t i = 0; i < counts.size(); ++i)
        EXPECT_EQ(std::pair(counts[i].value, counts[i].count), std::pair(wanted[i].value, wanted[i].count));
    }
  }

  void check_ranking(text_ask ask, const std::vector<doc_id>& expected) {
    // Keys run against the numbers, so that ties show by which of them they are broken.
    ask.key_of = [](const void* keys, doc_id d) -> std::string_view {
      return (*static_cast<const std::vector<std::string>*>(keys))[d];
    };
    ask.keys = &keys_;
    ask.hits_max = 1'000;
    const auto all = index_.search(ask);
    ASSERT_EQ(all.total, expected.size());
    ASSERT_EQ(all.hits.size(), expected.size());
    for (std::size_t i = 0; i < all.hits.size(); ++i) {
      const auto& hit = all.hits[i];
      double sum = 0;
      for (auto& part : index_.explain(ask, hit.doc))
        sum += part.score;
      EXPECT_EQ(sum, hit.score);
      if (i == 0) continue;
      const auto& before = all.hits[i - 1];
      EXPECT_TRUE(before.score > hit.score ||
                  (before.score == hit.score && keys_[before.doc] < keys_[hit.doc]));
    }
    ask.hits_max = 1 + random_.below(20);
    const auto few = index_.search(ask);
    ASSERT_EQ(few.total, all.total);
    ASSERT_EQ(few.hits.size(), std::min(ask.hits_max, all.hits.size()));
    for (std::size_t i = 0; i < few.hits.size(); ++i) {
      EXPECT_EQ(few.hits[i].doc, all.hits[i].doc);
      EXPECT_EQ(few.hits[i].score, all.hits[i].score);
    }
  }

  dice random_{seed_of(7'117)};
  text_index index_ = std::move(*text_index::make(plain_words()));
  model model_;
  std::vector<std::string> keys_ = [] {
    std::vector<std::string> keys;
    for (int i = 0; i < 500; ++i)
      keys.push_back("key" + std::to_string(999 - i));
    return keys;
  }();
};

TEST_F(text_model, answers_every_question_as_the_model_does) {
  for (int round = 0; round < 25 && !HasFailure(); ++round) {
    change(round == 0 ? 600 : 250);
    if (round % 2 == 1) index_.reclaim_some(200 + random_.below(2'000));
    for (int i = 0; i < 16 && !HasFatalFailure(); ++i) {
      auto query = any_query(3);
      text_ask ask;
      ask.query = &query;
      auto filter = all_of({any_fact(), without(any_fact())});
      if (random_.one_in(3)) ask.filter = &filter;
      doc_set within;
      for (int n = 0; n < 100; ++n)
        within.insert(static_cast<doc_id>(random_.below(500)));
      if (random_.one_in(4)) ask.within = &within;
      std::vector<std::string> fields{"title", text_fields[random_.below(4)], "unknown"};
      if (random_.one_in(4)) ask.fields = &fields;
      check(ask);
    }
  }
}

TEST_F(text_model, answers_do_not_depend_on_what_was_reclaimed) {
  std::vector<query_node> questions;
  for (int i = 0; i < 30; ++i)
    questions.push_back(any_query(2));
  auto answers = [&] {
    std::vector<std::pair<doc_id, double>> all;
    for (auto& q : questions)
      for (auto& hit : ask_all(index_, q).hits)
        all.emplace_back(hit.doc, hit.score);
    return all;
  };
  change(3'000);
  const auto before = answers();
  int calls = 0;
  while (index_.reclaim_some(64)) {
    if (++calls % 50 == 0) {
      ASSERT_EQ(answers(), before);
    }
    ASSERT_LT(calls, 1'000'000);
  }
  EXPECT_GT(calls, 10);
  EXPECT_EQ(answers(), before);
}

} // namespace
} // namespace troupe::search::test
