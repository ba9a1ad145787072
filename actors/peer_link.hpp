#pragma once

// One node's end of the link to another node, across CAF's middleman.
//
//   down --(time to dial)--> dialing --(hello answered)--> up --(monitor says down, or a newer hello)--> down
//
// One side of each pair dials (config::dials): when both do, links flap. The other side dials only after it
// has been without a link for a while, because the first one may not know it, or not be able to reach it. If
// their dials meet all the same, that of the first side counts, and nobody dials while there is a link. A
// generation number guards against answers to an earlier dial; the second side's have a bit of their own.
// What is sent while the link is down, or its window is full, is dropped, as a network may; the consensus
// core repeats. Proposals that the window has no room for are refused as overloaded, as the leader would.

#include "messages/dialer.hpp"
#include "messages/formation.hpp"
#include "messages/node_port.hpp"
#include "messages/raft.hpp"

#include <caf/all.hpp>

#include <deque>
#include <optional>
#include <random>
#include <string>

namespace troupe {

struct peer_link_options {
  std::string self_address; ///< normalised, as in the other node's list
  std::string peer_address;
  std::string peer_host;
  std::uint16_t peer_port = 0;
  bool dials = false; ///< at once; else only each time that there was no link for patience_ms
  std::int64_t patience_ms = 3'000;
  incarnation_t incarnation;
  std::uint64_t seed = 0; ///< of the jitter

  /// Both ends acknowledge at least this often, so that one that went down alone is noticed by the other.
  std::int64_t acknowledge_ms = 1'000;
  std::int64_t silence_ms = 5'000;

  std::int64_t backoff_min_ms = 50;
  std::int64_t backoff_max_ms = 500;
  /// Sent and not taken by the other side's link: more is dropped.
  std::size_t window_bytes = 64u << 20;
  std::size_t window_frames = 4'096;
  /// Messages are packed into frames of about this size.
  std::size_t frame_bytes = 4u << 20;
};

struct peer_link_state {
  static inline const char* name = "peer_link";

  peer_link_options options;
  dialer_actor dialer;
  formation_actor formation;
  raft_actor raft;

  std::mt19937_64 random;
  std::int64_t now_ms = 0;
  std::int64_t dial_at_ms = 0;
  std::int64_t backoff_ms = 0;
  bool started = false; ///< it has seen a tick
  bool dialing = false;
  bool greeting = false;        ///< the dial was answered, and its hello is on its way
  std::uint64_t generation = 0; ///< number of the newest dial; the other side's numbers when it dials

  /// Set while the link is up.
  struct connection {
    caf::strong_actor_ptr remote;
    std::uint64_t number = 0;
    std::uint64_t serial = 0;
    std::uint64_t remote_incarnation = 0;
    std::uint64_t sent = 0;                 ///< frames
    std::uint64_t received = 0;             ///< frames
    std::uint64_t acknowledged_to = 0;      ///< received frames that the other side knows were taken
    std::size_t window_used = 0;            ///< bytes
    std::deque<std::size_t> unacknowledged; ///< bytes of the frames sent - size() + 1 .. sent
    std::uint64_t dropped = 0;
    std::int64_t heard_ms = 0;        ///< when the other end last sent something of this connection
    std::int64_t acknowledged_ms = 0; ///< when it was last sent an acknowledgement on its own
  };
  std::optional<connection> up;
  std::uint64_t ups = 0;                 ///< connections so far
  std::optional<link_identity> identity; ///< of this connection: the next may lead to another folder
};

peer_link_actor::behavior_type peer_link(peer_link_actor::stateful_pointer<peer_link_state> self,
                                         peer_link_options options, dialer_actor dialer,
                                         formation_actor formation, raft_actor raft);

} // namespace troupe
