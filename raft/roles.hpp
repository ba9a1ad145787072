#pragma once

// What a node knows only while it plays a role; gone with the role.

#include "base/ids.hpp"
#include "raft/lease.hpp"
#include "raft/progress.hpp"
#include "raft/read_queue.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <variant>

namespace troupe::raft {

struct follower {
  index_t matched;              ///< the log equals the leader's of this term up to here, durable or not
  index_t acknowledged;         ///< told the leader so
  bool answer_due = false;      ///< an append waits for its answer
  std::uint64_t read_round = 0; ///< newest received in this term
};

/// Asks who would vote, in a term that has not begun.
struct pre_candidate {
  std::set<node_id> granted;
};

struct candidate {
  std::set<node_id> granted;
};

struct leader {
  explicit leader(std::int64_t lease_us) : trust(lease_us) {}

  /// A batch of own proposals that is not committed.
  struct uncommitted_batch {
    index_t last;
    std::size_t bytes;
  };

  index_t first_own; ///< the no-op this term began with
  std::map<node_id, progress> others;
  read_rounds reads;
  lease trust; ///< in being the leader
  unsigned ticks_since_round = 0;
  std::deque<uncommitted_batch> uncommitted;
  std::size_t uncommitted_bytes = 0;
  unsigned ticks_since_quorum_check = 0;

  node_id heir;                 ///< takes over as soon as it has the whole log; empty: nobody
  unsigned ticks_with_heir = 0; ///< since the handover began
  /// Since the heir was told to campaign; none: not yet, or so long ago that it is told again.
  std::optional<unsigned> ticks_since_told;
};

using role_state = std::variant<follower, pre_candidate, candidate, leader>;

} // namespace troupe::raft
