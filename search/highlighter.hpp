#pragma once

// Why a document was found: short pieces of its texts with the matching words marked.

#include "search/analyzer.hpp"
#include "search/document.hpp"
#include "search/query.hpp"

#include <utility>

namespace troupe::search {

struct snippet {
  std::string field; ///< empty: a text value
  std::string text;  ///< whole words; "…" stands where something was left out
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      marks; ///< byte ranges of `text`, ascending, not overlapping

  friend bool operator==(const snippet&, const snippet&) = default;
};

struct snippet_settings {
  std::size_t bytes_max = 240; ///< of one snippet's text
  std::size_t snippets_max = 3;
  std::size_t text_bytes_max = 256 * 1024; ///< so much of the document's texts is looked at
};

/// The best snippets of the document's texts for the positive text parts of the query: most different words
/// first. Words match by the rules of the index (search/query.hpp); those of a phrase are marked where the
/// phrase stands. Only a word that alone is longer than a snippet is cut. Takes time proportional to the
/// texts times the query's words. Empty when the query has no text part that matches.
std::vector<snippet> highlight(const extracted& d, const query_node& q, analyzer& words,
                               const snippet_settings& settings = {});

} // namespace troupe::search
