#pragma once

// The indexer: a search engine that follows this node's key space. It pulls what changed after the log index
// it holds, in bounded portions, and begins anew from a pin when that is no longer kept; so nothing it does
// slows a write, and what it holds can always be said.

#include "base/file.hpp"
#include "messages/embedder.hpp"
#include "messages/indexer.hpp"
#include "messages/storage.hpp"
#include "search/engine.hpp"

#include <caf/all.hpp>

#include <functional>
#include <memory>
#include <string>

namespace troupe {

struct indexer_options {
  search::index_scope scope;
  std::optional<search::text_settings> text = search::text_settings{};
  bool vectors = true; ///< keep a vector index when the cluster has a model
  /// Dimension and metric come from the cluster's model.
  search::vector_settings graph = {};
  /// The model whose worker embeds queries on this node. Queries are embedded only while it is the cluster's.
  embedding_model model;
  std::uint64_t seed = 1;                   ///< of the graph and of cursors
  std::size_t pull_bytes = 256 * 1024;      ///< of changes in one portion
  file_system* files = nullptr;             ///< null: the vectors' graph is not kept
  std::string vector_file;                  ///< where it is kept
  std::uint64_t save_after_changes = 1'000; ///< and how often at most
  std::int64_t save_period_ms = 5 * 60 * 1000;
  std::function<void()> on_thread = [] {}; ///< called once on the indexer's thread; for its priority
  /// The node's steady clock in milliseconds; null: the time is that of the last tick.
  std::function<std::int64_t()> now_ms = {};

  /// Told about once a second; must not block.
  std::function<void(const search_status&, const search::engine::sizes&)> report =
      [](const search_status&, const search::engine::sizes&) {};
  /// Told each search that was answered, by mode and by what it took without waiting; must not block.
  std::function<void(search_mode mode, double seconds)> observe = [](search_mode, double) {};
};

class indexer_driver;

struct indexer_state {
  static inline const char* name = "indexer";
  std::shared_ptr<indexer_driver> driver;
};

/// `worker` embeds queries; null when the options' model is not made here. `raft` gets search_reports.
indexer_actor::behavior_type indexer(indexer_actor::stateful_pointer<indexer_state> self,
                                     indexer_options options, storage_actor storage,
                                     embed_worker_actor worker, caf::strong_actor_ptr raft);

} // namespace troupe
