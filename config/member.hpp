#pragma once

// What the id and the addresses of a node have to be, wherever somebody names one: in a cluster file, on a
// start line, to the command line or over HTTP. All errors are errc::invalid_argument with a sentence.

#include "base/ids.hpp"
#include "base/result.hpp"
#include "config/address.hpp"

#include <string_view>

namespace troupe::config {

/// 1 to node_id::bytes_max (64) letters, digits, '.', '_', '-', the first one a letter or a digit.
result<node_id> parse_node_id(std::string_view text);

/// "host:port" that other nodes can dial, in the one spelling that addresses of members have.
result<address> parse_peer_address(std::string_view text);

/// Refuses an address that one can bind to but not dial.
result<void> check_dialable(const address& peer);

/// Refuses two addresses that one node cannot both have.
result<void> check_apart(const address& peer, const address& http);

/// Two listeners that cannot both be had. Loopback and wildcard addresses mean something else on every
/// machine.
bool collide(const address& a, const address& b, bool one_machine);

} // namespace troupe::config
