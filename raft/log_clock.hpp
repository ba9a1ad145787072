#pragma once

// Log time: what the leaders stamp on entries, and what sessions and idempotency keys age by.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace troupe::raft {

/// Log time as one node knows it, in milliseconds: the newest time in its log, and what has passed by its own
/// clock since that came. So log time goes on whoever leads, no faster than the clocks of the leaders, and no
/// wall clock can move it: what is remembered for ten minutes of it is remembered for ten minutes at least.
/// It stands still only while no node runs. docs/decisions/0014 says why it is no date.
class log_clock {
public:
  /// `newest`: the largest time in log or snapshot.
  explicit log_clock(std::int64_t newest) : newest_(newest) {}

  /// Reads of a clock that does not jump; its zero means nothing.
  void tick(std::int64_t clock_ms) {
    clock_ = std::max(clock_, clock_ms);
    if (std::exchange(waiting_, false)) reached_at_ = clock_;
  }
  /// What this node stamped itself, at the newest read of the clock.
  void reached(std::int64_t time_ms) {
    if (time_ms < newest_) return;
    newest_ = time_ms;
    reached_at_ = clock_;
  }
  /// An entry or a snapshot with this time came from another node. When that was shows only with the next
  /// read of the clock: after a pause of this process the last read is old, and what came meanwhile is not.
  void came(std::int64_t time_ms) {
    if (time_ms < newest_) return;
    newest_ = time_ms;
    waiting_ = true;
  }
  /// What a leader stamps now: not below anything in its log.
  std::int64_t now() const {
    if (waiting_) return newest_;
    auto passed = clock_ - reached_at_;
    return newest_ > std::numeric_limits<std::int64_t>::max() - passed ? newest_ : newest_ + passed;
  }

private:
  std::int64_t newest_;
  std::int64_t clock_ = 0;      ///< newest read
  std::int64_t reached_at_ = 0; ///< what it said when newest_ came
  bool waiting_ = true;         ///< reached_at_ is the next read
};

} // namespace troupe::raft
