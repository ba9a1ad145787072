#include "search/vector_index_impl.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

/// Best first.
class better {
public:
  explicit better(vector_ties ties) : ties_(ties) {}

  bool operator()(const vector_hit& a, const vector_hit& b) const {
    if (a.score != b.score) return a.score > b.score;
    if (ties_.key_of == nullptr || a.doc == b.doc) return a.doc < b.doc;
    return ties_.key_of(ties_.keys, a.doc) < ties_.key_of(ties_.keys, b.doc);
  }

private:
  vector_ties ties_;
};

/// One hit a document, its best passage; then the k best.
void keep_best(std::vector<vector_hit>& hits, std::size_t k, vector_ties ties) {
  std::sort(hits.begin(), hits.end(), [](const vector_hit& a, const vector_hit& b) {
    if (a.doc != b.doc) return a.doc < b.doc;
    return a.score != b.score ? a.score > b.score : a.passage < b.passage;
  });
  auto same = [](const vector_hit& a, const vector_hit& b) { return a.doc == b.doc; };
  hits.erase(std::unique(hits.begin(), hits.end(), same), hits.end());
  auto kept = std::min(k, hits.size());
  std::partial_sort(hits.begin(), hits.begin() + static_cast<std::ptrdiff_t>(kept), hits.end(), better{ties});
  hits.resize(kept);
}

} // namespace

double vector_index::impl::score(float d) const {
  if (settings.distance == metric::l2) return 1 / (1 + static_cast<double>(d));
  auto product = -static_cast<double>(d);
  return settings.distance == metric::cosine ? std::clamp(product, -1.0, 1.0) : product;
}

/// Precondition: the document has such a passage.
vector_hit vector_index::impl::nearest_passage(const float* query, doc_id d, bool waiting_only) const {
  vector_hit best{d, 0, vector_graph::none};
  auto compare = [&](std::uint32_t passage, const float* v) {
    auto s = score(distance(query, v, &floats));
    if (best.passage == vector_graph::none || s > best.score || (s == best.score && passage < best.passage))
      best = {d, s, passage};
  };
  if (!waiting_only) {
    each_vector(d, compare);
    return best;
  }
  auto& state = docs[d];
  auto from = waiting_of(state).vectors.data();
  for (auto passage = state.linked; passage < state.passages; ++passage)
    compare(passage, from + passage * floats);
  return best;
}

std::vector<vector_hit> vector_index::impl::scan(const float* query, std::size_t k, const doc_set& among,
                                                 vector_ties ties) const {
  std::vector<vector_hit> hits; // a heap, the worst on top
  hits.reserve(k + 1);
  better before{ties};
  among.each([&](doc_id d) {
    auto hit = nearest_passage(query, d, false);
    if (hits.size() == k && !before(hit, hits.front())) return;
    hits.push_back(hit);
    std::push_heap(hits.begin(), hits.end(), before);
    if (hits.size() <= k) return;
    std::pop_heap(hits.begin(), hits.end(), before);
    hits.pop_back();
  });
  std::sort_heap(hits.begin(), hits.end(), before);
  return hits;
}

/// By the graph, widening the search until k documents are found; false when comparing all of `among` is
/// cheaper.
bool vector_index::impl::walk(const float* query, std::size_t k, const doc_set& among, vector_ties ties,
                              std::vector<vector_hit>& hits) const {
  // Documents have as many vectors as the average one; that is good enough to choose a way by.
  auto per_doc = vectors_per_doc();
  auto candidates = static_cast<double>(among.size()) * per_doc;
  auto share = std::min(1.0, candidates / static_cast<double>(slots.size() + waiting));
  struct context {
    const doc_set& among;
    const std::vector<slot>& slots;
  } who{among, slots};
  auto admits = [](const void* c, std::uint32_t id) {
    auto& of = *static_cast<const context*>(c);
    return of.among.contains(of.slots[id].doc);
  };
  auto everyone = dead == 0 && among.size() == known_docs;
  std::vector<vector_hit> fresh;
  for (auto& entry : queue)
    if (among.contains(entry.doc)) fresh.push_back(nearest_passage(query, entry.doc, true));
  std::vector<vector_graph::neighbour> found;
  auto wanted = static_cast<std::size_t>(static_cast<double>(k) * per_doc);
  for (auto breadth = std::max<std::size_t>(settings.search_breadth, wanted);; breadth *= 2) {
    // About so many vectors are compared until `breadth` admitted ones are found.
    if (static_cast<double>(breadth) * settings.links / share > candidates) return false;
    vector_graph::admission admission;
    if (!everyone) admission = {admits, &who};
    if (!graph.search(query, breadth, admission, static_cast<std::size_t>(candidates), found)) return false;
    hits = fresh;
    for (auto& each : found)
      hits.push_back({slots[each.id].doc, score(each.distance), slots[each.id].passage});
    keep_best(hits, k, ties);
    if (hits.size() == k) return true;
  }
}

result<std::vector<vector_hit>> vector_index::search(std::span<const float> query, std::size_t k,
                                                     const doc_set* within, vector_ties ties) const {
  auto q = impl_->prepared(query, 1);
  if (!q) return q.error();
  auto narrowed = within == nullptr ? doc_set{} : impl_->shown;
  if (within != nullptr) narrowed.intersect(*within);
  auto& among = within == nullptr ? impl_->shown : narrowed;
  k = std::min(k, among.size());
  std::vector<vector_hit> hits;
  if (k == 0) return hits;
  auto few = static_cast<double>(among.size()) * impl_->vectors_per_doc() <=
             static_cast<double>(impl_->settings.scan_below);
  if (few || !impl_->walk(q->data(), k, among, ties, hits)) return impl_->scan(q->data(), k, among, ties);
  return hits;
}

result<std::vector<vector_hit>> vector_index::search_exactly(std::span<const float> query, std::size_t k,
                                                             const doc_set* within, vector_ties ties) const {
  auto q = impl_->prepared(query, 1);
  if (!q) return q.error();
  auto among = impl_->shown;
  if (within != nullptr) among.intersect(*within);
  k = std::min(k, among.size());
  if (k == 0) return std::vector<vector_hit>{};
  return impl_->scan(q->data(), k, among, ties);
}

} // namespace troupe::search
