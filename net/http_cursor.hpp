#pragma once

// Where a range read goes on: opaque to clients, complete in itself, so no node remembers anything between
// two pages.

#include "base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::net {

struct range_cursor {
  revision_t revision; ///< every page shows this revision
  std::string start;   ///< what is left of the range: start <= key < end (empty end: no bound)
  std::string end;
  bool reverse = false;
  std::uint32_t check = 0; ///< range_check() of the range as it was asked for at first

  friend bool operator==(const range_cursor&, const range_cursor&) = default;
};

/// Tells ranges apart, so that a cursor is not continued with another query by mistake.
std::uint32_t range_check(std::string_view start, std::string_view end, bool reverse);

/// Base64url of a version byte, the members and a CRC-32C, which guards against mistakes and not against
/// forgery: a forged cursor reads nothing that its maker could not read without it.
std::string write_cursor(const range_cursor& cursor);
/// None for what write_cursor does not write.
std::optional<range_cursor> read_cursor(std::string_view text);

} // namespace troupe::net
