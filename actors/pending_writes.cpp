#include "actors/pending_writes.hpp"

#include "base/deliberate_bug.hpp"

#include <algorithm>

namespace troupe {

std::optional<std::uint64_t> pending_writes::add(pending_write w) {
  if (writes_.size() >= count_max_ || (bytes_ != 0 && bytes_ + w.command.size() > bytes_max_))
    return std::nullopt;
  bytes_ += w.command.size();
  writes_.emplace(++last_number_, std::move(w));
  return last_number_;
}

pending_write* pending_writes::find(std::uint64_t number) {
  auto found = writes_.find(number);
  return found == writes_.end() ? nullptr : &found->second;
}

std::optional<pending_write> pending_writes::take(std::uint64_t number) {
  auto found = writes_.find(number);
  if (found == writes_.end()) return std::nullopt;
  auto out = std::move(found->second);
  writes_.erase(found);
  bytes_ -= out.command.size();
  return out;
}

std::vector<std::uint64_t> pending_writes::waiting() const {
  std::vector<std::uint64_t> out;
  for (auto& [number, w] : writes_)
    if (w.where == pending_write::phase::waiting) out.push_back(number);
  std::sort(out.begin(), out.end());
  return out;
}

void pending_writes::leader_lost() {
  for (auto& [number, w] : writes_)
    w.where = pending_write::phase::waiting;
}

std::vector<pending_writes::overdue_write> pending_writes::overdue(std::int64_t now_ms) {
  std::vector<overdue_write> out;
  for (auto i = writes_.begin(); i != writes_.end();) {
    if (!is_overdue(i->second, now_ms)) {
      ++i;
      continue;
    }
    bytes_ -= i->second.command.size();
    bool certain = i->second.doubts == 0 || deliberately(bug::doubt_called_refused);
    out.push_back({std::move(i->second), certain});
    i = writes_.erase(i);
  }
  return out;
}

} // namespace troupe
