#pragma once

// Reads that the storage actor cannot answer yet: their index has not been applied, or the revision they name
// does not exist.

#include "messages/storage.hpp"

#include <map>
#include <vector>

namespace troupe {

/// Bounded by what the gateways let in flight; the deadlines empty it. One owner.
class waiting_reads {
public:
  void until_index(index_t index, routed_query q) { by_index_.emplace(index, std::move(q)); }
  void until_revision(revision_t revision, routed_query q) { by_revision_.emplace(revision, std::move(q)); }

  /// Takes out what a state at this index and revision can answer.
  std::vector<routed_query> ready(index_t applied, revision_t revision) {
    std::vector<routed_query> out;
    take(by_index_, by_index_.upper_bound(applied), out);
    take(by_revision_, by_revision_.upper_bound(revision), out);
    return out;
  }

  /// Takes out what has waited too long.
  std::vector<routed_query> overdue(std::int64_t now_ms) {
    std::vector<routed_query> out;
    expire(by_index_, now_ms, out);
    expire(by_revision_, now_ms, out);
    return out;
  }

private:
  template <class Map>
  static void take(Map& from, typename Map::iterator end, std::vector<routed_query>& out) {
    for (auto i = from.begin(); i != end; ++i)
      out.push_back(std::move(i->second));
    from.erase(from.begin(), end);
  }
  template <class Map>
  static void expire(Map& from, std::int64_t now_ms, std::vector<routed_query>& out) {
    for (auto i = from.begin(); i != from.end();) {
      if (i->second.deadline_ms <= now_ms) {
        out.push_back(std::move(i->second));
        i = from.erase(i);
      } else {
        ++i;
      }
    }
  }

  std::multimap<index_t, routed_query> by_index_;
  std::multimap<revision_t, routed_query> by_revision_;
};

} // namespace troupe
