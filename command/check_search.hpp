#pragma once

// What is wrong with a search before anybody looks into an index.

#include "command/search.hpp"

#include <optional>

namespace troupe {

/// None: the search is within limits (command/limits.hpp) and its parts fit each other. Otherwise the answer
/// to it: search_outcome::bad_request with part, detail and, where a place can be named, the bytes at fault.
/// Of a search with a cursor only cursor and limit count. Whether query and filter can be read, and whether
/// the vector is of the model's dimension, is found out by who has the index.
std::optional<search_result> check_search(const search_request& r);

} // namespace troupe
