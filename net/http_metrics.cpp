#include "net/http_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace troupe::net {

namespace {

prometheus::Counter* add_counter(prometheus::Registry& registry, const char* name, const char* help) {
  return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
}

prometheus::Gauge* add_gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

void raise_to(prometheus::Counter* counter, std::uint64_t value) {
  counter->Increment(static_cast<double>(value) - counter->Value());
}

} // namespace

http_metrics::http_metrics(std::shared_ptr<prometheus::Registry> registry) : registry_(std::move(registry)) {
  auto& requests = prometheus::BuildCounter()
                       .Name("troupe_http_requests_total")
                       .Help("HTTP requests answered, by route and class of status")
                       .Register(*registry_);
  auto& seconds = prometheus::BuildHistogram()
                      .Name("troupe_http_request_duration_seconds")
                      .Help("From the last byte of an HTTP request to its response being ready, by route")
                      .Register(*registry_);
  const prometheus::Histogram::BucketBoundaries bounds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                       0.025,  0.05,    0.1,    0.25,  1,      5};
  for (std::size_t i = 0; i < route_families; ++i) {
    const std::string name{to_string(static_cast<route_family>(i))};
    seconds_[i] = &seconds.Add({{"route", name}}, bounds);
    for (std::size_t status = 0; status < requests_[i].size(); ++status)
      requests_[i][status] = &requests.Add({{"route", name}, {"code", std::to_string(status + 1) + "xx"}});
  }
  connections_ = add_gauge(*registry_, "troupe_http_connections", "HTTP connections that are open");
  memory_ = add_gauge(*registry_, "troupe_http_memory_bytes",
                      "Request bodies and unwritten answers in memory, against requests_in_flight_bytes");
  in_flight_ = add_gauge(*registry_, "troupe_http_in_flight", "HTTP requests without an answer so far");
  accepted_ = add_counter(*registry_, "troupe_http_connections_total", "HTTP connections accepted");
  refused_ =
      add_counter(*registry_, "troupe_http_connections_refused_total", "HTTP connections beyond the limit");
  bad_ = add_counter(*registry_, "troupe_http_bad_requests_total",
                     "HTTP requests that could not be parsed or broke a limit of the server");
  overloaded_ = add_counter(*registry_, "troupe_http_requests_overloaded_total",
                            "HTTP requests refused because too many were in flight");
  timed_out_ = add_counter(*registry_, "troupe_http_connections_timed_out_total",
                           "HTTP connections cut because they were slow or idle");
}

void http_metrics::count(route_family family, unsigned status, std::chrono::nanoseconds took) {
  const auto row = static_cast<std::size_t>(family);
  requests_[row][std::clamp(status / 100, 1u, 5u) - 1]->Increment();
  seconds_[row]->Observe(std::chrono::duration<double>(took).count());
}

std::string http_metrics::text(const server_counters& server) {
  connections_->Set(static_cast<double>(server.connections));
  memory_->Set(static_cast<double>(server.memory_bytes));
  in_flight_->Set(static_cast<double>(server.in_flight));
  raise_to(accepted_, server.accepted);
  raise_to(refused_, server.refused);
  raise_to(bad_, server.bad);
  raise_to(overloaded_, server.overloaded);
  raise_to(timed_out_, server.timed_out);
  return prometheus::TextSerializer{}.Serialize(registry_->Collect());
}

} // namespace troupe::net
