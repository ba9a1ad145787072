#pragma once

// How the beginning of a word is looked for in an index that keeps stems.

#include "search/analyzer.hpp"

namespace troupe::search {

/// What the words that begin with `folded` (a folded beginning of a word) may have been stemmed to: whatever
/// begins with `folded`, and these stems, which do not, ascending. They are the stem of `folded` itself
/// ("happi" for "happy", "connect" for "connections") and, in English, those of `folded` with an ending
/// completed of which it shows a part
/// ("connect" for "connecti", as of "connection"). A stem stands for all words that have it, so that
/// "connecti*" finds "connected", too. Rarely a word is missed while its last consonant is doubled and no
/// ending shows ("cutt").
std::vector<std::string> stems_behind_prefix(std::string_view folded, analyzer& words);

} // namespace troupe::search
