#pragma once

// The graph of the HNSW paper over a growing array of vectors: hnswlib links them (Algorithms 1, 3 and 4),
// the search (Algorithms 2 and 5) is ours, because it has to pass over what is dead or filtered out without
// ending early.

#include "base/result.hpp"
#include "search/vector_index.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

namespace troupe::search {

class block_reader;
class block_writer;

/// Vectors have ids from 0 in the order of add() and are never removed. Not thread-safe; const member
/// functions may run at once on several threads. Memory that cannot be had ends the process, as everywhere.
class vector_graph {
public:
  struct neighbour {
    float distance = 0;
    std::uint32_t id = 0;

    friend bool operator<(const neighbour& a, const neighbour& b) {
      return a.distance != b.distance ? a.distance < b.distance : a.id < b.id;
    }
  };
  /// Which vectors may be found; without a function all.
  struct admission {
    bool (*admits)(const void* context, std::uint32_t id) = nullptr;
    const void* context = nullptr;
  };
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint32_t size_max = none / 2;

  /// Precondition: check(settings) succeeds.
  explicit vector_graph(const vector_settings& settings);
  vector_graph(vector_graph&&) noexcept;
  vector_graph& operator=(vector_graph&&) noexcept;
  ~vector_graph();

  /// `v` has settings.dimension floats, all finite and small enough that no distance overflows. Takes time
  /// like that of a search with build_breadth, and now and then that of moving the array. Precondition:
  /// size() < size_max.
  std::uint32_t add(const float* v);
  std::uint32_t size() const;
  const float* vector(std::uint32_t id) const;

  /// Up to `breadth` admitted vectors near to `query`, nearest first, into `found` (cleared first). Gives up,
  /// and returns false, after comparing about `work_max` vectors.
  bool search(const float* query, std::size_t breadth, const admission& who, std::size_t work_max,
              std::vector<neighbour>& found) const;

  std::uint64_t memory_bytes() const;

  void write(block_writer& out) const;
  /// Whatever the bytes say, what comes back can be searched and added to. errc::corrupt.
  static result<vector_graph> read(block_reader& in, const vector_settings& settings);

private:
  struct impl;
  explicit vector_graph(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::search
