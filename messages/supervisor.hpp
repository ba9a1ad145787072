#pragma once

// The supervisor: starts a node's actors, notices when one ends, and ends the node in good order. Local only.

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <cstddef>
#include <string>

namespace troupe {

/// How trouped ends. deploy/ scripts and operators read these.
enum class exit_code : int {
  clean = 0,
  refused = 2, ///< configuration, folder, port or identity: nothing was changed, a person must act
  storage = 3, ///< a write or sync failed, or stored bytes are damaged: the disk is in doubt, do not restart
               ///< blindly
  internal = 4 ///< an actor that holds state ended in a way that should not happen
};

/// From any actor: this node must stop, and why.
struct fatal_failure {
  exit_code code = exit_code::internal;
  std::string why;
};

/// From main, on SIGTERM or SIGINT. A second one does not wait for the first one's gave_way.
struct stop_node {};

/// From the Raft actor: this node leads nobody that would miss it, as far as it can help.
struct gave_way {};

/// The supervisor to itself: this child has had its time to end.
struct kill_child {
  std::size_t position = 0;
};

using supervisor_actor = caf::typed_actor<
    // from any actor of the node
    caf::reacts_to<fatal_failure>,
    // from main
    caf::reacts_to<stop_node>,
    // from the Raft actor, or from itself when that took too long
    caf::reacts_to<gave_way>,
    // from itself
    caf::reacts_to<kill_child>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::fatal_failure)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::stop_node)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::gave_way)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::kill_child)
