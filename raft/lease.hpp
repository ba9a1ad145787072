#pragma once

// How long a leader may answer reads without asking (dissertation §6.4.1). docs/decisions/0009 has the
// argument and what it assumes.

#include <cstdint>
#include <deque>

namespace troupe::raft {

/// Begins when a round of read confirmation begins to leave, once a majority has answered it: whoever answers
/// has promised to elect nobody else for a while (append_request::hold), and cannot have promised before
/// that. Times are microseconds of one clock that never stands still while the others' go on.
class lease {
public:
  /// 0: there is none.
  explicit lease(std::int64_t length_us) : length_us_(length_us) {}

  bool usable() const { return length_us_ > 0 && !given_up_; }
  /// Messages of this round leave from now on, none has left before.
  void sent(std::uint64_t round, std::int64_t now_us);
  /// A majority answered this round.
  void confirmed(std::uint64_t round);
  bool holds(std::int64_t now_us) const;
  /// Other members vote from now on: only what their majority answers to later rounds counts.
  void begin_again();
  /// For as long as this leader leads: somebody was allowed not to wait.
  void give_up() { given_up_ = true; }

private:
  struct mark {
    std::uint64_t round;
    std::int64_t sent_us;
  };

  std::int64_t length_us_;
  bool given_up_ = false;
  std::deque<mark> unconfirmed_; ///< ascending; bounded, the oldest gives way
  bool begun_ = false;
  std::int64_t since_us_ = 0;
};

/// The longest lease that is over, on the leader's clock, before a follower has counted `election_ticks_min`
/// ticks, if no clock runs faster than another by more than `drift_permille` thousandths. Two ticks are not
/// counted on: the one that comes right after the leader was heard, and one whose predecessor was late.
std::int64_t lease_length_us(unsigned election_ticks_min, std::int64_t tick_us, unsigned drift_permille);

} // namespace troupe::raft
