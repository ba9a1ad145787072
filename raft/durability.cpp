#include "raft/durability.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

void durability::set_state(hard_state state) {
  pending_.state = std::move(state);
  state_number_ = issued_number_ + 1;
}

void durability::append(entry e) {
  auto last = pending_.entries.empty() ? issued_last_ : pending_.entries.back().index;
  TROUPE_ASSERT(e.index == last + 1, "an entry that does not follow what is being written");
  pending_.entries.push_back(std::move(e));
}

void durability::truncate(index_t from) {
  while (!pending_.entries.empty() && pending_.entries.back().index >= from)
    pending_.entries.pop_back();
  if (from > issued_last_) return;
  pending_.truncate_from = std::min(from, pending_.truncate_from.value_or(from));
  issued_last_ = from - 1;
  durable_ = std::min(durable_, issued_last_);
  if (deliberately(bug::late_durable_notice)) return;
  for (auto& f : flying_)
    f.last = std::min(f.last, issued_last_);
}

void durability::reset(index_t index) {
  TROUPE_ASSERT(pending_.entries.empty(), "entries appended while a snapshot was being installed");
  pending_.truncate_from.reset();
  durable_ = issued_last_ = index;
  for (auto& f : flying_)
    f.last = index;
}

std::optional<persist_batch> durability::take() {
  if (!pending_.state && !pending_.truncate_from && pending_.entries.empty()) return std::nullopt;
  pending_.number = ++issued_number_;
  if (!pending_.entries.empty()) issued_last_ = pending_.entries.back().index;
  flying_.push_back({issued_number_, issued_last_});
  return std::exchange(pending_, {});
}

void durability::persisted(std::uint64_t number, std::uint64_t state_number) {
  TROUPE_ASSERT(std::max(number, state_number) <= issued_number_, "a batch that was never handed out");
  while (!flying_.empty() && flying_.front().number <= number) {
    durable_ = std::max(durable_, flying_.front().last);
    flying_.pop_front();
  }
  persisted_state_ = std::max({persisted_state_, number, state_number});
}

} // namespace troupe::raft
