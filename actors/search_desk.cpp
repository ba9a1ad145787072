#include "actors/search_desk.hpp"

#include <algorithm>

namespace troupe {

bool search_desk::fresh(waiting& w, const index_progress& now) {
  if (!now.ready || now.applied < w.index || now.indexed < w.search.what.min_revision) return false;
  if (!w.search.what.wait_vectors) return true;
  if (!w.vectors_wanted) w.vectors_wanted = now.indexed;
  return now.vectors >= *w.vectors_wanted;
}

std::vector<routed_search> search_desk::ready(const index_progress& now) {
  std::vector<routed_search> out;
  std::erase_if(waiting_, [&](waiting& w) {
    bool is_fresh = fresh(w, now);
    if (is_fresh) out.push_back(std::move(w.search));
    return is_fresh;
  });
  return out;
}

std::vector<routed_search> search_desk::overdue(std::int64_t now_ms) {
  std::vector<routed_search> out;
  std::erase_if(waiting_, [&](waiting& w) {
    bool over = w.search.deadline_ms <= now_ms;
    if (over) out.push_back(std::move(w.search));
    return over;
  });
  return out;
}

bool search_desk::wants_vectors() const {
  return std::any_of(waiting_.begin(), waiting_.end(), [](auto& w) { return w.search.what.wait_vectors; });
}

search_result not_yet(const index_progress& now) {
  auto out = failed_search(search_outcome::not_yet, now.ready ? "the index was not as fresh as asked in time"
                                                              : "this node's index is still being built");
  out.indexed_revision = now.indexed;
  out.vector_revision = now.vectors;
  return out;
}

} // namespace troupe
