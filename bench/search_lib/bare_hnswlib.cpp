#include "bare_hnswlib.hpp"

// Under another name: the search library has hnswlib's code as well, built for any processor.
#define hnswlib bare_hnswlib_code
#include <hnswlib/hnswlib.h>

struct bare_hnswlib::impl {
  impl(std::size_t dimension, std::size_t capacity, std::size_t links, std::size_t build_breadth)
      : space(dimension), graph(&space, capacity, links, build_breadth, 1) {}

  bare_hnswlib_code::InnerProductSpace space;
  bare_hnswlib_code::HierarchicalNSW<float> graph;
};

bare_hnswlib::bare_hnswlib(std::size_t dimension, std::size_t capacity, std::size_t links,
                           std::size_t build_breadth)
    : impl_(std::make_unique<impl>(dimension, capacity, links, build_breadth)) {}
bare_hnswlib::~bare_hnswlib() = default;

void bare_hnswlib::add(const float* v, std::size_t label) {
  impl_->graph.addPoint(v, label);
}

void bare_hnswlib::search(const float* query, std::size_t k, std::size_t breadth,
                          std::vector<std::size_t>& labels) {
  impl_->graph.setEf(breadth);
  auto found = impl_->graph.searchKnn(query, k);
  labels.clear();
  for (; !found.empty(); found.pop())
    labels.push_back(found.top().second);
}
