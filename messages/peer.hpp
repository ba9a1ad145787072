#pragma once

// What crosses the network between the nodes of one cluster. As with clients, the body is one byte string in
// our own bounded encoding, inside a frame that says who speaks to whom. CAF's node and actor ids may repeat
// after a restart, so every message carries the cluster, both ends, the sender's incarnation and the number
// of the connection it belongs to.

#include "base/entry.hpp"
#include "base/result.hpp"
#include "command/request.hpp"
#include "messages/tick.hpp"
#include "raft/formation.hpp"
#include "raft/message.hpp"
#include "raft/output.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/meta/type_name.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace troupe {

inline constexpr std::uint16_t peer_protocol_version = 3;

/// Opens a link. The dialing side sends it together with its own handle and gets the other side's in return.
struct link_hello {
  std::uint16_t version = peer_protocol_version;
  std::string from; ///< peer address of the sender, normalised as config/address.hpp does
  std::string to;   ///< the address that was dialed
  std::uint64_t incarnation = 0;
  std::uint64_t connection = 0; ///< number of this dial, increasing within an incarnation
};

/// A batch of peer messages, or of formation messages.
struct link_frame {
  std::uint64_t incarnation = 0; ///< of the sender
  std::uint64_t connection = 0;  ///< as the dialing side numbered it
  std::uint64_t number = 0;      ///< counts the frames of this connection and direction from 1
  std::uint64_t taken = 0;       ///< as link_ack::number, for the other direction
  std::uint64_t cluster_high = 0;
  std::uint64_t cluster_low = 0; ///< both 0: formation messages, which carry the cluster themselves
  std::string from;              ///< node id of the sender; empty in formation frames
  std::string to;                ///< node id of the receiver; empty in formation frames
  std::string payload;
};

/// Everything up to this frame has been taken from the receiver's mailbox: the sender's window moves on. Sent
/// only when no frame goes the other way that could carry it.
struct link_ack {
  std::uint64_t incarnation = 0; ///< of the sender of this acknowledgement
  std::uint64_t connection = 0;
  std::uint64_t number = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_hello& x) {
  return f(caf::meta::type_name("troupe::link_hello"), x.version, x.from, x.to, x.incarnation, x.connection);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_frame& x) {
  return f(caf::meta::type_name("troupe::link_frame"), x.incarnation, x.connection, x.number, x.taken,
           x.cluster_high, x.cluster_low, x.from, x.to, x.payload);
}
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, link_ack& x) {
  return f(caf::meta::type_name("troupe::link_ack"), x.incarnation, x.connection, x.number);
}

/// A follower hands proposals to the leader. The origins in them let the follower answer when it applies the
/// entries itself.
struct forward_proposals {
  term_t term; ///< of the leadership the follower believes in
  std::vector<raft::proposal> proposals;
};

/// What a leader has too little of for a write.
enum class shortage : std::uint8_t { none = 0, disk = 1, memory = 2 };

/// The receiver did not append these proposals and never will: the follower may try elsewhere.
struct forward_refusal {
  incarnation_t asker;                ///< which process proposed them
  std::vector<std::uint64_t> numbers; ///< origin.number of each
  raft::refusal why = raft::refusal::not_leader;
  shortage of = shortage::none; ///< with overloaded: of what; none: too much is in flight
};

/// How a node is, when that matters to the others: said when it changes and again now and then while it is
/// so.
struct peer_condition {
  bool disk_full = false; ///< no reason to hand the leadership over to it
};

/// A follower hands on the wish that the leader of this term hands over to `to`, or if empty to whoever it
/// likes. Nobody answers: the follower sees a new leader, or it does not.
struct forward_handover {
  term_t term;
  node_id to;
};

/// A node hands the wish for another membership to the leader, which answers with member_answer.
struct forward_member {
  incarnation_t asker;      ///< the asking process
  std::uint64_t number = 0; ///< chosen by it
  std::uint32_t timeout_ms = 0;
  member_request wish;
};

/// What became of it. If it gets lost the asker does not know, and says so.
struct member_answer {
  incarnation_t asker;
  std::uint64_t number = 0;
  std::variant<member_result, refusal> outcome;
};

using peer_message = std::variant<raft::message, forward_proposals, forward_refusal, forward_handover,
                                  peer_condition, forward_member, member_answer>;

std::string encode_peer_messages(const std::vector<peer_message>& batch);
result<std::vector<peer_message>> decode_peer_messages(std::string_view bytes);

/// Hands messages to the link; dropped, as a network may, when the link is down or its window is full.
struct link_send {
  std::vector<peer_message> messages;
};

/// Tells a link in which cluster and under which names the two ends speak. Before, and with names that do not
/// match a frame, frames of peer messages are dropped.
struct link_identity {
  cluster_id cluster;
  node_id self;
  node_id peer;             ///< empty: nobody any more
  storage_id storage = {};  ///< of the peer
  std::uint64_t serial = 0; ///< link_state::serial of the connection that it was found out on
};

/// The same for the messages that found the cluster.
struct link_send_formation {
  raft::formation_message message;
};

/// One node's end of the link to another node.
using peer_link_actor = caf::typed_actor<
    // from the other node, by way of the port actor: opens a link; answers with this end's hello and handle
    caf::replies_to<link_hello, caf::strong_actor_ptr>::with<link_hello, caf::strong_actor_ptr>,
    // from the other end
    caf::reacts_to<link_frame>,
    // from the other end
    caf::reacts_to<link_ack>,
    // from the Raft actor
    caf::reacts_to<link_send>,
    // from the formation actor
    caf::reacts_to<link_send_formation>,
    // from the formation actor, once the cluster is formed and the other side has shown the right storage id
    caf::reacts_to<link_identity>,
    // from the ticker: dial again when it is time, end what is overdue
    caf::reacts_to<tick>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::link_send)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::link_send_formation)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::link_identity)
