#pragma once

// Searches that wait until the index is as fresh as they ask.

#include "messages/indexer.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe {

/// How far a node's index is.
struct index_progress {
  bool ready = false; ///< false: still built anew; nothing is answered
  index_t applied;
  revision_t indexed;
  revision_t vectors;
};

/// Bounded by count; the deadlines empty it. One owner.
class search_desk {
public:
  static constexpr std::size_t waiting_max = 4'096;

  bool full() const { return waiting_.size() >= waiting_max; }
  std::size_t size() const { return waiting_.size(); }

  /// Precondition: not full().
  void wait(index_t index, routed_search s) { waiting_.push_back({index, std::move(s), std::nullopt}); }

  /// Takes out what an index this far can answer, in the order of arrival.
  std::vector<routed_search> ready(const index_progress& now);
  /// Takes out what has waited too long.
  std::vector<routed_search> overdue(std::int64_t now_ms);
  /// Somebody waits for vectors.
  bool wants_vectors() const;

private:
  struct waiting {
    index_t index;
    routed_search search;
    /// Set when the text was fresh enough: the vectors have to come as far as the text was then, not farther,
    /// or a steady stream of writes would keep the search waiting.
    std::optional<revision_t> vectors_wanted;
  };

  static bool fresh(waiting& w, const index_progress& now);

  std::vector<waiting> waiting_;
};

/// What a search is told whose time ran out.
search_result not_yet(const index_progress& now);

} // namespace troupe
