#pragma once

// Words for error lines. Used inside config/ only.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace troupe::config {

/// At most `shown` bytes of the text, with '?' for control characters, so that an error line stays one line
/// whatever came from outside.
std::string printable(std::string_view text, std::size_t shown = 200);

/// At most 60 bytes of the text, printable, in double quotes.
std::string in_quotes(std::string_view text);

/// The known word that `word` is probably a slip of, or nothing. Distance is insertions, deletions,
/// replacements and swaps of neighbours; '-', '_' and case do not count.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

} // namespace troupe::config
