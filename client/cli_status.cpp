// Whom to ask how the cluster is.

#include "client/address_book.hpp"
#include "client/cli_commands.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <ranges>
#include <string>
#include <utility>
#include <vector>

namespace troupe::client {

namespace {

/// For a node that may know more than the one that has answered.
constexpr std::chrono::milliseconds another_max{2'000};

/// Endpoints that are asked at once.
constexpr std::size_t asked_max = 16;

result<cluster_status> ask_only(const std::string& endpoint, const cli_options& o) {
  auto options = o.client;
  options.timeout = std::min(options.timeout, another_max);
  return client{{endpoint}, options}.status();
}

/// A node that waits to be added, or has lost the others, knows of no leader; another endpoint may. All at
/// once, since this is asked when something is wrong, and who does not answer would keep the rest waiting.
result<cluster_status> ask_the_others(const cli_options& o, cluster_status first) {
  std::vector<std::future<result<cluster_status>>> asked;
  for (auto& endpoint : o.endpoints | std::views::take(asked_max))
    asked.push_back(std::async(std::launch::async, [&] { return ask_only(endpoint, o); }));
  result<cluster_status> best = std::move(first);
  for (auto& one : asked)
    if (auto status = one.get(); status && status->leader && !best->leader) best = std::move(status);
  return best;
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
  auto better = ask_only(leader->peer_address, o);
  return better ? std::move(better) : std::move(status);
}

} // namespace troupe::client
