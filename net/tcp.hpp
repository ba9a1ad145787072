#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe::net {

/// A connected, blocking TCP socket to the first address of `host` that answers within the time.
/// errc::unavailable with the reason. The caller owns the descriptor.
result<int> connect_within(const std::string& host, std::uint16_t port, std::chrono::milliseconds timeout);

/// errc::unavailable when something listens there already, so that a node can say so before it starts
/// anything.
result<void> check_port_free(const std::string& host, std::uint16_t port);

/// Sets TCP_USER_TIMEOUT on every TCP socket of this process whose local or remote port is `port`;
/// connections accepted later inherit it from their listener. CAF opens its sockets itself and has no such
/// option.
void limit_unacknowledged(std::uint16_t port, std::chrono::milliseconds limit);

} // namespace troupe::net
