#include "tests/checkers/timeline.hpp"

#include <algorithm>
#include <limits>

namespace troupe::checkers {

void timeline::add(const timed_write& w) {
  writes_.push_back(w);
}

void timeline::finish() {
  std::stable_sort(writes_.begin(), writes_.end(),
                   [](const timed_write& a, const timed_write& b) { return a.called < b.called; });
  for (const auto& w : writes_)
    if (w.certain) certain_.push_back({w.returned, w.called});
  std::stable_sort(certain_.begin(), certain_.end(),
                   [](const ended& a, const ended& b) { return a.returned < b.returned; });
  for (std::size_t i = 1; i < certain_.size(); ++i)
    certain_[i].called = std::max(certain_[i].called, certain_[i - 1].called);
}

bool timeline::latest::may_hold(const std::optional<std::string_view>& value) const {
  if (initial && !value) return true;
  return std::any_of(writes.begin(), writes.end(), [&](const timed_write* w) { return w->value == value; });
}

timeline::latest timeline::at(std::int64_t from, std::int64_t to) const {
  const auto after = std::partition_point(certain_.begin(), certain_.end(),
                                          [&](const ended& e) { return e.returned < from; });
  latest out;
  out.initial = after == certain_.begin();
  // What returned before another write was called that has itself returned is overwritten for sure.
  const auto barrier = out.initial ? std::numeric_limits<std::int64_t>::min() : std::prev(after)->called;
  for (const auto& w : writes_) {
    if (w.called > to) break;
    if (w.returned >= barrier) out.writes.push_back(&w);
  }
  return out;
}

std::map<std::string_view, timeline> timelines(const history& h) {
  std::map<std::string_view, timeline> out;
  for (std::size_t i = 0; i < h.operations.size(); ++i) {
    const auto& op = h.operations[i];
    if (op.outcome == outcome_kind::failed || !op.matched) continue;
    const bool certain = op.outcome == outcome_kind::ok;
    for (const auto& c : op.writes)
      out[c.key].add({op.called, certain ? op.returned : std::numeric_limits<std::int64_t>::max(), certain,
                      c.value ? std::optional<std::string_view>(*c.value) : std::nullopt, i});
  }
  for (auto& [key, line] : out)
    line.finish();
  return out;
}

bool has_word(std::string_view value, std::string_view word) {
  while (!value.empty()) {
    const auto end = value.find(' ');
    if (value.substr(0, end) == word) return true;
    if (end == std::string_view::npos) return false;
    value.remove_prefix(end + 1);
  }
  return false;
}

} // namespace troupe::checkers
