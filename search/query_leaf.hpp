#pragma once

// The leaves of a query: what one word, one phrase or one comparison asks for.

#include "search/analyzer.hpp"
#include "search/query.hpp"
#include "search/query_lexer.hpp"

#include <string_view>
#include <variant>

namespace troupe::search {

using leaf = std::variant<query_node, query_problem>;

/// A word as it stands: with * at its end a prefix, or that and the stems behind it
/// (search/prefix_probe.hpp), with ~1 or ~2 fuzzy, * alone everything. What the analyzer makes several terms
/// of ("well-known") is a phrase, what it leaves nothing of is `nothing`.
leaf word_leaf(const lexeme& word, std::string_view field, analyzer& words);

/// The content of quotation marks: the words one after the other.
query_node phrase_leaf(const lexeme& quoted, std::string_view field, analyzer& words);

/// `field op value`; the value is a lexeme of type word or quoted.
leaf comparison_leaf(std::string_view field, const lexeme& op, const lexeme& value);

} // namespace troupe::search
