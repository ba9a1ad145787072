#pragma once

// What a node publishes on its peer port.

#include "messages/client.hpp"
#include "messages/peer.hpp"

#include <caf/typed_actor.hpp>

#include <map>
#include <string>

namespace troupe {

/// The links of this node by the other side's normalised address. Sent to the client endpoint and the
/// formation actor when the links have been spawned, and again when one was replaced.
struct links_ready {
  std::map<std::string, peer_link_actor> links;
};

using node_port_actor = client_port_actor::extend<
    // from another node's link; delegated to the link of the sender's address, refused when there is none
    caf::replies_to<link_hello, caf::strong_actor_ptr>::with<link_hello, caf::strong_actor_ptr>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::links_ready)
