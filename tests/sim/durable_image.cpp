#include "tests/sim/durable_image.hpp"

#include <utility>

namespace troupe::simulation {

bool durable_image::holds(index_t index, term_t term) const {
  if (index <= snapshot_) return true;
  auto found = terms_.find(index);
  return found != terms_.end() && found->second == term;
}

void durable_image::apply(const raft::persist_batch& batch) {
  if (batch.state) state_ = *batch.state;
  auto cut = [&](index_t from) {
    terms_.erase(terms_.lower_bound(from), terms_.end());
    if (last_ >= from) last_ = from - 1;
  };
  if (batch.truncate_from) cut(*batch.truncate_from);
  for (auto& e : batch.entries) {
    terms_[e.index] = e.term;
    last_ = e.index;
  }
}

void durable_image::apply(const log_reset& reset) {
  terms_.clear();
  last_ = snapshot_ = reset.meta.index;
}

void durable_image::durable(const persisted_notice& notice) {
  for (auto& item : waiting_)
    if (auto* batch = std::get_if<raft::persist_batch>(&item);
        batch && batch->state && batch->number <= notice.state_number)
      state_ = *std::exchange(batch->state, std::nullopt);
  while (!waiting_.empty()) {
    auto& next = waiting_.front();
    if (auto* batch = std::get_if<raft::persist_batch>(&next)) {
      if (batch->number > notice.number) return;
      apply(*batch);
    } else {
      // A batch behind it is durable, or it is itself on its way to be said.
      bool behind = false;
      for (auto& item : waiting_)
        if (auto* b = std::get_if<raft::persist_batch>(&item); b && b->number <= notice.number) behind = true;
      if (!behind) return;
      apply(std::get<log_reset>(next));
    }
    waiting_.pop_front();
  }
}

void durable_image::durable(const log_reset_done& done) {
  while (!waiting_.empty()) {
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    std::visit([this](auto& item) { apply(item); }, next);
    if (auto* reset = std::get_if<log_reset>(&next); reset && reset->meta == done.meta) return;
  }
}

std::string durable_image::restarted(const raft::recovered* found) {
  auto known = std::move(*this);
  *this = {};
  bool may_have_cut = false;
  for (auto& item : known.waiting_) {
    auto* batch = std::get_if<raft::persist_batch>(&item);
    may_have_cut = may_have_cut || !batch || batch->truncate_from;
  }
  if (!found)
    return known.last_ == index_t{}
               ? ""
               : "has no log, but index " + std::to_string(known.last_.value) + " was durable";
  state_ = found->state;
  snapshot_ = found->snapshot.index;
  last_ = found->last_index;
  for (std::size_t i = 0; i < found->terms.size(); ++i) {
    auto end = i + 1 < found->terms.size() ? found->terms[i + 1].first : found->last_index + 1;
    for (auto index = found->terms[i].first; index < end; ++index)
      terms_[index] = found->terms[i].term;
  }
  // What this node has, it may not have synced when it was told last; what it was told is synced, it has.
  if (state_.term < known.state_.term) return "has forgotten term " + std::to_string(known.state_.term.value);
  if (state_.term == known.state_.term && known.state_.vote && state_.vote != known.state_.vote)
    return "has forgotten its vote for " + known.state_.vote.name + " in term " +
           std::to_string(state_.term.value);
  if (may_have_cut) return "";
  if (last_ < known.last_)
    return "has lost index " + std::to_string(known.last_.value) + ", which was durable";
  for (auto& [index, term] : known.terms_)
    if (index > snapshot_ && terms_.contains(index) && terms_[index] != term)
      return "holds another entry than was durable at index " + std::to_string(index.value);
  return "";
}

} // namespace troupe::simulation
