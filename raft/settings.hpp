#pragma once

// Every limit and every period of the consensus core, in one place.

#include <cstddef>
#include <cstdint>

namespace troupe::raft {

/// Periods are in ticks of the driver; one tick is the grain of all timing, 25 ms unless configured. Bytes
/// are entry::cost(). The constructor of the core asserts what the comments demand.
struct settings {
  /// A follower that hears nothing from a leader for a random number of ticks in [min, max] campaigns (paper
  /// §5.2). min is also how long a heard leader protects its term from other candidates, and the period of
  /// the leader's check for a quorum. heartbeat_ticks < min < max.
  unsigned election_ticks_min = 20;
  unsigned election_ticks_max = 40;
  /// A leader with nothing to send still speaks this often. At least 1.
  unsigned heartbeat_ticks = 4;
  /// Reads by leader lease (raft/lease.hpp) of this length in microseconds; 0: none, every read is confirmed.
  /// Then take() has to be told the time.
  std::int64_t lease_us = 0;
  /// A node that was there before gives no vote and does not campaign so early in its life: it may have
  /// promised a leader that has a lease. As long as the promise, or 0 if no leader of the cluster uses
  /// leases.
  unsigned silent_ticks_at_start = 0;

  /// One append message carries at most this, or one entry.
  std::size_t append_bytes_max = std::size_t{1} << 20;
  /// Sent to one follower and not yet acknowledged: at most so many messages, and so many bytes (or one
  /// message).
  std::size_t inflight_messages_max = 64;
  std::size_t inflight_bytes_max = std::size_t{16} << 20;
  /// Newest entries kept in memory. Entries that are not durable yet stay beyond the limit;
  /// uncommitted_bytes_max bounds those.
  std::size_t tail_bytes_max = std::size_t{64} << 20;
  /// A leader refuses proposals while more than this is proposed and not committed; a single larger batch
  /// passes alone.
  std::size_t uncommitted_bytes_max = std::size_t{64} << 20;
  /// Handed out to be applied and not yet applied; one larger entry passes alone.
  std::size_t unapplied_bytes_max = std::size_t{32} << 20;
  /// Reads waiting for their index, the own ones; more fail at once.
  std::size_t pending_reads_max = std::size_t{1} << 16;
  /// Rounds of read confirmation on their way at the same time; later reads gather for the next one.
  std::size_t read_rounds_max = 4;
  /// One chunk of a snapshot on its way to a follower.
  std::size_t snapshot_chunk_bytes = std::size_t{512} << 10;
};

} // namespace troupe::raft
