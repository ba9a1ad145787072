#pragma once

// The Raft actor: a thin shell around raft::core that carries the core's outputs to the disk, the peers and
// the storage, and remembers who waits for what. Local only.

#include "messages/embedder.hpp"
#include "messages/frontend.hpp"
#include "messages/indexer.hpp"
#include "messages/log_reader.hpp"
#include "messages/peer.hpp"
#include "messages/snapshotter.hpp"
#include "messages/storage.hpp"
#include "messages/supervisor.hpp"
#include "messages/tick.hpp"
#include "messages/wal_writer.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

namespace troupe {

/// The cluster has formed, now or in an earlier run.
struct cluster_formed {
  membership members;
  bool joined = false; ///< this node was added to it: its log begins empty, and the leader fills it
  member self = {};    ///< this node, and where it is now
};

/// A link to a node of this cluster went up (and the node was checked) or down.
struct peer_state {
  node_id peer;
  peer_link_actor link;
  bool up = false;
  member shown = {}; ///< of one that is up: what it says it is, and where
};

/// From the formation actor: a node that waits to be added was heard, or no longer is.
struct joiner_state {
  member who;
  bool here = false;
};

/// From a link: what a node sent that the formation actor let in.
struct peer_input {
  node_id from;
  storage_id storage; ///< of its folder: what it answers counts only if the newest membership names this one
  std::vector<peer_message> messages;
};

/// The node is about to stop: hand the leadership over if it has it. Answered with gave_way when another node
/// leads, or at once when nobody can take over.
struct give_way {
  supervisor_actor supervisor;
};

/// Carry out what has gathered in the core. The Raft actor sends it to itself, so that everything already in
/// its mailbox joins.
struct pump_core {};

/// Who searches and who embeds on this node; told once they have been spawned, and again when one was
/// replaced.
struct search_parts {
  indexer_actor indexer;
  embedder_actor embedder;
};

using raft_actor = caf::typed_actor<
    // from gateways, the client endpoint and the embedder
    caf::reacts_to<request_batch, answer_sink_actor>,
    // from the supervisor
    caf::reacts_to<search_parts>, caf::reacts_to<give_way>,
    // from the indexer
    caf::reacts_to<search_report>,
    // from the formation actor, once
    caf::reacts_to<cluster_formed>,
    // from the formation actor
    caf::reacts_to<peer_state>, caf::reacts_to<joiner_state>,
    // from the links
    caf::reacts_to<peer_input>,
    // from the WAL writer
    caf::reacts_to<persisted_notice>, caf::reacts_to<log_reset_done>, caf::reacts_to<log_condition>,
    // from the log reader
    caf::reacts_to<entries_loaded>,
    // from the storage actor
    caf::reacts_to<applied_notice>,
    // from the snapshotter
    caf::reacts_to<snapshot_report>, caf::reacts_to<snapshot_piece>, caf::reacts_to<chunk_stored>,
    caf::reacts_to<snapshot_received>,
    // from itself
    caf::reacts_to<pump_core>,
    // from the ticker
    caf::reacts_to<tick>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::cluster_formed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::peer_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::joiner_state)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::peer_input)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::search_parts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::give_way)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pump_core)
