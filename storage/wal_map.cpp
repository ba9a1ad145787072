#include "storage/wal_map.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace troupe::storage {

void mark_maker::note(index_t first, log_position position, std::vector<map_change>& out) {
  if (in_run_ && position - start_ < mark_bytes) return;
  in_run_ = true;
  start_ = position;
  out.push_back({map_change::kind::entries, first, position, {}});
}

void wal_map::apply(std::span<const map_change> changes, index_t first, index_t last, log_position synced) {
  std::lock_guard guard{mutex_};
  for (auto& c : changes) {
    switch (c.what) {
    case map_change::kind::segment: segments_.push_back(c.segment); break;
    case map_change::kind::entries: marks_.push_back({c.index, c.position}); break;
    case map_change::kind::truncate:
      ++truncations_;
      while (!marks_.empty() && marks_.back().first >= c.index)
        marks_.pop_back();
      break;
    }
  }
  while (marks_.size() > 1 && marks_[1].first <= first)
    marks_.pop_front();
  if (first > last) marks_.clear();
  first_ = first;
  last_ = last;
  synced_ = synced;
}

std::vector<segment_info> wal_map::take_unneeded() {
  std::lock_guard guard{mutex_};
  std::vector<segment_info> taken;
  while (segments_.size() > 1 && (marks_.empty() || segments_[1].base <= marks_.front().position)) {
    taken.push_back(std::move(segments_.front()));
    segments_.pop_front();
  }
  return taken;
}

result<map_place> wal_map::find(index_t index) const {
  std::lock_guard guard{mutex_};
  if (index < first_)
    return error{errc::compacted, "entry " + std::to_string(index.value) + " is no longer in the log"};
  if (index > last_)
    return error{errc::not_yet, "entry " + std::to_string(index.value) + " is not in the log"};
  auto next = std::upper_bound(marks_.begin(), marks_.end(), index,
                               [](index_t i, const mark& m) { return i < m.first; });
  TROUPE_ASSERT(next != marks_.begin(), "every kept entry has a mark");
  const auto& m = *std::prev(next);
  map_place place;
  place.segment = segment_of(m.position);
  place.from = m.position;
  place.last = next == marks_.end() ? last_ : next->first - 1;
  place.end = std::min(synced_, place.segment.base + place.segment.bytes);
  place.truncations = truncations_;
  return place;
}

const segment_info& wal_map::segment_of(log_position position) const {
  auto next = std::upper_bound(segments_.begin(), segments_.end(), position,
                               [](log_position p, const segment_info& s) { return p < s.base; });
  TROUPE_ASSERT(next != segments_.begin(), "every mark lies in a segment");
  return *std::prev(next);
}

index_t wal_map::first() const {
  std::lock_guard guard{mutex_};
  return first_;
}

index_t wal_map::last() const {
  std::lock_guard guard{mutex_};
  return last_;
}

std::uint64_t wal_map::bytes() const {
  std::lock_guard guard{mutex_};
  std::uint64_t sum = 0;
  for (auto& s : segments_)
    sum += s.bytes;
  return sum;
}

std::uint64_t wal_map::bytes_of_smaller(std::uint64_t bytes) const {
  std::lock_guard guard{mutex_};
  std::uint64_t sum = 0;
  for (auto& s : segments_)
    if (s.bytes < bytes) sum += s.bytes;
  return sum;
}

std::size_t wal_map::segment_count() const {
  std::lock_guard guard{mutex_};
  return segments_.size();
}

} // namespace troupe::storage
