#pragma once

// CAF's network middleman as troupe sets it up: heartbeats, mutual TLS, a bound on how long unacknowledged
// bytes may wait, and a dialer that never lets the middleman wait for an address that does not answer.

#include "base/result.hpp"
#include "messages/dialer.hpp"
#include "messages/node_port.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace troupe::net {

/// PEM files. Both sides of every connection show a certificate of the same authority.
struct peer_tls {
  std::string certificate;
  std::string key;
  std::string authority;
};

struct middleman_options {
  std::optional<peer_tls> tls;
  std::chrono::milliseconds heartbeat{500};
  /// A connection on which nothing was heard for this long is closed.
  std::chrono::milliseconds silence{2'000};
  /// TCP_USER_TIMEOUT: bytes that the other side does not acknowledge for this long end the connection.
  /// Without it a dead peer keeps everything queued for it in memory.
  std::chrono::milliseconds unacknowledged{5'000};
  /// A dialled address that has not answered for this long counts as one that does not. One dial at a time
  /// may keep the dialer's thread for so long.
  std::chrono::milliseconds connect{1'000};
};

/// Reads the files, so that a node refuses to start instead of speaking to nobody. errc::invalid_argument
/// names the file.
result<void> check_tls(const peer_tls& tls);

/// Loads the modules and sets the options. Call before the actor system is made, after config.parse().
void configure_middleman(caf::actor_system_config& config, const middleman_options& options);

/// Opens the peer port. errc::unavailable when it is taken. Returns the port (the one chosen, for 0).
result<std::uint16_t> publish_port(caf::actor_system& system, const node_port_actor& actor,
                                   const std::string& host, std::uint16_t port,
                                   const middleman_options& options);

/// A detached actor. Each dial takes at most about two seconds of its time.
dialer_actor spawn_dialer(caf::actor_system& system, const middleman_options& options);

} // namespace troupe::net
