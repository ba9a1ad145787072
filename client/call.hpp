#pragma once

// What a program asks of a cluster through a client, before it becomes requests to nodes.

#include "client/failure.hpp"
#include "command/request.hpp"

#include <variant>

namespace troupe::client {

/// A transaction is stamped with the client's session, so that it can be repeated without being applied
/// twice. Status and snapshot are about the node that happens to be asked.
using call_body = std::variant<transaction, read_request, status_request, snapshot_now_request,
                               search_request, transfer_request, member_request>;

struct call {
  call_body body;
  std::uint32_t timeout_ms = 10'000;
  bool embed = false; ///< of a transaction: see write_request
};

/// A command_result here was applied (its code says so); everything else is a failure. A search_result says
/// itself whether it has hits.
using call_result = std::variant<command_result, query_result, cluster_status, snapshot_result, search_result,
                                 transfer_result, member_result, failure>;

} // namespace troupe::client
