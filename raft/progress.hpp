#pragma once

// What a leader knows of one other member, and how much it may send it.

#include "base/entry.hpp"
#include "raft/output.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace troupe::raft {

/// Messages sent and not yet acknowledged, bounded in number and bytes.
class inflight_window {
public:
  bool has_room(std::size_t messages_max, std::size_t bytes_max) const {
    return sent_.size() < messages_max && bytes_ < bytes_max;
  }
  void sent(index_t last, std::size_t bytes);
  void acknowledged(index_t match);
  void clear();

private:
  struct sent_message {
    index_t last;
    std::size_t bytes;
  };
  std::deque<sent_message> sent_;
  std::size_t bytes_ = 0;
};

/// A snapshot on its way, one chunk at a time.
struct snapshot_transfer {
  enum class phase { idle, awaiting_chunk, awaiting_answer };
  phase at = phase::idle;
  index_t index; ///< of the snapshot; 0 until its first chunk is there
  std::uint64_t offset = 0;
  unsigned ticks_in_phase = 0;
};

/// Whether a follower keeps up, measured in rounds (dissertation §4.2.1): a round ends when the follower
/// holds what the leader's log held when the round began.
struct catch_up_rounds {
  index_t goal; ///< of this round
  unsigned ticks = 0;
  bool keeps_up = false; ///< the last round took no longer than `ticks_max`, nor does this one so far

  void reached(index_t match, index_t last, unsigned ticks_max) {
    if (match < goal) return;
    keeps_up = ticks <= ticks_max;
    goal = last;
    ticks = 0;
  }
  void tick(unsigned ticks_max) {
    if (++ticks > ticks_max) keeps_up = false;
  }
};

/// Invariant: match < next.
struct progress {
  enum class mode {
    probe,   ///< where its log agrees is not known: one message at a time
    stream,  ///< it agrees up to next - 1, unless something gets lost
    snapshot ///< what it needs is compacted away
  };

  mode at = mode::probe;
  bool voter = true;
  index_t match; ///< durable and equal there up to here
  index_t next;  ///< the first entry to be sent next
  index_t commit_sent;
  std::uint64_t round_sent = 0;
  std::uint64_t round_acknowledged = 0;
  std::uint64_t ticks_since_contact = 0; ///< since it was heard
  unsigned ticks_since_sent = 0;         ///< since it was sent anything that it must answer

  bool probe_sent = false; ///< and neither answered nor timed out
  /// Since the last probe, or since one was held back. A clock of its own: read rounds and heartbeats go out
  /// meanwhile and must not put a lost probe off.
  unsigned ticks_since_probe = 0;
  index_t probe_last; ///< last entry that went with the probe
  std::size_t probe_bytes = 0;

  catch_up_rounds rounds;
  inflight_window inflight;
  std::optional<load_request> loading; ///< unanswered, wanted or not: one at a time
  std::vector<entry> loaded;           ///< arrived from disk; at most one message's worth
  snapshot_transfer transfer;

  void become_probe(index_t next_index);
  void become_stream();
  void become_snapshot();
};

} // namespace troupe::raft
