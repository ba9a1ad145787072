#pragma once

// The client actor: speaks to the client endpoint of one node of a cluster, and to another one's when that
// one is lost. Everything it decides about requests is decided in client/exchange.hpp.
//
// client/ uses messages/dialer.hpp and net/middleman.hpp besides messages/client.hpp: CAF's middleman must
// never be told to dial an address that may not answer, and what keeps it from that is the same for nodes and
// clients.

#include "client/address_book.hpp"
#include "client/call.hpp"
#include "messages/client.hpp"
#include "messages/dialer.hpp"

#include <caf/all.hpp>

#include <vector>

namespace troupe::client {

struct call_outcome {
  call_result result;
};

/// Calls that arrive within one turn travel as one message.
using connection_actor = client_actor::extend<
    // one call; answered within its time, give or take 0.3 s
    caf::replies_to<call>::with<call_outcome>,
    // ends all calls, closes the session and ends the actor; answered when that is done, at most 0.5 s later
    caf::replies_to<caf::close_atom>::with<caf::ok_atom>,
    // from itself: all calls of this turn have arrived
    caf::reacts_to<caf::flush_atom>,
    // from itself: time has passed
    caf::reacts_to<caf::tick_atom>>;

struct connection_options {
  std::vector<address> seeds; ///< not empty
  /// Trying begins with this seed, so that many clients do not all choose the same node.
  std::size_t first_seed = 0;
  /// Moves to the leader when it can be reached; else stays with the node it found, which forwards.
  bool prefer_leader = true;
};

/// Event-based. `dialer` is of net/middleman.hpp, and not ended with the actor.
connection_actor spawn_connection(caf::actor_system& system, connection_options options, dialer_actor dialer);

} // namespace troupe::client

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::client::call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::client::call_outcome)
