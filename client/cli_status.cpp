// Whom to ask how the cluster is.

#include "client/address_book.hpp"
#include "client/cli_commands.hpp"

#include <algorithm>
#include <chrono>

namespace troupe::client {

namespace {

using clock = std::chrono::steady_clock;

/// For one node that may know more than the one that has answered.
constexpr std::chrono::milliseconds one_node_max{2'000};

client_options for_one_node(const cli_options& o, std::size_t nodes) {
  auto options = o.client;
  const auto share = options.timeout / static_cast<std::int64_t>(std::max<std::size_t>(1, nodes));
  options.timeout = std::clamp(share, std::chrono::milliseconds(1), one_node_max);
  return options;
}

/// A node that waits to be added, or has lost the others, knows of no leader; another endpoint may.
result<cluster_status> ask_the_others(const cli_options& o, cluster_status first) {
  const auto options = for_one_node(o, o.endpoints.size());
  for (auto& endpoint : o.endpoints)
    if (auto status = client{{endpoint}, options}.status(); status && status->leader) return status;
  return first;
}

} // namespace

result<cluster_status> status_of_leader(const cli_options& o) {
  auto status = client{o.endpoints, o.client}.status();
  if (status && !status->leader && o.endpoints.size() > 1) status = ask_the_others(o, *std::move(status));
  if (!status || !status->leader || status->leader == status->self) return status;
  // The leader knows more, above all what is durable where.
  const auto leader = std::find_if(status->members.begin(), status->members.end(),
                                   [&](auto& m) { return m.id == status->leader; });
  if (leader == status->members.end() || !parse_address(leader->peer_address)) return status;
  auto better = client{{leader->peer_address}, for_one_node(o, 1)}.status();
  return better ? std::move(better) : std::move(status);
}

} // namespace troupe::client
