#pragma once

// The actors of one node: which there are, in which order they start, and on which threads they run.

#include "actors/client_endpoint.hpp"
#include "actors/formation.hpp"
#include "actors/link_keeper.hpp"
#include "actors/peer_link.hpp"
#include "actors/raft.hpp"
#include "actors/supervisor.hpp"
#include "config/config.hpp"
#include "net/http_gateway.hpp"
#include "net/middleman.hpp"
#include "node/metrics.hpp"
#include "node/open_data.hpp"
#include "node/search_metrics.hpp"
#include "node/search_setup.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <random>
#include <vector>

namespace prometheus {
class Registry;
}

namespace troupe {

/// What the start functions share: the handles spawned so far and what they are spawned with. Lives until the
/// node has ended; used by the main thread before the supervisor starts and by the supervisor afterwards.
struct node_parts {
  caf::actor_system* system = nullptr;
  const config::node_config* config = nullptr;
  opened_data data;
  incarnation_t incarnation;
  cluster_id fresh_cluster;
  std::mt19937_64 random;
  net::middleman_options middleman;
  std::unique_ptr<net::http_gateway> gateway;
  std::shared_ptr<node_metrics> metrics;
  search_setup search;
  std::shared_ptr<search_metrics> searches;

  raft_peers cores = {};
  raft_actor raft = {};
  dialer_actor dialer = {};
  formation_actor formation = {};
  link_keeper_actor links = {};
  embed_worker_actor queries = {}; ///< these three are null when no model runs on this node
  embed_worker_actor writes = {};
  embed_worker_actor background = {};
  embedder_actor embedder = {};
  indexer_actor indexer = {};
  client_endpoint_actor endpoint = {};
  caf::actor ticker = {};
};

/// In dependency order; the supervisor starts them so and stops them in reverse.
std::vector<child_spec> blueprint(const std::shared_ptr<node_parts>& parts);

/// Bounds that gateways and the client endpoint check before anything is proposed.
command_bounds bounds_of(const config::node_config& config);

} // namespace troupe
