#pragma once

// Nearest vectors by HNSW (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
// Hierarchical Navigable Small World graphs", 2016/2018) with hnswlib, behind an interface that also filters,
// replaces, reclaims and scans exactly where that is better.

#include "base/file.hpp"
#include "base/result.hpp"
#include "search/doc_set.hpp"
#include "search/document.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace troupe::search {

/// The numbers are those of command's vector_metric.
enum class metric : std::uint8_t { cosine = 0, inner_product = 1, l2 = 2 };

struct vector_settings {
  std::uint32_t dimension = 0; ///< 1 to 4096
  metric distance = metric::cosine;
  std::uint32_t links = 16;           ///< M of the paper
  std::uint32_t build_breadth = 200;  ///< efConstruction
  std::uint32_t search_breadth = 64;  ///< ef, raised to the number of hits asked for
  std::size_t scan_below = 2'000;     ///< so few candidates (after filtering) are compared one by one, exactly
  double rebuild_at = 0.5;            ///< share of tombstones in the graph at which it is built anew
  std::uint64_t seed = 1;             ///< of the graph's levels
};

struct vector_hit {
  doc_id doc = 0;
  double score = 0;           ///< larger is nearer: cosine, inner product, or 1 / (1 + squared distance)
  std::uint32_t passage = 0;  ///< which of the document's vectors was nearest
};

/// Not thread-safe; const member functions may run at once on several threads.
class vector_index {
public:
  explicit vector_index(const vector_settings& settings);
  vector_index(vector_index&&) noexcept;
  vector_index& operator=(vector_index&&) noexcept;
  ~vector_index();

  /// Inserts or replaces the vectors of a document: `vectors` holds a whole number of them, one after the other. At
  /// once findable: what is not linked into the graph yet is compared one by one.
  /// errc::invalid_argument: a wrong number of floats, one that is not finite, or (cosine) a vector of length 0.
  result<void> put(doc_id d, std::span<const float> vectors);
  void erase(doc_id d);
  /// Links up to `count` waiting vectors into the graph, or does that much of a rebuild; returns whether more waits.
  bool link_some(std::size_t count);
  std::size_t waiting() const;

  /// The k best documents by their best passage, best first, ties by doc_id. With `within`, only those, and never fewer
  /// than k while k exist. errc::invalid_argument as for put().
  result<std::vector<vector_hit>> search(std::span<const float> query, std::size_t k, const doc_set* within = nullptr) const;
  /// The same by comparing every vector.
  result<std::vector<vector_hit>> search_exactly(std::span<const float> query, std::size_t k, const doc_set* within = nullptr) const;

  bool contains(doc_id d) const;
  std::uint64_t documents() const;
  std::uint64_t vectors() const;
  std::uint64_t memory_bytes() const;
  const vector_settings& settings() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::search
