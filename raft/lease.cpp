#include "raft/lease.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

constexpr std::size_t marks_max = 64;

} // namespace

void lease::sent(std::uint64_t round, std::int64_t now_us) {
  if (!usable()) return;
  // Losing a mark can only make the lease shorter.
  if (unconfirmed_.size() == marks_max) unconfirmed_.pop_front();
  unconfirmed_.push_back({round, now_us});
}

void lease::confirmed(std::uint64_t round) {
  while (!unconfirmed_.empty() && unconfirmed_.front().round <= round) {
    since_us_ = begun_ ? std::max(since_us_, unconfirmed_.front().sent_us) : unconfirmed_.front().sent_us;
    begun_ = true;
    unconfirmed_.pop_front();
  }
}

void lease::begin_again() {
  unconfirmed_.clear();
  begun_ = false;
}

bool lease::holds(std::int64_t now_us) const {
  // Both times are rounded down, so up to a microsecond more may have passed.
  return usable() && begun_ && now_us - since_us_ + 1 < length_us_;
}

std::int64_t lease_length_us(unsigned election_ticks_min, std::int64_t tick_us, unsigned drift_permille) {
  if (election_ticks_min <= 2) return 0;
  return (static_cast<std::int64_t>(election_ticks_min) - 2) * tick_us * 1000 /
         (1000 + static_cast<std::int64_t>(drift_permille));
}

} // namespace troupe::raft
