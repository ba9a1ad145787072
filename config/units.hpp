#pragma once

// Times and sizes as people write them in a configuration file: a whole number and a unit, nothing between.

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::config {

/// Reads "150ms", "2s", "5m", "12h", "7d". A bare number, a fraction, a sign, a space, an unknown unit and
/// what overflows are invalid_argument, with a sentence that says what to write instead.
result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// Reads "512B", "4KiB", "64MiB", "1GiB", "1TiB" as bytes. Decimal units (KB, MB) are refused, as is all that
/// parse_duration refuses.
result<std::uint64_t> parse_size(std::string_view text);

/// Writes a time in the largest unit that divides it: what parse_duration reads back. Precondition: time >=
/// 0.
std::string format_duration(std::chrono::milliseconds time);

/// Writes a number of bytes in the largest unit that divides it: what parse_size reads back.
std::string format_size(std::uint64_t bytes);

} // namespace troupe::config
