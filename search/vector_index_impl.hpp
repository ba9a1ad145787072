#pragma once

// The rooms of vector_index; only its .cpp files see them.

#include "search/embedder.hpp"
#include "search/vector_distance.hpp"
#include "search/vector_graph.hpp"
#include "search/vector_index.hpp"

#include <deque>
#include <optional>

namespace troupe::search {

inline constexpr std::uint32_t no_doc = std::numeric_limits<std::uint32_t>::max();

struct vector_index::impl {
  explicit impl(const vector_settings& s)
      : settings(s), distance(distance_for(s.distance, widest_simd())), floats(s.dimension), graph(s) {}

  /// Who a vector of the graph belongs to.
  struct slot {
    doc_id doc = no_doc; ///< no_doc: a tombstone
    std::uint32_t passage = 0;
    std::uint32_t next = vector_graph::none; ///< another slot of the same document
  };
  /// The vectors of one document that are not in the graph yet: those from docs[doc].linked on.
  struct waiting_doc {
    doc_id doc = no_doc;        ///< no_doc: erased or replaced meanwhile
    std::vector<float> vectors; ///< all of them
  };
  struct doc_state {
    std::uint32_t passages = 0;               ///< 0: no such document
    std::uint32_t linked = 0;                 ///< the first so many are in the graph
    std::uint32_t first = vector_graph::none; ///< slot of one that is
    std::uint64_t number = 0;                 ///< of its waiting_doc, when linked < passages
  };
  /// The graph that will take the old one's place, and how far the copying has come.
  struct rebuild {
    vector_graph graph;
    std::vector<slot> slots;
    std::vector<std::uint32_t> moved; ///< by old slot: the new one, or none
    std::size_t dead = 0;
  };

  // vector_index.cpp
  result<std::vector<float>> prepared(std::span<const float> vectors, std::size_t vectors_max) const;
  bool known(doc_id d) const { return d < docs.size() && docs[d].passages != 0; }
  const waiting_doc& waiting_of(const doc_state& state) const { return queue[state.number - queue_begin]; }
  void link_one();
  void rebuild_one();
  void finish_rebuild();
  bool rebuild_due() const;
  void forget_queue_front();

  // vector_index_search.cpp
  /// Precondition: not all documents are hidden.
  double vectors_per_doc() const {
    return static_cast<double>(shown_vectors) / static_cast<double>(shown.size());
  }
  double score(float d) const;
  template <class Use>
  void each_vector(doc_id d, Use use) const;
  vector_hit nearest_passage(const float* query, doc_id d, bool waiting_only) const;
  std::vector<vector_hit> scan(const float* query, std::size_t k, const doc_set& among,
                               vector_ties ties) const;
  bool walk(const float* query, std::size_t k, const doc_set& among, vector_ties ties,
            std::vector<vector_hit>& hits) const;

  // vector_index_file.cpp
  void read_documents(block_reader& in, std::span<const doc_id> renamed, std::vector<doc_id>& ids);
  void read_slots(block_reader& in, std::span<const doc_id> ids);
  void read_waiting(block_reader& in, std::span<const doc_id> ids);

  vector_settings settings;
  distance_function distance;
  std::size_t floats; ///< of one vector, in the shape that `distance` wants
  vector_graph graph;
  std::vector<slot> slots; ///< by id in the graph
  std::size_t dead = 0;    ///< tombstones among them
  std::optional<rebuild> next;
  std::uint32_t turn = 0; ///< shares work between linking and rebuilding
  std::vector<doc_state> docs;
  std::size_t known_docs = 0;
  doc_set shown; ///< documents that are not hidden
  std::uint64_t shown_vectors = 0;
  std::deque<waiting_doc> queue;
  std::uint64_t queue_begin = 0; ///< number of the first
  std::size_t waiting = 0;       ///< vectors in the queue
  std::uint64_t waiting_bytes = 0;
};

template <class Use>
void vector_index::impl::each_vector(doc_id d, Use use) const {
  auto& state = docs[d];
  for (auto at = state.first; at != vector_graph::none; at = slots[at].next)
    use(slots[at].passage, graph.vector(at));
  if (state.linked == state.passages) return;
  auto from = waiting_of(state).vectors.data();
  for (auto passage = state.linked; passage < state.passages; ++passage)
    use(passage, from + passage * floats);
}

} // namespace troupe::search
