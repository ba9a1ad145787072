#include "search/stop_words.hpp"

#include <algorithm>
#include <array>

namespace troupe::search {

namespace {

// Ascending.
constexpr auto words = std::to_array<std::string_view>(
    {"a",    "about", "am",    "an",    "and",   "any",  "are",   "as",   "at",   "be",   "been", "being",
     "but",  "by",    "did",   "do",    "does",  "for",  "from",  "had",  "has",  "have", "he",   "her",
     "hers", "him",   "his",   "i",     "if",    "in",   "into",  "is",   "it",   "its",  "me",   "my",
     "of",   "on",    "or",    "our",   "ours",  "she",  "so",    "such", "than", "that", "the",  "their",
     "them", "then",  "there", "these", "they",  "this", "those", "to",   "was",  "we",   "were", "which",
     "who",  "whom",  "will",  "with",  "would", "you",  "your",  "yours"});
static_assert(std::ranges::is_sorted(words));

} // namespace

bool is_english_stop_word(std::string_view folded) {
  return std::ranges::binary_search(words, folded);
}

} // namespace troupe::search
