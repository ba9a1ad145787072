#pragma once

// From the tree of a query to the tree of cursors that finds its matches.

#include "search/inverted_index.hpp"
#include "search/match_cursor.hpp"

namespace troupe::search {

/// So many matches of phrases, prefixes and the like are listed for one query, eight bytes each; what comes
/// beyond is kept as a bitmap, found all the same, and does not rank.
inline constexpr std::size_t listed_max = 16 * 1024 * 1024;

/// Everything the ask demands: query, filter and `within`. Borrows the index, which may not change meanwhile.
cursor_ptr plan(const inverted_index& index, const bm25& rank, const text_ask& ask);

} // namespace troupe::search
