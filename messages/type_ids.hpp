#pragma once

// Everything that crosses the network, announced to CAF. An unannounced type arrives as an empty message, so
// the round-trip test in tests/messages sends one of each.

#include "messages/client.hpp"
#include "messages/peer.hpp"

#include <caf/actor_system_config.hpp>

namespace troupe {

/// Call before the actor system is made.
void announce_network_messages(caf::actor_system_config& config);

} // namespace troupe
