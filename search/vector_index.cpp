#include "search/vector_index.hpp"

#include "base/assert.hpp"
#include "search/vector_index_impl.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace troupe::search {

namespace {

/// Tombstones that one step of a rebuild passes over, so that a step stays short.
constexpr int skipped_max = 64;

/// Of every so many steps during a rebuild one links a waiting vector, the others copy: copying has to win.
constexpr std::uint32_t rebuild_turns = 3;

double squared_length(std::span<const float> v) {
  double sum = 0;
  for (double x : v)
    sum += x * x;
  return sum;
}

error refused(std::string detail) {
  return error{errc::invalid_argument, std::move(detail)};
}

} // namespace

result<void> check(const vector_settings& s) {
  if (s.dimension < 1 || s.dimension > vector_dimension_max) return refused("dimension: 1 to 4096");
  if (s.distance != metric::cosine && s.distance != metric::inner_product && s.distance != metric::l2)
    return refused("distance: no such metric");
  if (s.links < 2 || s.links > 256) return refused("links: 2 to 256");
  if (s.build_breadth < 1 || s.build_breadth > 10'000) return refused("build_breadth: 1 to 10000");
  if (s.search_breadth < 1 || s.search_breadth > 10'000) return refused("search_breadth: 1 to 10000");
  if (!(s.rebuild_at > 0 && s.rebuild_at <= 1)) return refused("rebuild_at: above 0, to 1");
  return {};
}

bool admissible(std::span<const float> v, const vector_settings& settings) {
  if (settings.distance == metric::cosine) return std::abs(squared_length(v) - 1) < 1e-3;
  // Not a number compares false.
  return std::all_of(v.begin(), v.end(), [](float x) { return std::abs(x) <= vector_float_max; });
}

/// Checked copies of one or more vectors, as they are compared.
result<std::vector<float>> vector_index::impl::prepared(std::span<const float> vectors,
                                                        std::size_t vectors_max) const {
  if (vectors.empty() || vectors.size() % floats != 0)
    return refused(std::to_string(vectors.size()) + " numbers are no vectors of dimension " +
                   std::to_string(floats));
  if (vectors.size() / floats > vectors_max)
    return refused("more than " + std::to_string(vectors_max) + " vectors at once");
  std::vector<float> copies(vectors.begin(), vectors.end());
  for (std::size_t at = 0; at < copies.size(); at += floats) {
    std::span<float> v{copies.data() + at, floats};
    if (!std::all_of(v.begin(), v.end(), [](float x) { return std::isfinite(x); }))
      return refused("a number of the vector is not finite");
    if (settings.distance == metric::cosine) {
      auto length = std::sqrt(squared_length(v));
      if (length == 0) return refused("a vector of length 0 has no direction");
      for (auto& x : v)
        x = static_cast<float>(x / length);
    }
    if (!admissible(v, settings)) return refused("a number of the vector is larger than 1e16");
  }
  return copies;
}

vector_index::vector_index(const vector_settings& settings) {
  TROUPE_ASSERT(check(settings).has_value(), "settings are checked where they come from");
  impl_ = std::make_unique<impl>(settings);
}
vector_index::vector_index(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
vector_index::vector_index(vector_index&&) noexcept = default;
vector_index& vector_index::operator=(vector_index&&) noexcept = default;
vector_index::~vector_index() = default;

result<void> vector_index::put(doc_id d, std::span<const float> vectors) {
  auto copies = impl_->prepared(vectors, passages_max);
  if (!copies) return copies.error();
  erase(d);
  auto& i = *impl_;
  if (i.docs.size() <= d) i.docs.resize(std::max<std::size_t>(d + std::size_t{1}, i.docs.size() * 2));
  auto passages = static_cast<std::uint32_t>(copies->size() / i.floats);
  ++i.known_docs;
  i.docs[d] = {passages, 0, vector_graph::none, i.queue_begin + i.queue.size()};
  i.waiting += passages;
  i.waiting_bytes += copies->capacity() * sizeof(float);
  i.queue.push_back({d, std::move(*copies)});
  i.shown.insert(d);
  i.shown_vectors += passages;
  return {};
}

void vector_index::erase(doc_id d) {
  auto& i = *impl_;
  if (!i.known(d)) return;
  hide(d);
  --i.known_docs;
  auto state = std::exchange(i.docs[d], {});
  for (auto at = state.first; at != vector_graph::none; at = i.slots[at].next) {
    i.slots[at].doc = no_doc;
    ++i.dead;
    auto copy = i.next && at < i.next->moved.size() ? i.next->moved[at] : vector_graph::none;
    if (copy == vector_graph::none) continue;
    i.next->slots[copy].doc = no_doc;
    ++i.next->dead;
  }
  if (state.linked == state.passages) return;
  auto& entry = i.queue[state.number - i.queue_begin];
  i.waiting -= state.passages - state.linked;
  i.waiting_bytes -= entry.vectors.capacity() * sizeof(float);
  entry = {};
  i.forget_queue_front();
}

void vector_index::impl::forget_queue_front() {
  for (; !queue.empty() && queue.front().doc == no_doc; ++queue_begin)
    queue.pop_front();
}

/// Precondition: one waits. The front of the queue is never an erased one.
void vector_index::impl::link_one() {
  auto& entry = queue.front();
  auto& state = docs[entry.doc];
  auto at = graph.add(entry.vectors.data() + state.linked * floats);
  slots.push_back({entry.doc, state.linked, state.first});
  state.first = at;
  ++state.linked;
  --waiting;
  if (state.linked != state.passages) return;
  waiting_bytes -= entry.vectors.capacity() * sizeof(float);
  entry.doc = no_doc;
  forget_queue_front();
}

bool vector_index::impl::rebuild_due() const {
  return dead != 0 && static_cast<double>(dead) >= settings.rebuild_at * static_cast<double>(slots.size());
}

/// Copies the next living vector into the new graph; puts that in place when there is none.
void vector_index::impl::rebuild_one() {
  if (!next) next.emplace(rebuild{vector_graph{settings}, {}, {}, 0});
  for (int skipped = 0; skipped < skipped_max; ++skipped) {
    if (next->moved.size() == slots.size()) return finish_rebuild();
    auto old = static_cast<std::uint32_t>(next->moved.size());
    next->moved.push_back(vector_graph::none);
    if (slots[old].doc == no_doc) continue;
    next->moved.back() = next->graph.add(graph.vector(old));
    next->slots.push_back({slots[old].doc, slots[old].passage, vector_graph::none});
    return;
  }
}

void vector_index::impl::finish_rebuild() {
  graph = std::move(next->graph);
  slots = std::move(next->slots);
  dead = next->dead;
  next.reset();
  for (auto& state : docs)
    state.first = vector_graph::none;
  for (std::uint32_t at = 0; at < slots.size(); ++at)
    if (slots[at].doc != no_doc) slots[at].next = std::exchange(docs[slots[at].doc].first, at);
}

bool vector_index::link_some(std::size_t count) {
  auto& i = *impl_;
  for (; count != 0; --count) {
    auto rebuilding = i.next.has_value() || i.rebuild_due();
    if (rebuilding && (i.waiting == 0 || ++i.turn % rebuild_turns != 0))
      i.rebuild_one();
    else if (i.waiting != 0)
      i.link_one();
    else
      break;
  }
  return i.waiting != 0 || i.next.has_value() || i.rebuild_due();
}

std::size_t vector_index::waiting() const {
  return impl_->waiting;
}

void vector_index::hide(doc_id d) {
  if (!contains(d)) return;
  impl_->shown.erase(d);
  impl_->shown_vectors -= impl_->docs[d].passages;
}

void vector_index::show(doc_id d) {
  if (!impl_->known(d) || contains(d)) return;
  impl_->shown.insert(d);
  impl_->shown_vectors += impl_->docs[d].passages;
}

bool vector_index::holds(doc_id d, std::span<const float> vectors) const {
  if (!impl_->known(d) || vectors.size() != impl_->docs[d].passages * impl_->floats) return false;
  auto copies = impl_->prepared(vectors, passages_max);
  if (!copies) return false;
  auto same = true;
  auto bytes = impl_->floats * sizeof(float);
  impl_->each_vector(d, [&](std::uint32_t passage, const float* v) {
    same = same && std::memcmp(copies->data() + passage * impl_->floats, v, bytes) == 0;
  });
  return same;
}

std::vector<float> vector_index::vectors_of(doc_id d) const {
  std::vector<float> all;
  if (!impl_->known(d)) return all;
  all.resize(impl_->docs[d].passages * impl_->floats);
  impl_->each_vector(d, [&](std::uint32_t passage, const float* v) {
    std::copy(v, v + impl_->floats, all.data() + passage * impl_->floats);
  });
  return all;
}

bool vector_index::contains(doc_id d) const {
  return impl_->shown.contains(d);
}

const doc_set& vector_index::contained() const {
  return impl_->shown;
}

std::uint64_t vector_index::documents() const {
  return impl_->shown.size();
}

std::uint64_t vector_index::vectors() const {
  return impl_->shown_vectors;
}

std::uint64_t vector_index::memory_bytes() const {
  auto& i = *impl_;
  auto bytes = i.graph.memory_bytes() + i.slots.capacity() * sizeof(impl::slot) +
               i.docs.capacity() * sizeof(impl::doc_state) + i.shown.memory_bytes() + i.waiting_bytes +
               i.queue.size() * sizeof(impl::waiting_doc);
  if (i.next)
    bytes += i.next->graph.memory_bytes() + i.next->slots.capacity() * sizeof(impl::slot) +
             i.next->moved.capacity() * sizeof(std::uint32_t);
  return bytes;
}

const vector_settings& vector_index::settings() const {
  return impl_->settings;
}

} // namespace troupe::search
