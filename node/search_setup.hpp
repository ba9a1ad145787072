#pragma once

// From [search] and [embedding] of the cluster file to what the search actors are spawned with.

#include "actors/embed_worker.hpp"
#include "actors/embedder.hpp"
#include "actors/indexer.hpp"
#include "config/config.hpp"
#include "node/open_data.hpp"

#include <variant>

namespace troupe {

struct search_setup {
  embedding_model model;
  embedder_options embedder;
  indexer_options indexer;
  /// For queries.
  embed_worker_options queries;
  /// For writes that are embedded before they are proposed.
  embed_worker_options writes;
  /// For what the leader embeds after commit; the lowest priority there is.
  embed_worker_options background;
};

/// The cluster's model as the cluster file has it.
embedding_model model_of(const config::embedding_settings& e);

/// Refuses when a model that this node is to run cannot be opened.
std::variant<search_setup, cannot_start> prepare_search(const config::node_config& config);

} // namespace troupe
