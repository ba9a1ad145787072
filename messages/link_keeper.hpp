#pragma once

// The link keeper: owns the links of a node, which come and go with the members. Local only.

#include "messages/peer.hpp"
#include "messages/tick.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <set>
#include <string>

namespace troupe {

/// From the formation actor: to these peer addresses there is to be a link. Others are ended after a while.
struct wanted_links {
  std::set<std::string> addresses;
};

using link_keeper_actor = caf::typed_actor<
    // from another node's link, by way of the port: led to the link of the sender's address, which is made
    // if there is none
    caf::replies_to<link_hello, caf::strong_actor_ptr>::with<link_hello, caf::strong_actor_ptr>,
    // from the formation actor
    caf::reacts_to<wanted_links>,
    // from the ticker; passed on to the links
    caf::reacts_to<tick>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::wanted_links)
