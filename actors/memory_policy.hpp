#pragma once

// When the leader raises and clears the memory alarm, and when it gives up history for it.

#include <cstdint>

namespace troupe {

/// Pure. Bytes are logical ones (storage::state_machine::logical_bytes).
class memory_policy {
public:
  /// From here on people are warned.
  static constexpr unsigned warn_percent = 80;
  /// From here on old revisions are not kept; and below it a raised alarm is cleared, so that it does not
  /// come and go with every write.
  static constexpr unsigned low_percent = 90;

  explicit memory_policy(std::uint64_t quota_bytes) : quota_(quota_bytes) {}

  bool warns(std::uint64_t bytes) const { return bytes >= part(warn_percent); }
  /// Old revisions are the first thing to go: what can be read now matters more.
  bool sheds_history(std::uint64_t bytes, bool alarm) const { return alarm || bytes >= part(low_percent); }
  /// Whether the alarm should be on, when it is `alarm` now.
  bool alarms(std::uint64_t bytes, bool alarm) const { return bytes >= (alarm ? part(low_percent) : quota_); }
  std::uint64_t quota() const { return quota_; }

private:
  std::uint64_t part(unsigned percent) const { return quota_ / 100 * percent + quota_ % 100 * percent / 100; }

  std::uint64_t quota_;
};

} // namespace troupe
