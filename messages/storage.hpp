#pragma once

// The storage actor: the only one that touches the key space. Local only.

#include "messages/frontend.hpp"
#include "messages/tick.hpp"
#include "storage/change.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

namespace storage {
class state_machine;
}

/// Committed entries, contiguous with what was applied before.
struct apply_batch {
  std::vector<entry> entries;
};

/// What the storage knows of itself after a batch.
struct storage_facts {
  index_t applied;
  revision_t revision;
  revision_t compacted;
  std::uint64_t keys = 0;
  std::uint64_t logical_bytes = 0;
  bool memory_alarm = false;
};

/// Answers an apply_batch: the results of those entries that this process proposed, by origin.number.
struct applied_notice {
  index_t done; ///< the last entry of the batch; an installed snapshot can have taken facts.applied further
  storage_facts facts;
  std::vector<std::pair<std::uint64_t, command_result>> results;
};

/// Asks for the facts of this moment: what compaction frees, it frees between two batches.
struct facts_request {};

/// One read on its way, with whom to answer.
struct routed_query {
  answer_sink_actor sink;
  std::uint64_t id = 0; ///< the asker's request id
  query what;
  std::int64_t deadline_ms = 0; ///< on the node's steady clock (actors/steady_clock.hpp)
};

/// Reads that may be answered from a state that has applied `index` or more; they wait here until it has.
struct query_batch {
  index_t index;
  std::vector<routed_query> queries;
};

struct pin_request {};
/// A pin that the storage actor holds for the asker; given up after pin_release, or when nobody pulled from
/// it for its lease.
struct pin_ticket {
  std::uint64_t number = 0; ///< 0: no pin could be had now
  snapshot_meta meta;
  revision_t revision;
  storage::embedding_state embedding;
};
struct pin_pull {
  std::uint64_t number = 0;
};
struct pin_chunk {
  bool ok = false;   ///< false: the pin's lease has ended
  bool done = false; ///< nothing follows
  std::string bytes;
};
struct pin_release {
  std::uint64_t number = 0;
};
/// The pinned state for an index (storage/pin.hpp, next_items).
struct pin_items_pull {
  std::uint64_t number = 0;
};
struct pin_items {
  bool ok = false;   ///< false: the pin's lease has ended
  bool done = false; ///< nothing follows
  std::vector<storage::key_change> items;
};

/// What changed after a log index.
struct changes_request {
  index_t after;
  model_id model;    ///< the model the asker knows
  bool wait = false; ///< answer only when something changed, or the model is another
  std::size_t bytes_max = 0;
};
/// Values that wait for their vector.
struct pending_request {
  model_id model;    ///< the model the asker knows
  bool wait = false; ///< answer only when there are such values, or the model is another
  std::size_t bytes_max = 0;
  revision_t after = {}; ///< only values behind (after, key)
  std::string key = {};
};
struct pending_values {
  storage::embedding_state embedding;
  std::vector<key_value> values; ///< oldest first; empty with wait: the model is another
};

/// Replaces the whole state by one loaded from a snapshot that is newer than what is applied.
struct state_install {
  std::shared_ptr<storage::state_machine> state;
};

using storage_actor = caf::typed_actor<
    // from raft; answered by applied_notice to the Raft actor
    caf::reacts_to<apply_batch>,
    // from raft
    caf::replies_to<facts_request>::with<storage_facts>,
    // from raft; answers go to the sinks
    caf::reacts_to<query_batch>,
    // from the snapshotter
    caf::replies_to<pin_request>::with<pin_ticket>,
    // about 1 MiB of encoded state
    caf::replies_to<pin_pull>::with<pin_chunk>,
    // from the indexer, about 1 MiB
    caf::replies_to<pin_items_pull>::with<pin_items>,
    // from the indexer; one such request waits at a time, an older one is then answered with what there is
    caf::replies_to<changes_request>::with<storage::change_batch>,
    // from the embedder; likewise
    caf::replies_to<pending_request>::with<pending_values>,
    // the asker is done, or gives up
    caf::reacts_to<pin_release>,
    // from the snapshotter after a snapshot of the leader was received and verified
    caf::replies_to<state_install>::with<storage_facts>,
    // from the ticker: deadlines of waiting reads, leases of pins, a bit of compaction
    caf::reacts_to<tick>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::apply_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage_facts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::facts_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::applied_notice)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::query_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pin_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pin_ticket)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pin_pull)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pin_chunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pin_release)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pin_items_pull)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pin_items)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::changes_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::storage::change_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pending_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::pending_values)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::state_install)
