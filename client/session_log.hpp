#pragma once

// The client's side of a session (Raft dissertation §6.3): which number comes next, which still wait for
// their answer. Pure: no clock, no CAF.

#include "command/command.hpp"

#include <cstdint>
#include <optional>
#include <set>

namespace troupe::client {

/// One session at a time. Times are milliseconds of any monotone clock, the same in all calls.
class session_log {
public:
  bool open() const { return static_cast<bool>(session_); }
  session_id session() const { return session_; }

  /// A new session; numbers start again at 1.
  void begin(session_id session, std::int64_t now_ms);
  /// The session is closed, lost or left alone; what was stamped with it keeps its stamp.
  void end();

  /// The stamp of the next write, or none: no session is open, or limits::session_results_max numbers lie
  /// between the oldest that waits and the next, so that the cluster would refuse it.
  std::optional<session_stamp> stamp();
  /// The number will never be sent again: it was answered or given up. Numbers of former sessions are
  /// ignored.
  void settled(const session_stamp& stamp);

  /// The cluster took a command of this session that was sent at `sent_ms`.
  void used(const session_stamp& stamp, std::int64_t sent_ms);
  /// Nothing waits, and the cluster may be about to forget the session: better open another one.
  bool worn_out(std::int64_t now_ms, std::int64_t idle_ms) const {
    return open() && waiting_.empty() && now_ms - used_ms_ > idle_ms;
  }

  std::size_t waiting() const { return waiting_.size(); }

private:
  sequence_t lowest() const { return waiting_.empty() ? next_ : *waiting_.begin(); }

  session_id session_;
  sequence_t next_{1};
  std::set<sequence_t> waiting_; ///< at most limits::session_results_max
  std::int64_t used_ms_ = 0;
};

} // namespace troupe::client
