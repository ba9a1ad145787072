#pragma once

// What a node publishes on its peer port.

#include "messages/client.hpp"
#include "messages/link_keeper.hpp"
#include "messages/peer.hpp"

#include <caf/typed_actor.hpp>

#include <map>
#include <string>

namespace troupe {

/// The links of this node by the other side's normalised address, and who keeps them. Sent to the formation
/// actor with each change, and to the client endpoint, which looks at the keeper only, when that was spawned.
struct links_ready {
  std::map<std::string, peer_link_actor> links;
  link_keeper_actor keeper = {}; ///< null: the links never change
};

using node_port_actor = client_port_actor::extend<
    // from another node's link; delegated to the link keeper
    caf::replies_to<link_hello, caf::strong_actor_ptr>::with<link_hello, caf::strong_actor_ptr>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::links_ready)
