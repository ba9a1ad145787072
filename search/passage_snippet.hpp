#pragma once

// What is shown of a hit that no word of the query explains: the beginning of its nearest passage.

#include "search/embedder.hpp"
#include "search/highlighter.hpp"

#include <optional>
#include <string_view>

namespace troupe::search {

/// At most `bytes_max` bytes (at least 16) of the passage, whole words where possible, without marks. Nothing
/// when the passage lies outside of the text or is blank; the range may come from a stranger.
std::optional<snippet> passage_snippet(std::string_view text, passage range,
                                       std::size_t bytes_max = snippet_settings{}.bytes_max);

} // namespace troupe::search
