#pragma once

// What consensus cores say to each other: one struct a message kind. Values only; message_archive.hpp has the
// encoding.
//
// The network may lose, repeat, delay and reorder messages; it must not change them or invent them. Every
// message carries its sender's term, except that the two of the pre-vote carry the term the sender would
// campaign in.

#include "base/entry.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe::raft {

/// "Would you vote for me in `term`?" Changes nothing at the receiver (dissertation §9.6).
struct pre_vote_request {
  term_t term; ///< the sender's term + 1
  index_t last_index;
  term_t last_term;

  friend bool operator==(const pre_vote_request&, const pre_vote_request&) = default;
};

struct pre_vote_response {
  term_t term; ///< granted: the term asked about; else the term of the receiver
  bool granted = false;

  friend bool operator==(const pre_vote_response&, const pre_vote_response&) = default;
};

/// RequestVote of the paper, §5.2 and §5.4.1.
struct vote_request {
  term_t term;
  index_t last_index;
  term_t last_term;
  /// The leader asked the sender to campaign: a receiver that hears that leader need not protect its term
  /// (dissertation §4.2.3).
  bool handed_over = false;

  friend bool operator==(const vote_request&, const vote_request&) = default;
};

struct vote_response {
  term_t term;
  bool granted = false;

  friend bool operator==(const vote_response&, const vote_response&) = default;
};

/// AppendEntries of the paper, §5.3; without entries it is a heartbeat, a probe or news of the commit index.
struct append_request {
  term_t term;
  index_t previous_index; ///< 0: matches every log
  term_t previous_term;
  index_t commit;
  std::uint64_t read_round = 0; ///< newest round of read confirmation of this leader (dissertation §6.4)
  bool acknowledge = true;      ///< false: mere news of the commit index, answered only when refused
  std::vector<entry> entries;   ///< contiguous, the first at previous_index + 1
  /// The receiver elects nobody for settings::election_ticks_min from now on, unless the leader asks it to:
  /// the sender may be answering reads by lease (dissertation §6.4.1).
  bool hold = false;

  friend bool operator==(const append_request&, const append_request&) = default;
};

struct append_response {
  term_t term;
  bool accepted = false;
  /// Accepted: the receiver's log is durable and equal to the leader's up to here. Refused: previous_index of
  /// the refused request.
  index_t index;
  /// Refused: no entry of the receiver after hint_index can match; hint_term is its term there, 0 when
  /// unknown.
  index_t hint_index;
  term_t hint_term;
  std::uint64_t read_round =
      0; ///< newest round received in this term; this answer confirms it and all before

  friend bool operator==(const append_response&, const append_response&) = default;
};

/// One chunk of the leader's snapshot (paper §7).
struct install_snapshot {
  term_t term;
  snapshot_meta meta;
  std::uint64_t total_size = 0; ///< bytes of the whole snapshot
  std::uint64_t offset = 0;     ///< of this chunk
  std::string chunk;
  bool done = false; ///< the last chunk

  friend bool operator==(const install_snapshot&, const install_snapshot&) = default;
};

enum class install_status : std::uint8_t {
  receiving = 0, ///< send the chunk at next_offset
  installed = 1, ///< the receiver's state and log cover `index`
  rejected = 2,  ///< what arrived does not verify: begin again
};

struct install_snapshot_response {
  term_t term;
  index_t index; ///< of the snapshot
  std::uint64_t next_offset = 0;
  install_status status = install_status::receiving;

  friend bool operator==(const install_snapshot_response&, const install_snapshot_response&) = default;
};

/// A follower asks the leader from which index on its state answers reads that it holds (dissertation §6.4).
struct read_index_request {
  term_t term;
  std::uint64_t number =
      0; ///< chosen by the follower; starts at random so that no answer to an earlier life fits

  friend bool operator==(const read_index_request&, const read_index_request&) = default;
};

struct read_index_response {
  term_t term;
  std::uint64_t number = 0;
  bool granted = false; ///< false: the receiver does not lead
  index_t index;

  friend bool operator==(const read_index_response&, const read_index_response&) = default;
};

/// The leader hands its leadership over: the receiver campaigns at once, without a pre-vote (dissertation
/// §3.10).
struct timeout_now {
  term_t term;

  friend bool operator==(const timeout_now&, const timeout_now&) = default;
};

using message = std::variant<pre_vote_request, pre_vote_response, vote_request, vote_response, append_request,
                             append_response, install_snapshot, install_snapshot_response, read_index_request,
                             read_index_response, timeout_now>;

/// A message and its receiver.
struct envelope {
  node_id to;
  message body;

  friend bool operator==(const envelope&, const envelope&) = default;
};

} // namespace troupe::raft
