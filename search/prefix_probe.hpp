#pragma once

// How the beginning of a word is looked for in an index that keeps stems.

#include "search/analyzer.hpp"

namespace troupe::search {

/// What a stem has to begin with so that its word may begin with `folded` (a folded beginning of a word): one
/// or two beginnings, any of which will do.
/// * `folded` itself, unless its own stem is shorter and begins it: "connections*" looks for "connect".
/// * its stem too, when neither begins the other: "happy*" looks for "happy" and "happi", the stem of
/// "happy". Without stemming it is `folded` alone.
std::vector<std::string> prefix_probes(std::string_view folded, analyzer& words);

} // namespace troupe::search
