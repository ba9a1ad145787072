#pragma once

// What a node shows of itself at /metrics, beside what the HTTP gateway counts.

#include "command/request.hpp"

#include <memory>

namespace prometheus {
class Registry;
}

namespace troupe {

/// Gauges that follow the Raft actor's status. Thread-safe.
class node_metrics {
public:
  explicit node_metrics(prometheus::Registry& registry);
  ~node_metrics();

  void show(const cluster_status& status);

private:
  struct gauges;
  std::unique_ptr<gauges> gauges_;
};

} // namespace troupe
