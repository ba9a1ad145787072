#include "node/search_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string>

namespace troupe {

namespace {

using prometheus::Histogram;

prometheus::Gauge& gauge(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

const Histogram::BucketBoundaries search_seconds{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                 0.01,   0.025,   0.05,   0.1,   0.25,   1};

} // namespace

struct search_metrics::families {
  explicit families(prometheus::Registry& r)
      : ready(gauge(r, "troupe_search_ready", "1 when this node's indexes are built")),
        indexed(gauge(r, "troupe_search_indexed_revision",
                      "Revision up to which the text index holds every write")),
        vectors_at(gauge(r, "troupe_search_vector_revision",
                         "Revision up to which every value has its vector or the outcome that it has none")),
        pending(gauge(r, "troupe_embedding_pending", "Values that wait for their vector, cluster-wide")),
        documents(gauge(r, "troupe_search_documents", "Values in the text index")),
        terms(gauge(r, "troupe_search_terms", "Different terms in the text index")),
        text_bytes(gauge(r, "troupe_search_text_bytes", "Memory of the text index")),
        vectors(gauge(r, "troupe_search_vectors", "Vectors in the vector index")),
        vector_bytes(gauge(r, "troupe_search_vector_bytes", "Memory of the vector index")),
        searches(prometheus::BuildHistogram()
                     .Name("troupe_search_seconds")
                     .Help("Time that searches took, without waiting for the index or the query's vector")
                     .Register(r)),
        text(searches.Add({{"mode", "text"}}, search_seconds)),
        semantic(searches.Add({{"mode", "semantic"}}, search_seconds)),
        hybrid(searches.Add({{"mode", "hybrid"}}, search_seconds)),
        attempts(prometheus::BuildCounter()
                     .Name("troupe_embedding_values_total")
                     .Help("Values that this node's embedder proposed vectors or failures for")
                     .Register(r)),
        embedded(attempts.Add({{"outcome", "embedded"}})), failed(attempts.Add({{"outcome", "failed"}})),
        seconds(prometheus::BuildCounter()
                    .Name("troupe_embedding_seconds_total")
                    .Help("Time that embedding took")
                    .Register(r)
                    .Add({})) {}

  prometheus::Gauge& ready;
  prometheus::Gauge& indexed;
  prometheus::Gauge& vectors_at;
  prometheus::Gauge& pending;
  prometheus::Gauge& documents;
  prometheus::Gauge& terms;
  prometheus::Gauge& text_bytes;
  prometheus::Gauge& vectors;
  prometheus::Gauge& vector_bytes;
  prometheus::Family<Histogram>& searches;
  Histogram& text;
  Histogram& semantic;
  Histogram& hybrid;
  prometheus::Family<prometheus::Counter>& attempts;
  prometheus::Counter& embedded;
  prometheus::Counter& failed;
  prometheus::Counter& seconds;
};

search_metrics::search_metrics(prometheus::Registry& registry)
    : families_(std::make_unique<families>(registry)) {}
search_metrics::~search_metrics() = default;

void search_metrics::show(const search_status& s, const search::engine::sizes& sizes) {
  auto& f = *families_;
  auto set = [](prometheus::Gauge& to, std::uint64_t value) { to.Set(static_cast<double>(value)); };
  set(f.ready, s.ready);
  set(f.indexed, s.indexed_revision.value);
  set(f.vectors_at, s.vector_revision.value);
  set(f.pending, s.pending);
  set(f.documents, sizes.documents);
  set(f.terms, sizes.terms);
  set(f.text_bytes, sizes.text_bytes);
  set(f.vectors, sizes.vectors);
  set(f.vector_bytes, sizes.vector_bytes);
}

void search_metrics::observe(search_mode mode, double seconds) {
  auto& f = *families_;
  auto& of = mode == search_mode::text ? f.text : mode == search_mode::semantic ? f.semantic : f.hybrid;
  of.Observe(seconds);
}

void search_metrics::embedded(std::uint64_t embedded, std::uint64_t failed, double seconds) {
  auto& f = *families_;
  f.embedded.Increment(static_cast<double>(embedded));
  f.failed.Increment(static_cast<double>(failed));
  f.seconds.Increment(seconds);
}

} // namespace troupe
