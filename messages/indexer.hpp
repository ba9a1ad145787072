#pragma once

// The indexer: follows the key space and answers searches from this node's own index. Local only.

#include "messages/frontend.hpp"
#include "messages/tick.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <vector>

namespace troupe {

/// One search on its way, with whom to answer.
struct routed_search {
  answer_sink_actor sink;
  std::uint64_t id = 0; ///< the asker's request id
  search_request what;
  std::int64_t deadline_ms = 0; ///< on the node's steady clock
};

/// Searches that may be answered when the index holds what was applied at `index`; they wait here until it
/// does.
struct search_batch {
  index_t index;
  std::vector<routed_search> searches;
};

/// The indexer to itself: a bounded bit of the work that updates leave behind.
struct tidy_index {};

/// From the indexer to the Raft actor, for status reports.
struct search_report {
  search_status status;
};

using indexer_actor = caf::typed_actor<
    // from raft; answers go to the sinks
    caf::reacts_to<search_batch>,
    // from itself
    caf::reacts_to<tidy_index>,
    // from the ticker: deadlines of waiting searches, reports, another try to begin
    caf::reacts_to<tick>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::search_batch)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tidy_index)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::search_report)
