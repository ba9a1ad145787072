#include "raft/apply_queue.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace troupe::raft {

void apply_queue::fill(output& out, const log& entries, index_t limit) {
  if (handed_ >= limit || unapplied_bytes_ >= bytes_max_) return;
  auto room = bytes_max_ - unapplied_bytes_;
  if (!loaded_.empty()) {
    out.apply = std::exchange(loaded_, {});
  } else if (handed_ + 1 >= entries.tail_first()) {
    out.apply = entries.slice(handed_ + 1, limit, room);
    // slice() gives at least one entry; one that does not fit waits unless nothing else is out.
    if (unapplied_bytes_ != 0 && out.apply.front().cost() > room) out.apply.clear();
  } else {
    if (loading_) return;
    loading_ = load_request{{}, handed_ + 1, std::min(limit, entries.tail_first() - 1), room};
    out.load.push_back(*loading_);
  }
  if (out.apply.empty()) return;
  batch b{out.apply.back().index, 0};
  for (auto& e : out.apply) {
    TROUPE_ASSERT(e.index == handed_ + 1 && e.index <= limit, "entries are applied in order");
    handed_ = e.index;
    b.bytes += e.cost();
  }
  unapplied_bytes_ += b.bytes;
  unapplied_.push_back(b);
}

void apply_queue::applied(index_t index) {
  TROUPE_ASSERT(index <= handed_, "applied what was not handed out");
  applied_ = std::max(applied_, index);
  while (!unapplied_.empty() && unapplied_.front().last <= applied_) {
    unapplied_bytes_ -= unapplied_.front().bytes;
    unapplied_.pop_front();
  }
}

void apply_queue::loaded(const load_request& request, std::vector<entry> entries) {
  if (loading_ != request) return;
  loading_.reset();
  TROUPE_ASSERT(!entries.empty() && entries.front().index == request.lo && entries.back().index <= request.hi,
                "other entries than asked for");
  loaded_ = std::move(entries);
}

void apply_queue::load_failed(const load_request& request) {
  if (loading_ == request) loading_.reset();
}

void apply_queue::reset(index_t index) {
  handed_ = applied_ = index;
  unapplied_.clear();
  unapplied_bytes_ = 0;
  loading_.reset();
  loaded_.clear();
}

} // namespace troupe::raft
