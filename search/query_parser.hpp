#pragma once

// Reads the query language (docs/search.md): words (all of them), OR, -word, "phrases", prefix*, fuzzy~1 and
// ~2, parentheses, field:word, and filters on JSON fields (price<20, tags=blue, "in stock"=true).

#include "search/analyzer.hpp"
#include "search/query.hpp"

#include <string_view>
#include <variant>

namespace troupe::search {

/// An empty query, unbalanced quotes or parentheses, a query that only excludes, and one beyond the limits of
/// query.hpp are problems.
std::variant<query_node, query_problem> parse_query(std::string_view text, analyzer& words);

/// The same language for the `filter` of a search; an empty filter is `everything`, and one that only
/// excludes is fine.
std::variant<query_node, query_problem> parse_filter(std::string_view text, analyzer& words);

} // namespace troupe::search
