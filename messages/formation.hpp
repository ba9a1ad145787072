#pragma once

// The formation actor: brings an empty cluster into being, once, and checks ever after that a peer is who the
// log says it is. Local only.

#include "messages/node_port.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <string>

namespace troupe {

/// From a link: the other side is there, or no longer.
struct link_state {
  std::string address; ///< of the other node
  bool up = false;
  std::uint64_t serial = 0; ///< counts the connections of this link
};

/// From a link.
struct formation_received {
  std::string address; ///< of the sender
  raft::formation_message message;
};

struct log_started {};

/// From raft, first when it hears that the cluster has formed and then with each change: who belongs to it.
struct members_known {
  raft::known_members known;
};

using formation_actor = caf::typed_actor<
    // from the supervisor
    caf::reacts_to<links_ready>,
    // from the links
    caf::reacts_to<link_state>, caf::reacts_to<formation_received>,
    // from raft: the first entry is durable; answered when node.id says so too, so that a missing log is from
    // then on a lost log
    caf::replies_to<log_started>::with<log_started>,
    // from raft
    caf::reacts_to<members_known>,
    // from the ticker: say hello again
    caf::reacts_to<tick>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::link_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::formation_received)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::log_started)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::members_known)
