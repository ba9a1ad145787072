#include "search/vector_graph.hpp"

#include "base/assert.hpp"
#include "search/block_file.hpp"
#include "search/vector_distance.hpp"

// hnswlib chooses instructions by macros, and then defines functions in its header; distances are ours.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <algorithm>
#include <cmath>
#include <functional>

namespace troupe::search {

namespace {

constexpr std::size_t capacity_min = 256;
/// Levels above this are not drawn: their probability is links^-level.
constexpr std::uint32_t level_max = 63;

class space final : public hnswlib::SpaceInterface<float> {
public:
  explicit space(const vector_settings& settings)
      : dimension_(settings.dimension), distance_(distance_for(settings.distance, widest_simd())) {}

  std::size_t get_data_size() override { return dimension_ * sizeof(float); }
  hnswlib::DISTFUNC<float> get_dist_func() override { return distance_; }
  void* get_dist_func_param() override { return &dimension_; }

private:
  std::size_t dimension_;
  distance_function distance_;
};

using graph_type = hnswlib::HierarchicalNSW<float>;
using neighbour = vector_graph::neighbour;

/// Tags of the vectors that one search has seen; hnswlib keeps the arrays.
class visits {
public:
  explicit visits(hnswlib::VisitedListPool& pool) : pool_(pool), list_(pool.getFreeVisitedList()) {}
  visits(const visits&) = delete;
  visits& operator=(const visits&) = delete;
  ~visits() { pool_.releaseVisitedList(list_); }

  /// Whether this is the first visit.
  bool visit(std::uint32_t id) {
    if (list_->mass[id] == list_->curV) return false;
    list_->mass[id] = list_->curV;
    return true;
  }

private:
  hnswlib::VisitedListPool& pool_;
  hnswlib::VisitedList* list_;
};

bool farther(const neighbour& a, const neighbour& b) {
  return b < a;
}

} // namespace

struct vector_graph::impl {
  explicit impl(const vector_settings& s, std::size_t capacity)
      : settings(s), metric_space(s), graph(&metric_space, capacity, s.links, s.build_breadth, s.seed) {}

  float distance(const float* query, std::uint32_t id) const {
    return graph.fstdistfunc_(query, graph.getDataByInternalId(id), graph.dist_func_param_);
  }
  neighbour descend(const float* query) const;
  void widen(std::uint32_t from, const float* query, visits& seen, std::vector<neighbour>& fresh) const;
  bool read_links(block_reader& in, hnswlib::linklistsizeint* list, std::size_t links_max, std::uint32_t self,
                  std::uint32_t count) const;
  bool read_element(block_reader& in, std::uint32_t id, std::uint32_t count);
  bool links_hold() const;

  vector_settings settings;
  space metric_space;
  graph_type graph;
  std::uint64_t upper_bytes = 0; ///< of the links above level 0
};

vector_graph::vector_graph(const vector_settings& settings)
    : impl_(std::make_unique<impl>(settings, capacity_min)) {}
vector_graph::vector_graph(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
vector_graph::vector_graph(vector_graph&&) noexcept = default;
vector_graph& vector_graph::operator=(vector_graph&&) noexcept = default;
vector_graph::~vector_graph() = default;

std::uint32_t vector_graph::add(const float* v) {
  auto& g = impl_->graph;
  TROUPE_ASSERT(g.cur_element_count < size_max, "ids have 32 bits");
  if (g.cur_element_count == g.max_elements_) g.resizeIndex(2 * g.max_elements_);
  auto id = g.addPoint(v, g.cur_element_count, -1);
  // Ids are all that is asked for; the table of labels would only cost memory.
  g.label_lookup_.clear();
  impl_->upper_bytes += static_cast<std::uint64_t>(g.element_levels_[id]) * g.size_links_per_element_;
  return id;
}

std::uint32_t vector_graph::size() const {
  return static_cast<std::uint32_t>(impl_->graph.cur_element_count);
}

const float* vector_graph::vector(std::uint32_t id) const {
  return reinterpret_cast<const float*>(impl_->graph.getDataByInternalId(id));
}

/// The nearest vector that walking down the upper levels leads to.
neighbour vector_graph::impl::descend(const float* query) const {
  neighbour at{distance(query, graph.enterpoint_node_), graph.enterpoint_node_};
  for (auto level = graph.maxlevel_; level > 0; --level) {
    for (bool moved = true; moved;) {
      moved = false;
      auto list = graph.get_linklist(at.id, level);
      auto count = graph.getListCount(list);
      for (std::size_t i = 1; i <= count; ++i) {
        neighbour next{distance(query, list[i]), list[i]};
        if (next.distance >= at.distance) continue;
        at = next;
        moved = true;
      }
    }
  }
  return at;
}

/// What `from` links to on level 0 and was not seen before.
void vector_graph::impl::widen(std::uint32_t from, const float* query, visits& seen,
                               std::vector<neighbour>& fresh) const {
  fresh.clear();
  auto list = graph.get_linklist0(from);
  auto count = graph.getListCount(list);
  for (std::size_t i = 1; i <= count; ++i) {
    if (!seen.visit(list[i])) continue;
    __builtin_prefetch(graph.getDataByInternalId(list[i]));
    fresh.push_back({0, list[i]});
  }
  for (auto& next : fresh)
    next.distance = distance(query, next.id);
}

bool vector_graph::search(const float* query, std::size_t breadth, const admission& who, std::size_t work_max,
                          std::vector<neighbour>& found) const {
  found.clear();
  breadth = std::min<std::size_t>(breadth, size());
  if (breadth == 0) return true;
  visits seen{*impl_->graph.visited_list_pool_};
  // Nearest on top; what may still be widened, admitted or not.
  std::vector<neighbour> open;
  std::vector<neighbour> fresh;
  fresh.reserve(impl_->graph.maxM0_);
  found.reserve(breadth + 1);
  std::size_t work = 0;
  // `found` is a heap with the farthest on top.
  auto take = [&](const neighbour& next) {
    if (found.size() == breadth && next.distance >= found.front().distance) return;
    open.push_back(next);
    std::push_heap(open.begin(), open.end(), farther);
    if (who.admits != nullptr && !who.admits(who.context, next.id)) return;
    found.push_back(next);
    std::push_heap(found.begin(), found.end());
    if (found.size() <= breadth) return;
    std::pop_heap(found.begin(), found.end());
    found.pop_back();
  };
  auto start = impl_->descend(query);
  seen.visit(start.id);
  take(start);
  while (!open.empty()) {
    auto next = open.front();
    if (found.size() == breadth && next.distance > found.front().distance) break;
    if (work > work_max) return false;
    std::pop_heap(open.begin(), open.end(), farther);
    open.pop_back();
    impl_->widen(next.id, query, seen, fresh);
    work += fresh.size();
    for (auto& each : fresh)
      take(each);
  }
  std::sort_heap(found.begin(), found.end());
  return true;
}

std::uint64_t vector_graph::memory_bytes() const {
  auto& g = impl_->graph;
  constexpr auto lock_bytes = sizeof(decltype(graph_type::link_list_locks_)::value_type);
  // The array grows by doubling, and pages of it that were never written take no memory; locks and tables do.
  return g.cur_element_count * g.size_data_per_element_ +
         g.max_elements_ * (sizeof(char*) + sizeof(int) + lock_bytes + sizeof(hnswlib::vl_type)) +
         graph_type::max_update_element_locks * lock_bytes + impl_->upper_bytes;
}

void vector_graph::write(block_writer& out) const {
  auto& g = impl_->graph;
  out.value(size());
  out.value(size() == 0 ? none : static_cast<std::uint32_t>(g.enterpoint_node_));
  for (std::uint32_t id = 0; id < size(); ++id) {
    auto levels = static_cast<std::uint8_t>(g.element_levels_[id]);
    out.value(levels);
    out.bytes(vector(id), impl_->settings.dimension * sizeof(float));
    for (int level = 0; level <= levels; ++level) {
      auto list = g.get_linklist_at_level(id, level);
      auto count = g.getListCount(list);
      out.value(static_cast<std::uint16_t>(count));
      out.bytes(list + 1, count * sizeof(hnswlib::tableint));
    }
  }
}

/// Into an empty list.
bool vector_graph::impl::read_links(block_reader& in, hnswlib::linklistsizeint* list, std::size_t links_max,
                                    std::uint32_t self, std::uint32_t count) const {
  auto links = in.value<std::uint16_t>();
  if (links > links_max) return false;
  in.bytes(list + 1, links * sizeof(hnswlib::tableint));
  graph.setListCount(list, links);
  return std::all_of(list + 1, list + 1 + links, [&](auto id) { return id < count && id != self; });
}

bool vector_graph::impl::read_element(block_reader& in, std::uint32_t id, std::uint32_t count) {
  auto levels = in.value<std::uint8_t>();
  if (in.failed() || levels > level_max) return false;
  auto head = graph.data_level0_memory_ + id * graph.size_data_per_element_;
  std::memset(head, 0, graph.size_data_per_element_);
  auto v = reinterpret_cast<float*>(graph.getDataByInternalId(id));
  in.bytes(v, settings.dimension * sizeof(float));
  graph.element_levels_[id] = levels;
  if (levels > 0) {
    graph.linkLists_[id] = static_cast<char*>(std::calloc(levels, graph.size_links_per_element_));
    TROUPE_ASSERT(graph.linkLists_[id] != nullptr, "out of memory");
    upper_bytes += levels * graph.size_links_per_element_;
  }
  // From here on the destructor of the graph knows of it.
  graph.cur_element_count = id + 1;
  if (!admissible({v, settings.dimension}, settings)) return false;
  for (int level = 0; level <= levels; ++level)
    if (!read_links(in, graph.get_linklist_at_level(id, level), level == 0 ? graph.maxM0_ : graph.maxM_, id,
                    count))
      return false;
  return !in.failed();
}

/// Whether every link leads to a vector that has that level.
bool vector_graph::impl::links_hold() const {
  for (std::uint32_t id = 0; id < graph.cur_element_count; ++id)
    for (int level = 1; level <= graph.element_levels_[id]; ++level) {
      auto list = graph.get_linklist(id, level);
      auto count = graph.getListCount(list);
      for (std::size_t i = 1; i <= count; ++i)
        if (graph.element_levels_[list[i]] < level) return false;
    }
  return true;
}

result<vector_graph> vector_graph::read(block_reader& in, const vector_settings& settings) {
  auto count = in.value<std::uint32_t>();
  auto entry = in.value<std::uint32_t>();
  auto least_bytes = 1 + settings.dimension * sizeof(float) + sizeof(std::uint16_t);
  if (in.failed() || count >= size_max || count > in.remaining_max() / least_bytes ||
      (count == 0 ? entry != none : entry >= count))
    in.refuse("the graph's counts are impossible");
  if (in.failed()) return in.finish().error();
  auto parts = std::make_unique<impl>(settings, std::max<std::size_t>(count, capacity_min));
  auto& g = parts->graph;
  // Levels go on where the saved graph's left off in distribution, not in order.
  g.level_generator_.seed(settings.seed + count);
  for (std::uint32_t id = 0; id < count && !in.failed(); ++id)
    if (!parts->read_element(in, id, count)) in.refuse("a vector of the graph is impossible");
  if (in.failed()) return in.finish().error();
  if (count != 0) {
    auto top = *std::max_element(g.element_levels_.begin(), g.element_levels_.begin() + count);
    if (g.element_levels_[entry] != top || !parts->links_hold())
      in.refuse("the graph's levels are impossible");
    g.enterpoint_node_ = entry;
    g.maxlevel_ = top;
  }
  if (in.failed()) return in.finish().error();
  return vector_graph{std::move(parts)};
}

} // namespace troupe::search
