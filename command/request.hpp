#pragma once

// What gateways and clients ask of a node, and what it answers: batches, matched by the asker's own request
// ids.

#include "base/entry.hpp"
#include "command/command.hpp"
#include "command/outcome.hpp"
#include "command/query.hpp"
#include "command/search.hpp"

namespace troupe {

/// An encoded command (command/codec.hpp). It is encoded where it enters the cluster and never again.
struct write_request {
  blob command;
  /// The node that is asked embeds what is put before it proposes, so that the answer comes when the value
  /// can be found by meaning.
  bool embed = false;

  friend bool operator==(const write_request&, const write_request&) = default;
};

struct read_request {
  query what;
  consistency mode = consistency::linearizable;

  friend bool operator==(const read_request&, const read_request&) = default;
};

/// Asks for a cluster_status of the node that is asked.
struct status_request {
  friend bool operator==(const status_request&, const status_request&) = default;
};

/// Writes a snapshot of this node's state now and compacts its log behind it.
struct snapshot_now_request {
  friend bool operator==(const snapshot_now_request&, const snapshot_now_request&) = default;
};

/// Asks the leader to hand its leadership to another voter. Any node may be asked.
struct transfer_request {
  node_id target; ///< empty: the voter that holds most of the log

  friend bool operator==(const transfer_request&, const transfer_request&) = default;
};

/// add: the node that waits under this id becomes a learner, or a member is found at the addresses that it
/// says now. replace: the member of this id goes, and the node that waits under it is added in its place.
enum class member_action : std::uint8_t { add = 0, promote = 1, remove = 2, replace = 3 };

constexpr std::string_view to_string(member_action action) {
  switch (action) {
  case member_action::add: return "add";
  case member_action::promote: return "promote";
  case member_action::remove: return "remove";
  case member_action::replace: return "replace";
  }
  return "unknown action";
}

/// Changes the members. Any node may be asked; asking again for what is so already changes nothing.
struct member_request {
  member_action action = member_action::add;
  node_id id;
  std::string peer_address; ///< of the node to be added or replaced, when it has to be this one; empty: any

  friend bool operator==(const member_request&, const member_request&) = default;
};

struct request {
  std::uint64_t id = 0;              ///< chosen by the asker, unique among its open requests
  std::uint32_t timeout_ms = 10'000; ///< from when the node receives it; the node then answers with a refusal
  std::variant<write_request, read_request, status_request, snapshot_now_request, search_request,
               transfer_request, member_request>
      body;

  friend bool operator==(const request&, const request&) = default;
};

/// Why a request has no result.
enum class refusal_kind : std::uint8_t {
  no_leader = 0,       ///< certainly not applied
  overloaded = 1,      ///< certainly not applied; a limit on what is in flight was reached
  outcome_unknown = 2, ///< a write that may or may not have been, or may yet be, applied
  timed_out = 3,       ///< a read that got no answer in time
  stopping = 4,        ///< certainly not applied; the node is shutting down or restarting a part
  invalid = 5,         ///< certainly not applied; the request itself is wrong
  disk_full = 6,       ///< certainly not applied; the node refuses writes until there is space
  not_possible = 7,    ///< certainly not done; the state of the cluster does not allow it
  memory_full = 8,     ///< certainly not applied; the memory alarm is on, and the write could make it worse
  not_ready = 9,       ///< certainly not applied; this node cannot serve it now, but another may
};

struct refusal {
  refusal_kind kind = refusal_kind::no_leader;
  std::uint32_t retry_after_ms = 0; ///< a hint; 0: none
  std::string detail;               ///< one sentence for a person

  friend bool operator==(const refusal&, const refusal&) = default;
};

enum class node_role : std::uint8_t { forming = 0, follower = 1, candidate = 2, leader = 3, learner = 4 };

struct member_status {
  node_id id;
  std::string peer_address;
  std::string http_address;
  node_role role = node_role::follower; ///< as this node sees it
  index_t match;                        ///< known to be durable there; 0 when this node is not the leader
  std::int64_t last_contact_ms = -1;    ///< since anything was heard from it; -1: never, 0: itself
  bool voter = true;                    ///< false: a learner, which counts for no majority
  bool keeps_up = false;  ///< the leader's view: heard, and within one election time-out of the log's end
  bool disk_full = false; ///< it said so lately to the node that is asked

  friend bool operator==(const member_status&, const member_status&) = default;
};

struct cluster_status {
  cluster_id cluster; ///< none while forming
  node_id self;
  node_role role = node_role::forming;
  node_id leader; ///< empty: none known
  term_t term;
  index_t commit;
  index_t applied;
  index_t last;     ///< last log entry
  index_t first;    ///< first log entry that is kept
  index_t snapshot; ///< index of the newest snapshot
  revision_t revision;
  revision_t compacted;
  std::uint64_t keys = 0;
  std::uint64_t log_bytes = 0;
  std::uint64_t memory_bytes = 0; ///< logical bytes of the node that is asked (storage/state_machine.hpp)
  std::uint64_t memory_quota = 0; ///< of the node that is asked
  bool memory_alarm = false;      ///< the cluster takes no writes that grow
  bool disk_full = false;         ///< of the node that is asked
  std::vector<member_status> members;
  std::vector<member_status> waiting; ///< nodes heard here that wait to be added
  search_status search;               ///< of the node that is asked
  std::string recovered; ///< how `troupe recover` or `restore` made that node's folder; empty: they did not

  friend bool operator==(const cluster_status&, const cluster_status&) = default;
};

struct snapshot_result {
  index_t index;
  term_t term;
  std::uint64_t bytes = 0;

  friend bool operator==(const snapshot_result&, const snapshot_result&) = default;
};

/// Who leads now, after a transfer.
struct transfer_result {
  node_id leader;
  term_t term;

  friend bool operator==(const transfer_result&, const transfer_result&) = default;
};

/// The change is committed.
struct member_result {
  bool changed = false; ///< false: it was so already
  index_t index;        ///< of the log, in which the members stand
  std::uint32_t voters = 0;
  std::uint32_t learners = 0;

  friend bool operator==(const member_result&, const member_result&) = default;
};

struct answer {
  std::uint64_t id = 0;
  std::variant<command_result, query_result, cluster_status, snapshot_result, refusal, search_result,
               transfer_result, member_result>
      body;

  friend bool operator==(const answer&, const answer&) = default;
};

} // namespace troupe
