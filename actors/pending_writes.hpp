#pragma once

// The writes this node has taken and not yet answered, by the number that stands in the origin of their log
// entry.

#include "messages/frontend.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace troupe {

struct pending_write {
  enum class phase {
    waiting,  ///< for a leader to be known
    proposed, ///< in this node's log
    forwarded ///< sent to the leader
  };

  answer_sink_actor sink;
  std::uint64_t id = 0; ///< the asker's
  blob command;
  phase where = phase::waiting;
  /// How often it was put into a log or sent to a leader without being refused there: when not 0, it may be
  /// applied, now or later. Proposing it again is harmless all the same: every node applies an origin once
  /// (storage/origin_table.hpp).
  unsigned doubts = 0;
  std::int64_t no_leader_at_ms = 0; ///< refused when nobody took it until then
  std::int64_t deadline_ms = 0;
};

/// Bounded by count and bytes. One owner.
class pending_writes {
public:
  pending_writes(std::size_t count_max, std::size_t bytes_max)
      : count_max_(count_max), bytes_max_(bytes_max) {}

  /// The new write's number, or none when the table is full.
  std::optional<std::uint64_t> add(pending_write w);
  pending_write* find(std::uint64_t number);
  /// Removes and returns it; none if it was answered before.
  std::optional<pending_write> take(std::uint64_t number);

  /// What waits for a leader, in the order in which it came.
  std::vector<std::uint64_t> waiting() const;
  /// A leader, or the link to it, is gone: what it had was perhaps lost, and waits to be proposed again.
  void leader_lost();

  struct overdue_write {
    pending_write write;
    bool certain; ///< it certainly was not and will not be applied
  };
  /// Removes what has to be answered now without a result.
  std::vector<overdue_write> overdue(std::int64_t now_ms);

  std::size_t size() const { return writes_.size(); }

private:
  static bool is_overdue(const pending_write& w, std::int64_t now_ms) {
    return w.deadline_ms <= now_ms ||
           (w.where == pending_write::phase::waiting && w.doubts == 0 && w.no_leader_at_ms <= now_ms);
  }

  std::size_t count_max_;
  std::size_t bytes_max_;
  std::size_t bytes_ = 0;
  std::uint64_t last_number_ = 0;
  std::unordered_map<std::uint64_t, pending_write> writes_;
};

} // namespace troupe
