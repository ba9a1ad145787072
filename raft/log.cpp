#include "raft/log.hpp"

#include "base/assert.hpp"
#include "base/entry_archive.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

log::log(const recovered& from_disk, std::size_t tail_bytes_max)
    : tail_bytes_max_(tail_bytes_max), snapshot_(from_disk.snapshot), before_(snapshot_.index),
      last_(from_disk.last_index), runs_(from_disk.terms),
      tail_(from_disk.tail.begin(), from_disk.tail.end()) {
  TROUPE_ASSERT(last_ >= snapshot_.index, "the recovered log ends before its snapshot");
  if (runs_.empty()) {
    TROUPE_ASSERT(last_ == snapshot_.index, "entries without terms");
  } else {
    TROUPE_ASSERT(runs_.front().first.value > 0 && runs_.front().first <= snapshot_.index + 1,
                  "a gap after the snapshot");
    TROUPE_ASSERT(runs_.back().first <= last_, "a term beyond the log");
    for (std::size_t i = 1; i < runs_.size(); ++i)
      TROUPE_ASSERT(runs_[i - 1].first < runs_[i].first && runs_[i - 1].term < runs_[i].term,
                    "terms out of order");
    before_ = runs_.front().first - 1;
  }
  if (before_ == snapshot_.index) before_term_ = snapshot_.term;
  if (before_.value == 0) before_term_ = term_t{0};
  TROUPE_ASSERT(tail_.size() <= last_ - before_, "a tail longer than the log");
  auto expected = tail_first();
  for (auto& e : tail_) {
    TROUPE_ASSERT(e.index == expected && matches(e.index, e.term),
                  "the recovered tail is not the end of the log");
    tail_bytes_ += e.cost();
    ++expected;
  }
  memberships_.push_back({snapshot_.index, snapshot_.members});
  for (auto& m : from_disk.memberships) {
    TROUPE_ASSERT(m.index > memberships_.back().index && m.index <= last_, "memberships out of order");
    memberships_.push_back(m);
  }
  // A node that is to join has nothing: the leader will send it all.
  TROUPE_ASSERT(last_.value == 0 || !members().members.empty(),
                "a node without a membership has no cluster to take part in");
  evict(last_);
}

term_t log::last_term() const {
  return runs_.empty() ? before_term_.value_or(term_t{0}) : runs_.back().term;
}

std::optional<term_t> log::term(index_t index) const {
  if (index == before_) return before_term_;
  if (index == snapshot_.index && index.value != 0) return snapshot_.term;
  if (index < before_) return index.value == 0 ? std::optional{term_t{0}} : std::nullopt;
  if (index > last_) return std::nullopt;
  if (runs_.back().first <= index) return runs_.back().term;
  auto after = std::upper_bound(runs_.begin(), runs_.end(), index,
                                [](index_t i, const term_run& run) { return i < run.first; });
  return std::prev(after)->term;
}

index_t log::last_not_after(index_t limit, term_t term) const {
  limit = std::min(limit, last_);
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run) {
    if (run->first > limit) continue;
    if (run->term <= term) return limit;
    limit = run->first - 1;
  }
  if (limit == before_ && before_term_ && *before_term_ <= term) return limit;
  return index_t{0};
}

void log::append(const entry& e) {
  TROUPE_ASSERT(e.index == last_ + 1, "an entry that does not follow the log");
  TROUPE_ASSERT(e.term >= last_term(), "terms in a log never fall");
  if (runs_.empty() || runs_.back().term != e.term) runs_.push_back({e.index, e.term});
  if (e.kind == entry_kind::membership) {
    auto members = decode<membership>(e.payload.view(), "membership");
    TROUPE_ASSERT(members.has_value() && !members->members.empty(), "a membership entry that cannot be read");
    memberships_.push_back({e.index, std::move(*members)});
  }
  last_ = e.index;
  tail_bytes_ += e.cost();
  tail_.push_back(e);
}

void log::truncate(index_t from) {
  TROUPE_ASSERT(from > before_ && from > snapshot_.index, "a snapshot is never truncated");
  if (from > last_) return;
  while (!tail_.empty() && tail_.back().index >= from) {
    tail_bytes_ -= tail_.back().cost();
    tail_.pop_back();
  }
  while (!runs_.empty() && runs_.back().first >= from)
    runs_.pop_back();
  while (memberships_.size() > 1 && memberships_.back().index >= from)
    memberships_.pop_back();
  last_ = from - 1;
}

void log::compact(const snapshot_meta& meta, index_t first_kept) {
  TROUPE_ASSERT(meta.index <= last_ && first_kept <= meta.index + 1, "a snapshot and its log leave a gap");
  TROUPE_ASSERT(!term(meta.index) || matches(meta.index, meta.term), "a snapshot of another history");
  if (meta.index > snapshot_.index) {
    snapshot_ = meta;
    while (memberships_.size() > 1 && memberships_[1].index <= meta.index)
      memberships_.erase(memberships_.begin());
    if (memberships_.front().index <= meta.index) memberships_.front() = {meta.index, meta.members};
  }
  if (first_kept <= first_index()) return;
  auto new_before = first_kept - 1;
  before_term_ = term(new_before);
  while (runs_.size() > 1 && runs_[1].first <= first_kept)
    runs_.erase(runs_.begin());
  if (first_kept > last_)
    runs_.clear();
  else
    runs_.front().first = first_kept;
  before_ = new_before;
  drop_tail_before(first_kept);
}

void log::reset(const snapshot_meta& meta) {
  TROUPE_ASSERT(!meta.members.members.empty(), "a snapshot without a membership");
  snapshot_ = meta;
  before_ = last_ = meta.index;
  before_term_ = meta.term;
  runs_.clear();
  tail_.clear();
  tail_bytes_ = 0;
  memberships_.assign(1, {meta.index, meta.members});
}

std::vector<entry> log::slice(index_t lo, index_t hi, std::size_t bytes_max) const {
  TROUPE_ASSERT(tail_first() <= lo && lo <= hi && hi <= last_, "entries that are not in memory");
  std::size_t bytes = at(lo).cost();
  auto end = lo + 1;
  while (end <= hi && bytes + at(end).cost() <= bytes_max) {
    bytes += at(end).cost();
    ++end;
  }
  auto begin = tail_.begin() + static_cast<std::ptrdiff_t>(lo - tail_first());
  return {begin, begin + static_cast<std::ptrdiff_t>(end - lo)};
}

void log::evict(index_t durable) {
  while (tail_bytes_ > tail_bytes_max_ && tail_.front().index <= durable) {
    tail_bytes_ -= tail_.front().cost();
    tail_.pop_front();
  }
}

void log::drop_tail_before(index_t index) {
  while (!tail_.empty() && tail_.front().index < index) {
    tail_bytes_ -= tail_.front().cost();
    tail_.pop_front();
  }
}

} // namespace troupe::raft
