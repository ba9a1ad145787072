#pragma once

// The client endpoint: the actor behind a node's peer port.

#include "messages/frontend.hpp"
#include "messages/node_port.hpp"
#include "messages/tick.hpp"

#include <caf/typed_actor.hpp>

namespace troupe {

using client_endpoint_actor = node_port_actor::extend<
    // from the supervisor
    caf::reacts_to<links_ready>,
    // from raft and storage
    caf::reacts_to<answer_batch>>;

} // namespace troupe
