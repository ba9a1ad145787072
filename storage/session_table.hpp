#pragma once

// Client sessions: what makes a retried command harmless (Raft dissertation §6.3). Part of the replicated
// state, so nothing here depends on anything but the commands and the leader times in the log. Not
// thread-safe.

#include "base/result.hpp"
#include "command/command.hpp"
#include "command/outcome.hpp"

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <vector>

namespace troupe::storage {

struct remembered_result {
  sequence_t sequence;
  blob result; ///< state_machine_memory.hpp
};

struct session_state {
  sequence_t lowest{1}; ///< numbers below are forgotten
  /// By sequence, all in [lowest, lowest + limits::session_results_max).
  std::deque<remembered_result> results;
};

/// One session as a pin sees it; the state is shared with the table until the table changes it.
struct captured_session {
  session_id id;
  std::int64_t last_used_ms = 0;
  std::shared_ptr<const session_state> state;
};

class session_table {
public:
  /// Forgets every session that was idle for limits::session_idle_ms. At most limits::sessions_max short
  /// steps; the results are freed later, by free_some and open. `now_ms` never goes back.
  void expire(std::int64_t now_ms);

  /// False: limits::sessions_max are open. Precondition: the id is new and larger than any before.
  bool open(session_id id, std::int64_t now_ms);
  /// False: there is no such session.
  bool close(session_id id);

  struct admission {
    /// `applied`: the command is new and may be applied. Otherwise why not, unless there is a replay.
    outcome code = outcome::applied;
    /// The remembered answer of this very number.
    const blob* replay = nullptr;
  };
  /// Counts as use of the session, whatever comes out, and forgets what the stamp says is no longer
  /// outstanding.
  admission admit(const session_stamp& stamp, std::int64_t now_ms);
  /// Remembers the answer to an admitted command. Nothing happens when the session is gone by now (it closed
  /// itself).
  void remember_result(const session_stamp& stamp, const command_result& r);

  std::size_t size() const { return sessions_.size(); }
  /// Frees results of about `work` sessions that ended; returns whether there are more.
  bool free_some(std::size_t work);

  /// All sessions by id, without copying their results.
  std::vector<captured_session> capture() const;
  /// Restoring: sessions by ascending id into an empty table, then finish_load. errc::corrupt for what no
  /// table holds.
  result<void> load(session_id id, std::int64_t last_used_ms, session_state state);
  void finish_load();

private:
  struct use {
    session_id id;
    std::int64_t last_used_ms;
  };
  struct slot {
    std::shared_ptr<session_state> state;
    std::list<use>::iterator by_use;
  };

  void end(std::map<session_id, slot>::iterator place);
  session_state& writable(slot& s);

  std::map<session_id, slot> sessions_;
  std::list<use> by_use_; ///< least recently used first
  std::vector<std::shared_ptr<session_state>> ended_;
  std::size_t result_bytes_ = 0; ///< of all remembered results of open sessions
};

} // namespace troupe::storage
