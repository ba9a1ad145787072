#pragma once

// What the replicated log is made of. These values are shared by the consensus core, the log files and the
// key space.

#include "base/blob.hpp"
#include "base/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe {

enum class entry_kind : std::uint8_t {
  noop = 0,       ///< a new leader's first entry (Raft dissertation §6.4); no payload, no revision
  command = 1,    ///< payload: an encoded command (command/codec.hpp)
  membership = 2, ///< payload: an encoded membership; no revision
};

/// Which request of which process proposed an entry. Every node that applies the entry can see whether the
/// request is its own and then answers it; so a forwarding node needs no answer from the leader. number == 0:
/// nobody waits.
struct origin {
  incarnation_t incarnation;
  std::uint64_t number = 0;

  friend bool operator==(const origin&, const origin&) = default;
};

/// One log entry. The payload is encoded once, where the request enters the cluster; this frame is what the
/// leader adds.
struct entry {
  term_t term;
  index_t index;
  entry_kind kind = entry_kind::noop;
  /// Log time in milliseconds (raft/log_clock.hpp): no date, and never smaller than that of any earlier
  /// entry. The only clock apply may use.
  std::int64_t leader_time_ms = 0;
  origin from;
  blob payload;

  friend bool operator==(const entry&, const entry&) = default;
  /// What an entry counts for in every limit that is stated in bytes: payload and a flat charge for the
  /// frame.
  std::size_t cost() const { return payload.size() + 64; }
};

/// What must be durable before a vote, an acknowledgement or a message of a new term leaves the node (paper,
/// figure 2).
struct hard_state {
  term_t term;
  node_id vote; ///< empty: not voted in this term

  friend bool operator==(const hard_state&, const hard_state&) = default;
};

/// One node of the cluster as the log knows it. Identity is `id` together with `storage`; addresses may
/// change.
struct member {
  node_id id;
  storage_id storage;
  std::string peer_address; ///< host:port of the peer link
  std::string http_address; ///< host:port of the HTTP gateway
  bool voter = true;        ///< false: a learner, replicated to but not counted

  friend bool operator==(const member&, const member&) = default;
};

/// The cluster as of some log entry. Members are sorted by id and ids are unique.
struct membership {
  cluster_id cluster;
  std::vector<member> members;

  const member* find(const node_id& id) const {
    for (auto& m : members)
      if (m.id == id) return &m;
    return nullptr;
  }
  friend bool operator==(const membership&, const membership&) = default;
};

/// Names the state after applying the entry at `index`. index 0: the empty state before the log.
struct snapshot_meta {
  index_t index;
  term_t term;
  membership members; ///< the newest membership at or before index

  friend bool operator==(const snapshot_meta&, const snapshot_meta&) = default;
};

} // namespace troupe
