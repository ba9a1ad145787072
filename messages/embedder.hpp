#pragma once

// Text -> vector. Workers run the model, each on a thread of its own; the embedder decides what they embed:
// on the leader every value that waits for a vector, on each node the writes that want to be embedded before
// they are proposed. Local only.

#include "messages/frontend.hpp"
#include "messages/tick.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// What became of one text.
struct embedding_attempt {
  enum class fate : std::uint8_t {
    embedded,
    nothing,     ///< the text holds nothing to embed
    failed,      ///< this text cannot be embedded
    unavailable, ///< whoever makes vectors does not answer; the text may be tried again
  };

  fate what = fate::unavailable;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> passages;
  std::vector<float> vectors;
  std::string why; ///< unless embedded
};

struct embed_texts {
  std::vector<std::string> texts;
  /// On the node's steady clock: texts whose turn comes later are not embedded (unavailable). 0: none.
  std::int64_t deadline_ms = 0;
};
/// Answers embed_texts, in the same order.
struct embedded_texts {
  std::vector<embedding_attempt> attempts;
};

using embed_worker_actor = caf::typed_actor<caf::replies_to<embed_texts>::with<embedded_texts>>;

/// Writes that are to be embedded before they are proposed. Their answers go to the sink.
struct embed_writes {
  std::vector<request> requests;
};

/// From the Raft actor: whether this node leads now.
struct leadership {
  bool leads = false;
};

using embedder_actor = answer_sink_actor::extend<
    // from raft
    caf::reacts_to<embed_writes, answer_sink_actor>, caf::reacts_to<leadership>,
    // from the ticker
    caf::reacts_to<tick>>;

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::embed_texts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::embedded_texts)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::embed_writes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::leadership)
