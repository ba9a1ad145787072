#pragma once

// Nearest vectors by HNSW (Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search
// using Hierarchical Navigable Small World graphs", 2016/2018) with hnswlib, behind an interface that also
// filters, replaces, reclaims and scans exactly where that is better.

#include "base/file.hpp"
#include "base/result.hpp"
#include "search/doc_set.hpp"
#include "search/document.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

class block_reader;
class block_writer;

/// The numbers are those of command's vector_metric.
enum class metric : std::uint8_t { cosine = 0, inner_product = 1, l2 = 2 };

struct vector_settings {
  std::uint32_t dimension = 0; ///< 1 to vector_dimension_max
  metric distance = metric::cosine;
  std::uint32_t links = 16;          ///< M of the paper; 2 to 256
  std::uint32_t build_breadth = 200; ///< efConstruction; 1 to 10,000
  std::uint32_t search_breadth = 64; ///< ef, raised to the number of hits asked for; 1 to 10,000
  std::size_t scan_below = 2'000;    ///< so few candidates (after filtering) are compared one by one, exactly
  double rebuild_at = 0.5; ///< share of tombstones in the graph at which it is built anew; above 0, to 1
  std::uint64_t seed = 1;  ///< of the graph's levels
};

inline constexpr std::uint32_t vector_dimension_max = 4'096;
/// Floats of vectors that are compared as they are (inner product, L2) are at most so large either way: then
/// no distance overflows.
inline constexpr float vector_float_max = 1e16f;

/// errc::invalid_argument, with a sentence that names the setting.
result<void> check(const vector_settings& settings);
/// Whether one vector, as it is stored (cosine: of length 1), can be compared with others.
bool admissible(std::span<const float> v, const vector_settings& settings);

struct vector_hit {
  doc_id doc = 0;
  double score = 0;          ///< larger is nearer: cosine, inner product, or 1 / (1 + squared distance)
  std::uint32_t passage = 0; ///< which of the document's vectors was nearest
};

/// Orders documents of equal score by their keys; without a function by doc_id.
struct vector_ties {
  std::string_view (*key_of)(const void* keys, doc_id d) = nullptr;
  const void* keys = nullptr;
};

/// Not thread-safe; const member functions may run at once on several threads.
class vector_index {
public:
  /// Precondition: check(settings) succeeds.
  explicit vector_index(const vector_settings& settings);
  vector_index(vector_index&&) noexcept;
  vector_index& operator=(vector_index&&) noexcept;
  ~vector_index();

  /// Inserts or replaces the vectors of a document: `vectors` holds a whole number of them, one after the
  /// other, at most passages_max. At once findable: what is not linked into the graph yet is compared one by
  /// one. errc::invalid_argument: a wrong number of floats, one that is not finite or above vector_float_max,
  /// or (cosine) a vector of length 0; nothing is changed then.
  result<void> put(doc_id d, std::span<const float> vectors);
  void erase(doc_id d);
  /// Links up to `count` waiting vectors into the graph, or does that much of a rebuild; returns whether more
  /// waits.
  bool link_some(std::size_t count);
  /// Vectors that are not in the graph yet.
  std::size_t waiting() const;

  /// The k best documents by their best passage, best first. With `within`, only those, and never fewer than
  /// k while k exist. errc::invalid_argument as for put().
  result<std::vector<vector_hit>> search(std::span<const float> query, std::size_t k,
                                         const doc_set* within = nullptr, vector_ties ties = {}) const;
  /// The same by comparing every vector.
  result<std::vector<vector_hit>> search_exactly(std::span<const float> query, std::size_t k,
                                                 const doc_set* within = nullptr,
                                                 vector_ties ties = {}) const;

  /// A hidden document keeps its place and its vectors, and is in no answer and no count.
  void hide(doc_id d);
  void show(doc_id d);
  /// Whether the document, hidden or not, has just these vectors (cosine: up to their lengths).
  bool holds(doc_id d, std::span<const float> vectors) const;
  /// The vectors as they are stored (cosine: of length 1), of a hidden document too; empty when there are
  /// none.
  std::vector<float> vectors_of(doc_id d) const;

  bool contains(doc_id d) const;
  /// The documents that contains() is true of.
  const doc_set& contained() const;
  std::uint64_t documents() const;
  std::uint64_t vectors() const;
  std::uint64_t memory_bytes() const;
  const vector_settings& settings() const;

  /// Writes graph, vectors and documents (hidden ones as well) to a file: aside, synced, renamed.
  result<void> save(file_system& disk, const std::string& path) const;
  /// errc::not_found; errc::corrupt: these bytes were not saved so; errc::foreign: saved with another
  /// dimension, metric, links or build_breadth. All documents are shown.
  static result<vector_index> load(file_system& disk, const std::string& path,
                                   const vector_settings& settings);

  /// save() and load() as part of a larger file. `renamed` gives a document's new id by its position in the
  /// ascending order of the saved ids; empty: ids stay. errc::corrupt unless it has one distinct id for each.
  void write(block_writer& out) const;
  static result<vector_index> read(block_reader& in, const vector_settings& settings,
                                   std::span<const doc_id> renamed = {});

private:
  struct impl;
  explicit vector_index(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::search
