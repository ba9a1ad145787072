#pragma once

// hnswlib as its authors ship it, for comparison: their distances, their search, no filter, no deletes.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

class bare_hnswlib {
public:
  bare_hnswlib(std::size_t dimension, std::size_t capacity, std::size_t links, std::size_t build_breadth);
  ~bare_hnswlib();

  /// `v` has length 1.
  void add(const float* v, std::size_t label);
  /// Labels of the k nearest by inner product, in no order.
  void search(const float* query, std::size_t k, std::size_t breadth, std::vector<std::size_t>& labels);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};
