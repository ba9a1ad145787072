#pragma once

// The query language as a tree. docs/search.md describes it; search/query_parser.hpp reads it.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::search {

struct query_node {
  enum class type : std::uint8_t {
    all_of,    ///< children: every one has to match; those that are `negated` must not
    any_of,    ///< children: at least one has to match
    word,      ///< text: one analyzed term
    phrase,    ///< terms and their positions, from 0
    prefix,    ///< text: what a stem in the index has to begin with
    fuzzy,     ///< text: a stem; distance: 1 or 2 edits at most from those in the index; exact ranks first
    number,    ///< field op number
    boolean,   ///< field = true or false (number 1 or 0)
    keyword,   ///< field = text: the whole string of the field, compared as it stands
    nothing,   ///< matches no document (a word that the analyzer leaves nothing of)
    everything ///< matches each document (an empty filter)
  };
  enum class comparison : std::uint8_t { equal, not_equal, less, less_equal, greater, greater_equal };

  type what = type::everything;
  bool negated = false; ///< only as a child of all_of
  std::string field;    ///< of text nodes: only in this JSON field; empty: in every text
  std::string text;
  std::vector<std::string> terms;
  std::vector<std::uint32_t> positions;
  std::uint8_t distance = 0;
  comparison op = comparison::equal;
  double number = 0;
  std::uint32_t begin = 0; ///< bytes of the query this came from
  std::uint32_t end = 0;
  std::vector<query_node> children;
};

/// Limits of one query; beyond them it is refused as too complex.
inline constexpr std::size_t query_bytes_max = 8 * 1024;
inline constexpr std::size_t query_nodes_max = 256;
inline constexpr std::size_t query_depth_max = 32;
/// Each fuzzy word, and each beginning, is held against the whole dictionary.
inline constexpr std::size_t query_fuzzy_max = 8;
inline constexpr std::size_t query_prefixes_max = 32;
/// Terms that one prefix or fuzzy word may stand for; the rest is left out, most frequent first kept.
inline constexpr std::size_t expansions_max = 1'024;

/// What is wrong with a query, and where.
struct query_problem {
  std::string detail;      ///< one sentence for a person
  std::uint32_t begin = 0; ///< bytes of the query at fault
  std::uint32_t end = 0;
};

} // namespace troupe::search
