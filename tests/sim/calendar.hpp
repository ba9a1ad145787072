#pragma once

// Virtual time: what is to happen when. Milliseconds since the history began.

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace troupe::simulation {

class calendar {
public:
  using action = std::function<void()>;

  std::int64_t now() const { return now_; }
  /// Things due at the same time happen in the order in which they were entered. A time that is over means
  /// now.
  void at(std::int64_t time, action what) {
    entries_.emplace(std::pair{time < now_ ? now_ : time, ++last_}, std::move(what));
  }
  void in(std::int64_t delay, action what) { at(now_ + delay, std::move(what)); }
  bool empty() const { return entries_.empty(); }
  std::int64_t next_time() const { return entries_.begin()->first.first; }
  void move_to(std::int64_t time) { now_ = time; }
  /// Does what is due; what that enters for now is due as well.
  void run_due() {
    while (!entries_.empty() && entries_.begin()->first.first <= now_) {
      auto what = std::move(entries_.begin()->second);
      entries_.erase(entries_.begin());
      what();
    }
  }
  /// Forgets everything.
  void clear() { entries_.clear(); }

private:
  std::int64_t now_ = 0;
  std::uint64_t last_ = 0;
  std::map<std::pair<std::int64_t, std::uint64_t>, action> entries_;
};

} // namespace troupe::simulation
