#pragma once

// Which node to dial next. Pure: no clock, no randomness of its own.

#include "client/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::client {

/// The peer port of a node.
struct address {
  std::string host; ///< without brackets
  std::uint16_t port = 0;

  std::string to_string() const;
  friend bool operator==(const address&, const address&) = default;
};

/// "host:port" or "[::1]:port".
result<address> parse_address(std::string_view text);

/// Seeds, and what was learned from the cluster. An address that failed is left alone for a while: 50 ms,
/// doubled with each failure up to 2 s. Times are milliseconds of any monotone clock.
class address_book {
public:
  /// More addresses than this are not learned.
  static constexpr std::size_t addresses_max = 64;

  /// Precondition: seeds is not empty. Trying begins with seed number `first` (modulo their number).
  address_book(std::vector<address> seeds, std::size_t first);

  void learn(const address& member);
  /// The node to prefer; none: not known.
  void set_leader(std::optional<address> leader);
  const std::optional<address>& leader() const { return leader_; }

  /// The leader if it is known and not left alone, else the next one in turn that is not. None: all are. What
  /// is in `except` counts as left alone.
  std::optional<address> next(std::int64_t now_ms, const std::vector<address>& except = {});
  bool usable(const address& a, std::int64_t now_ms) const;

  void failed(const address& a, std::int64_t now_ms);
  /// It answers too slowly: left alone for the longest pause, though it can be reached.
  void too_slow(const address& a, std::int64_t now_ms);
  void succeeded(const address& a);

private:
  struct known_address {
    address where;
    unsigned failures = 0;
    std::int64_t not_before_ms = INT64_MIN;
  };
  known_address* find(const address& a);

  std::vector<known_address> known_;
  std::size_t turn_;
  std::optional<address> leader_;
};

} // namespace troupe::client
