#pragma once

// Reads. They do not go through the log.

#include "command/transaction.hpp"

#include <optional>

namespace troupe {

struct get_query {
  std::string key;
  std::optional<revision_t> at; ///< none: the newest

  friend bool operator==(const get_query&, const get_query&) = default;
};

/// Keys k with start <= k < end (empty end: no upper bound), in byte order.
struct range_query {
  std::string start;
  std::string end;
  std::uint32_t limit = 1000;            ///< items, at least 1
  std::uint32_t bytes_max = 1024 * 1024; ///< of keys and values; one item is always returned if there is one
  bool keys_only = false;
  bool reverse = false; ///< from the largest key down
  std::optional<revision_t> at;

  friend bool operator==(const range_query&, const range_query&) = default;
};

using query = std::variant<get_query, range_query>;

/// The smallest key that is larger than every key with this prefix; empty when there is none (all 0xff).
std::string prefix_end(std::string_view prefix);

enum class query_outcome : std::uint8_t {
  ok = 0,
  compacted = 1, ///< the revision asked for is older than `compacted`
  future = 2,    ///< the revision asked for does not exist yet
};

struct query_result {
  query_outcome code = query_outcome::ok;
  revision_t revision;  ///< the revision that was read
  revision_t compacted; ///< oldest revision that can still be read
  std::vector<key_value> items;
  bool more = false; ///< limit or bytes_max ended the answer before the range did

  friend bool operator==(const query_result&, const query_result&) = default;
};

} // namespace troupe
