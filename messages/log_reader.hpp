#pragma once

// The log reader: serves old entries beside the writer, so that a lagging follower never slows a write. Local
// only.

#include "raft/output.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

namespace troupe {

struct entries_loaded {
  raft::load_request request;
  bool found = false; ///< false: compacted away
  std::vector<entry> entries;
};

using log_reader_actor = caf::typed_actor<
    // from raft; answered by entries_loaded
    caf::reacts_to<raft::load_request>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::raft::load_request)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::entries_loaded)
