#pragma once

// Where a node listens: a host in one agreed spelling, and a port. Two spellings of one place compare equal.

#include "base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::config {

/// A host and a port. `host` is what normalise_host answers.
struct address {
  std::string host;
  std::uint16_t port = 0;

  friend auto operator<=>(const address&, const address&) = default;

  /// "127.0.0.1:7000", "[::1]:7000"
  std::string to_string() const;
};

/// One spelling a host: lower case, no final dot, no brackets, "localhost" as 127.0.0.1, IP addresses in
/// their canonical form, IPv4 mapped into IPv6 as IPv4. invalid_argument on what is neither an IP address nor
/// a host name (RFC 1123).
result<std::string> normalise_host(std::string_view host);

/// Reads "host:port", IPv6 hosts in brackets. The port is 1 to 65535 and has to be there.
result<address> parse_address(std::string_view text);

/// 1 to 65535 in decimal digits.
result<std::uint16_t> parse_port(std::string_view text);

/// 127.0.0.0/8 and ::1. Expects a normalised host.
bool is_loopback(std::string_view host);

/// 0.0.0.0 and ::, which one can bind to but not dial. Expects a normalised host.
bool is_wildcard(std::string_view host);

/// Which of two nodes opens the connection between them: the one with the smaller (port, host), so that
/// exactly one does. False for a node and itself. Hosts are normalised before they are compared.
bool dials(const address& self, const address& other);

} // namespace troupe::config
