#pragma once

// The dialer: opens connections for a link, so that neither the link nor CAF's middleman ever waits for an
// address that does not answer. Local only.

#include "messages/node_port.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>

namespace troupe {

struct dial_request {
  std::string host;
  std::uint16_t port = 0;
};

/// Answers with what the other node published on that port, or with an error within a few seconds.
using dialer_actor = caf::typed_actor<caf::replies_to<dial_request>::with<caf::strong_actor_ptr>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::dial_request)
