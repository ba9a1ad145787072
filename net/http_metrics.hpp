#pragma once

// What the gateway counts. Every counter is looked up once, when the gateway is made: counting a request is
// two atomic additions and a search among a dozen bucket bounds. For the gateway's thread only.

#include "net/http_routes.hpp"
#include "net/http_server.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
class Registry;
} // namespace prometheus

namespace troupe::net {

class http_metrics {
public:
  explicit http_metrics(std::shared_ptr<prometheus::Registry> registry);

  void count(route_family family, unsigned status, std::chrono::nanoseconds took);
  /// Everything in the registry, also of other parts of the node, in the Prometheus text format.
  std::string text(const server_counters& server);

private:
  std::shared_ptr<prometheus::Registry> registry_;
  std::array<std::array<prometheus::Counter*, 5>, route_families>
      requests_; ///< by class of status: 1xx to 5xx
  std::array<prometheus::Histogram*, route_families> seconds_;
  prometheus::Gauge* connections_;
  prometheus::Gauge* in_flight_;
  prometheus::Gauge* memory_;
  prometheus::Counter* accepted_;
  prometheus::Counter* refused_;
  prometheus::Counter* bad_;
  prometheus::Counter* overloaded_;
  prometheus::Counter* timed_out_;
};

} // namespace troupe::net
