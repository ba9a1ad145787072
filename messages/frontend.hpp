#pragma once

// How gateways and the client endpoint talk to the Raft actor of their own node. Local only: these messages
// are moved, never serialised. Batches in both directions; one request's answer never waits for another's.

#include "command/request.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

namespace troupe {

/// Every request is answered exactly once, in any order, unless the node stops first; senders keep a deadline
/// of their own.
struct request_batch {
  std::vector<request> requests;
};

struct answer_batch {
  std::vector<answer> answers;
};

/// Whoever asks. Answers to ids it no longer knows are to be ignored.
using answer_sink_actor = caf::typed_actor<caf::reacts_to<answer_batch>>;

/// Whoever takes requests: answers go to the sink that came with the batch.
using front_actor = caf::typed_actor<caf::reacts_to<request_batch, answer_sink_actor>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::request_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::answer_batch)
