#pragma once

// What a node shows of its indexes and its embedding at /metrics.

#include "command/search.hpp"
#include "search/engine.hpp"

#include <memory>

namespace prometheus {
class Registry;
}

namespace troupe {

/// Thread-safe: the indexer and the embedder report from their own threads.
class search_metrics {
public:
  explicit search_metrics(prometheus::Registry& registry);
  ~search_metrics();

  void show(const search_status& status, const search::engine::sizes& sizes);
  /// A search that was answered, without its waiting.
  void observe(search_mode mode, double seconds);
  void embedded(std::uint64_t embedded, std::uint64_t failed, double seconds);

private:
  struct families;
  std::unique_ptr<families> families_;
};

} // namespace troupe
