#pragma once

// What the tests of the text index share: a seeded generator, words, and nodes of queries.

#include "search/query.hpp"
#include "search/text_index.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace troupe::search::test {

/// splitmix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
class dice {
public:
  explicit dice(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    auto z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9U;
    z = (z ^ z >> 27) * 0x94D049BB133111EBU;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  /// Small numbers far more often than large ones.
  std::size_t skewed(std::size_t n) {
    const auto unit = static_cast<double>(next() >> 11) * 0x1p-53;
    return std::min(n - 1, static_cast<std::size_t>(std::pow(static_cast<double>(n), unit)) - 1);
  }

private:
  std::uint64_t state_;
};

/// TROUPE_SEED, or a fixed seed; printed.
inline std::uint64_t seed_of(std::uint64_t otherwise) {
  const char* given = std::getenv("TROUPE_SEED");
  const auto seed = given != nullptr ? std::strtoull(given, nullptr, 10) : otherwise;
  std::cout << "TROUPE_SEED=" << seed << "\n";
  return seed;
}

/// The i-th of many words of three letters and more, no two alike.
inline std::string word(std::size_t i) {
  std::string w;
  for (int letters = 0; letters < 3 || i > 0; ++letters, i /= 7)
    w += static_cast<char>("abcdelnorst"[(i % 7 + static_cast<std::size_t>(letters)) % 11]);
  return w;
}

inline query_node leaf(query_node::type what, std::string text) {
  query_node n;
  n.what = what;
  n.text = std::move(text);
  return n;
}
inline query_node word_node(std::string text) {
  return leaf(query_node::type::word, std::move(text));
}
inline query_node prefix_node(std::string text) {
  return leaf(query_node::type::prefix, std::move(text));
}
inline query_node fuzzy_node(std::string text, std::uint8_t distance) {
  auto n = leaf(query_node::type::fuzzy, std::move(text));
  n.distance = distance;
  return n;
}
inline query_node phrase_node(std::vector<std::string> terms) {
  query_node n;
  n.what = query_node::type::phrase;
  for (std::uint32_t i = 0; i < terms.size(); ++i)
    n.positions.push_back(i);
  n.terms = std::move(terms);
  return n;
}
inline query_node group(query_node::type what, std::vector<query_node> children) {
  query_node n;
  n.what = what;
  n.children = std::move(children);
  return n;
}
inline query_node all_of(std::vector<query_node> children) {
  return group(query_node::type::all_of, std::move(children));
}
inline query_node any_of(std::vector<query_node> children) {
  return group(query_node::type::any_of, std::move(children));
}
inline query_node without(query_node n) {
  n.negated = true;
  return n;
}
inline query_node in_field(std::string field, query_node n) {
  n.field = std::move(field);
  return n;
}
inline query_node number_node(std::string field, query_node::comparison op, double number) {
  query_node n;
  n.what = query_node::type::number;
  n.field = std::move(field);
  n.op = op;
  n.number = number;
  return n;
}
inline query_node boolean_node(std::string field, bool value) {
  auto n = number_node(std::move(field), query_node::comparison::equal, value ? 1 : 0);
  n.what = query_node::type::boolean;
  return n;
}
inline query_node keyword_node(std::string field, std::string value) {
  auto n = leaf(query_node::type::keyword, std::move(value));
  n.field = std::move(field);
  return n;
}

inline text_settings plain_words() {
  text_settings settings;
  settings.words.language = "none";
  return settings;
}

inline extracted text_of(std::string text) {
  return {{{"", std::move(text)}}, {}};
}

inline text_answer ask_all(const text_index& index, const query_node& q) {
  text_ask ask;
  ask.query = &q;
  ask.hits_max = 1'000'000;
  return index.search(ask);
}

inline std::vector<doc_id> members(const doc_set& set) {
  std::vector<doc_id> all;
  set.each([&](doc_id d) { all.push_back(d); });
  return all;
}

} // namespace troupe::search::test
