#pragma once

// The names of the cluster file and the range of every number in it: one table that parsing, the description
// of a configuration and the test of docs/configuration.md share.

#include "config/config.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace troupe::config {

/// How a number is written: "150ms", "64MiB" or a bare whole number.
enum class quantity { time, size, count };

/// One number of [raft], [storage] or [limits]. `least` and `most` are inclusive, in milliseconds, bytes or
/// pieces.
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
std::span<const setting> number_settings();

/// The tables of a cluster file: "cluster", "node", "raft", ...
std::span<const std::string_view> section_names();

/// The keys of one table. Empty for a table that does not exist.
std::span<const std::string_view> key_names(std::string_view section);

/// A number as the file writes it, without quotes.
std::string format_quantity(quantity kind, std::uint64_t value);

} // namespace troupe::config
