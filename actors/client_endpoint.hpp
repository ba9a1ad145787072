#pragma once

// What a node publishes on its peer port: takes batches of CAF-based clients, and leads links of other nodes
// to their counterparts.

#include "command/codec.hpp"
#include "messages/client_endpoint.hpp"
#include "messages/raft.hpp"

#include <caf/all.hpp>

#include <deque>
#include <map>
#include <unordered_map>

namespace troupe {

struct client_endpoint_options {
  command_bounds bounds;
  std::size_t clients_max = 1'024;
  std::size_t client_requests_max = 4'096; ///< of one client, unanswered
  std::uint32_t timeout_ms_max = 60'000;
  /// Answers that a client has not taken: sent and unacknowledged, and held here. With more held, what it
  /// asks is dropped unread: a client that takes no answers cannot be told so.
  std::size_t window_bytes = client_window_bytes;
  std::size_t held_bytes_max = 64u << 20;
  std::uint32_t range_items_max = 100'000; ///< of one page, whatever the client asks for
  std::uint32_t range_bytes_max = 64u << 20;
};

struct client_endpoint_state {
  static inline const char* name = "client_endpoint";

  struct open_request {
    caf::actor_addr client;
    std::uint64_t id = 0; ///< the client's
  };
  struct held_answer {
    answer what;
    std::size_t bytes = 0; ///< about
    bool open = false;     ///< of a request that counts as open until this is sent
  };
  struct client {
    client_actor handle;
    std::size_t open = 0; ///< requests whose answers were not sent
    std::deque<held_answer> held;
    std::size_t held_bytes = 0;
    std::uint64_t sent = 0;          ///< messages of answers
    std::deque<std::size_t> untaken; ///< bytes of the messages sent - size() + 1 .. sent
    std::size_t untaken_bytes = 0;
    bool dropping = false; ///< it was said that its batches are dropped
  };

  client_endpoint_options options;
  raft_actor raft;
  link_keeper_actor keeper; ///< null until it was spawned
  std::map<caf::actor_addr, client> clients;
  std::unordered_map<std::uint64_t, open_request> open; ///< by our id; looked up, never iterated
  std::uint64_t last_id = 0;
};

client_endpoint_actor::behavior_type
client_endpoint(client_endpoint_actor::stateful_pointer<client_endpoint_state> self,
                client_endpoint_options options, raft_actor raft);

} // namespace troupe
