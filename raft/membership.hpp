#pragma once

// Changing the members of a cluster, one at a time (dissertation §4.1). docs/decisions/0007 says why so.

#include "base/entry.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace troupe::raft {

/// As many as a cluster file may list.
inline constexpr std::size_t members_max = 15;

/// A new member begins as a learner, however `who` is marked: it counts for no majority until it has caught
/// up (§4.2.1).
struct add_learner {
  member who;

  friend bool operator==(const add_learner&, const add_learner&) = default;
};

struct promote_learner {
  node_id id;

  friend bool operator==(const promote_learner&, const promote_learner&) = default;
};

/// Learner or voter, also the leader: that one steps down when its own removal is committed (§4.2.2).
struct remove_member {
  node_id id;

  friend bool operator==(const remove_member&, const remove_member&) = default;
};

/// A member is found elsewhere. Majorities stay what they are.
struct move_member {
  node_id id;
  std::string peer_address;
  std::string http_address;

  friend bool operator==(const move_member&, const move_member&) = default;
};

using membership_change = std::variant<add_learner, promote_learner, remove_member, move_member>;

/// Why a change was not taken. Refused means certainly not in the log, now or ever.
enum class change_refusal {
  none,         ///< taken: in effect at once, and lasting when status().members_index is committed
  not_leader,   ///< status().leader says who may be
  handing_over, ///< the leader is handing over
  not_ready,    ///< the leader has not committed an entry of its own term yet; soon it will have
  in_progress,  ///< the change before this one is not committed yet
  known,        ///< a member has this id, storage id or peer address already
  unknown,      ///< no member has this id
  voter,        ///< the member votes already
  behind,       ///< the learner is not heard, or has not caught up
  last_voter,   ///< nobody would be left to lead
  unheard,      ///< too few of those who would vote are heard to commit anything
  too_many,     ///< members_max
};

std::string_view to_string(change_refusal why);

/// Applies the change, or says why the members themselves do not allow it and leaves them alone.
change_refusal apply_change(membership& members, const membership_change& change);

} // namespace troupe::raft
