#pragma once

// The names of the cluster file and the range of every number in it: one table that parsing, the description
// of a configuration and the test of docs/configuration.md share.

#include "config/config.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::config {

/// How a value is written: "150ms", "64MiB", a bare whole number, a number with up to three digits behind the
/// point, or true and false.
enum class quantity { time, size, count, fraction, flag };

/// One number or switch of the file. `least` and `most` are inclusive, in milliseconds, bytes, pieces or
/// thousandths; a switch is 0 or 1.
struct setting {
  std::string_view section;
  std::string_view key;
  quantity kind;
  std::uint64_t least;
  std::uint64_t most;
  std::uint64_t (*get)(const settings&);
  void (*set)(settings&, std::uint64_t);
};

/// In the order in which they are described.
std::span<const setting> scalar_settings();

/// The tables of a cluster file: "cluster", "node", "raft", ...
std::span<const std::string_view> section_names();

/// The keys of one table. Empty for a table that does not exist.
std::span<const std::string_view> key_names(std::string_view section);

/// Times and sizes stand in quotes.
constexpr bool is_quoted(quantity kind) {
  return kind == quantity::time || kind == quantity::size;
}

/// A number or switch as the file writes it, without quotes.
std::string format_quantity(quantity kind, std::uint64_t value);

} // namespace troupe::config
