// The side of the exchange that minds time: what is overdue, and which node has been waited for long enough.

#include "client/exchange.hpp"

#include <algorithm>
#include <vector>

namespace troupe::client {

void exchange::expire(std::int64_t now_ms) {
  for (auto* own : {&open_request_, &status_request_, &close_request_})
    if (*own && own->deadline_ms + options_.grace_ms <= now_ms) {
      if (own->link == link_) distrust_ = true;
      last_trouble_ = "the node does not answer";
      *own = {};
    }
  while (!deadlines_.empty() && deadlines_.begin()->first <= now_ms) {
    const auto [deadline, id] = *deadlines_.begin();
    const auto place = calls_.find(id);
    auto& c = place->second;
    if (c.request && c.deadline_ms == deadline) {
      // The node's own answer is on its way, and says more.
      deadlines_.erase(deadlines_.begin());
      deadlines_.emplace(c.deadline_ms + options_.grace_ms, id);
      if (c.deadline_ms + options_.grace_ms > now_ms) continue;
    }
    give_up(place, c.request ? "no answer came in time" : last_trouble_);
  }
}

void exchange::give_up(call_map::iterator place, const std::string& why) {
  const auto& c = place->second;
  auto kind = failure_kind::unavailable;
  if (c.doubts)
    kind = failure_kind::outcome_unknown;
  else if (!changes_something(c) && c.sent)
    kind = failure_kind::timed_out;
  fail(place, kind, why);
}

bool exchange::impatient(std::int64_t now_ms) const {
  if (!link_) return false;
  const auto waits_too_long = [&](const open_call& c, std::int64_t sent_ms) {
    return c.patience_ms > 0 && now_ms - std::max(sent_ms, answered_ms_) >= c.patience_ms;
  };
  // A write that waits for the session waits for the node as well.
  if (open_request_ && open_request_.link == link_ && !waiting_writes_.empty() &&
      waits_too_long(calls_.at(*waiting_writes_.begin()), open_request_.sent_ms))
    return true;
  return std::any_of(requests_.begin(), requests_.end(), [&](auto& sent) {
    const auto& c = calls_.at(sent.second);
    return c.link == link_ && waits_too_long(c, c.sent_ms);
  });
}

void exchange::move_calls(link_id from) {
  for (auto& [id, c] : calls_) {
    if (!c.request || c.link != from || c.patience_ms == 0) continue;
    forget_copy(c);
    (c.writes ? waiting_writes_ : waiting_others_).insert(id);
  }
}

bool exchange::waits_on(link_id link) const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [&](auto& sent) { return calls_.at(sent.second).link == link; });
}

} // namespace troupe::client
