#pragma once

// When the leader compacts history: old revisions stay readable for a time and up to a number.

#include "base/ids.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

namespace troupe {

/// Remembers which revision was current when, at most samples_max times. Pure; one owner.
class history_policy {
public:
  static constexpr std::size_t samples_max = 64;

  history_policy(std::int64_t keep_ms, std::uint64_t keep_revisions)
      : keep_ms_(keep_ms), keep_revisions_(keep_revisions) {}

  /// Call now and then. The revision below which nothing needs to be kept, when it is worth a command.
  std::optional<revision_t> due(std::int64_t now_ms, revision_t current, revision_t compacted) {
    auto period_ms = keep_ms_ / static_cast<std::int64_t>(samples_max / 2) + 1;
    if (samples_.empty() || now_ms - samples_.back().first >= period_ms) {
      samples_.emplace_back(now_ms, current);
      if (samples_.size() > samples_max) samples_.pop_front();
    }
    revision_t target;
    while (!samples_.empty() && now_ms - samples_.front().first >= keep_ms_) {
      target = samples_.front().second;
      samples_.pop_front();
    }
    if (current.value > keep_revisions_ && target.value < current.value - keep_revisions_) {
      // By count only in steps of a tenth, so that a steady stream of writes does not mean a steady stream of
      // compactions.
      auto by_count = current - keep_revisions_;
      if (by_count.value >= compacted.value + keep_revisions_ / 10 + 1) target = by_count;
    }
    if (target <= compacted) return std::nullopt;
    return target;
  }

private:
  std::int64_t keep_ms_;
  std::uint64_t keep_revisions_;
  std::deque<std::pair<std::int64_t, revision_t>> samples_;
};

} // namespace troupe
