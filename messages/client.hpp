#pragma once

// What crosses the network between CAF-based clients and a node's client_endpoint. The payloads are batches
// in the encoding of command/codec.hpp: one bounded, version-checked format for everything a stranger may
// send, and one byte string for CAF to carry.

#include <caf/meta/type_name.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>

namespace troupe {

inline constexpr std::uint16_t client_protocol_version = 2;
/// A batch beyond this is refused whole.
inline constexpr std::size_t client_batch_bytes_max = 20 * 1024 * 1024;

/// A node holds answers back while a client has this many bytes of them that it has not taken.
inline constexpr std::size_t client_window_bytes = 16 * 1024 * 1024;

/// encode_requests() of what a client asks in one turn; empty: it asks nothing, and only says what it took.
struct client_requests {
  std::uint16_t version = client_protocol_version;
  std::string payload;
  std::uint64_t taken = 0; ///< messages of answers that this client has taken from the node, since it began
};

/// encode_answers() of what became known since the last one.
struct client_answers {
  std::string payload;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, client_requests& x) {
  return f(caf::meta::type_name("troupe::client_requests"), x.version, x.payload, x.taken);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, client_answers& x) {
  return f(caf::meta::type_name("troupe::client_answers"), x.payload);
}

/// A client actor. Answers arrive in any order; a client that sees the endpoint go down must treat open
/// writes as unknown.
using client_actor = caf::typed_actor<
    // answers to requests that came from this actor
    caf::reacts_to<client_answers>>;

/// The part of a node that clients talk to. The sender of the message must be a client_actor: answers go to
/// the sender.
using client_port_actor = caf::typed_actor<
    // a batch of requests from the sending client_actor
    caf::reacts_to<client_requests>>;

} // namespace troupe
