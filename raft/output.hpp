#pragma once

// What passes between the consensus core and its driver, apart from the messages to other nodes.

#include "base/entry.hpp"
#include "raft/message.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::raft {

/// Something to be put into the log. The core adds term, index and leader time.
struct proposal {
  entry_kind kind = entry_kind::command;
  origin from;
  blob payload;
};

/// Why a proposal was not taken. Refused means certainly not in the log, now or ever.
enum class refusal {
  none,         ///< taken; it may still be lost if leadership is
  not_leader,   ///< status().leader says who may be
  overloaded,   ///< settings::uncommitted_bytes_max
  handing_over, ///< the leader is handing over; soon there is another one, or this one goes on
};

/// What becomes of a wish to hand the leadership over.
enum class handover {
  begun,      ///< settings::election_ticks_min bounds it; status().handing_over_to tells while it lasts
  leads,      ///< that node leads already
  not_leader, ///< this node does not
  busy,       ///< to another node, at the moment
  no_member,  ///< no member has this id
  no_voter,   ///< a learner
  unheard,    ///< the node, or if none was named every other voter, is not heard or far behind
};

/// To be made durable as a whole or as a prefix in the order state, truncate_from, entries. Numbers are
/// consecutive, starting at 1; batches are to be persisted in the order of their numbers, and several may be
/// on their way. Only a hard state may be made durable before what is in front of it, if not before another.
struct persist_batch {
  std::uint64_t number = 0;
  std::optional<hard_state> state;
  std::optional<index_t> truncate_from; ///< first drop this entry of the log and all after it
  std::vector<entry> entries;           ///< contiguous with what the log then holds
};

/// These reads may be answered from any state that has applied `index`.
struct read_ready {
  std::vector<std::uint64_t> ids;
  index_t index;
};

/// Entries lo..hi (both included) of the log on disk are needed, as many as fit into bytes_max, at least one.
struct load_request {
  node_id who; ///< the follower they are for; empty: they are to be applied here
  index_t lo;
  index_t hi;
  std::size_t bytes_max = 0;

  friend bool operator==(const load_request&, const load_request&) = default;
};

/// A follower needs a piece of a snapshot.
struct snapshot_request {
  node_id to;
  index_t index; ///< the snapshot begun with, to be continued if it is still there; else, and for 0: the
                 ///< newest, from offset 0
  std::uint64_t offset = 0;
  std::size_t bytes_max = 0;

  friend bool operator==(const snapshot_request&, const snapshot_request&) = default;
};

/// A piece of a snapshot that the leader sends us. offset 0 begins a new one and discards an unfinished one.
struct incoming_chunk {
  snapshot_meta meta;
  std::uint64_t total_size = 0;
  std::uint64_t offset = 0;
  std::string bytes;
  bool done = false; ///< all is there: verify and install
};

/// Everything the driver has to do since the last output. The fields may be handled in any order and
/// concurrently, except: batches are persisted in order; entries are applied in order; `persist` of this
/// output comes before `store_chunk` when that chunk is done (installing it drops the log).
struct output {
  /// Write and sync this, then call persisted(). Messages that must not leave earlier are held back by
  /// the core.
  std::optional<persist_batch> persist;
  /// May leave at once.
  std::vector<envelope> messages;
  /// The next committed entries, contiguous. They are durable here as well. Call applied() when done.
  std::vector<entry> apply;
  std::vector<read_ready> reads;
  /// Certainly not answered: no leader, leadership lost, or too many. The caller may retry.
  std::vector<std::uint64_t> reads_failed;
  /// Answer each with loaded() or load_failed().
  std::vector<load_request> load;
  /// Answer each with snapshot_chunk(); if there is no snapshot, not at all (it is asked again).
  std::vector<snapshot_request> snapshot_chunks;
  /// Store it, then call chunk_stored(). When done: verify and install, then snapshot_installed() or
  /// snapshot_rejected().
  std::optional<incoming_chunk> store_chunk;
  /// Role, term or leader differ from the previous output.
  bool leadership_changed = false;

  bool empty() const {
    return !persist && messages.empty() && apply.empty() && reads.empty() && reads_failed.empty() &&
           load.empty() && snapshot_chunks.empty() && !store_chunk && !leadership_changed;
  }
};

/// A place in a log: entries of one term and index are the same everywhere. Later terms come after earlier
/// ones. index 0: none is known.
struct log_position {
  term_t term;
  index_t index;

  friend auto operator<=>(const log_position&, const log_position&) = default;
};

/// The members as the log of one node knows them. A node without a log knows none.
struct known_members {
  membership newest; ///< in effect, though perhaps not committed
  log_position newest_at;
  membership committed; ///< the newest one of which this node knows that it is committed
  log_position committed_at;

  friend bool operator==(const known_members&, const known_members&) = default;
};

enum class role_kind { follower, pre_candidate, candidate, leader };

std::string_view to_string(role_kind role);

/// What a leader knows about another member.
struct follower_status {
  node_id id;
  bool voter = true;
  index_t match;                         ///< durable and equal there up to here
  std::uint64_t ticks_since_contact = 0; ///< since its last message
  bool snapshot = false;                 ///< it is being sent a snapshot
  bool keeps_up = false;                 ///< a learner may be promoted
  std::uint64_t read_round = 0;          ///< the newest that it has answered
};

struct status {
  role_kind role = role_kind::follower;
  term_t term;
  node_id leader;          ///< empty: unknown
  node_id handing_over_to; ///< empty: nobody
  index_t commit;
  index_t applied;
  index_t first_index; ///< of the log; last_index + 1 when the log is empty
  index_t last_index;
  index_t durable_index;
  membership members;
  index_t members_index;                  ///< the entry that `members` stands in
  std::vector<follower_status> followers; ///< leader only
  std::uint64_t read_round = 0; ///< leader only: the newest begun. They are numbered anew in each term
};

} // namespace troupe::raft
