#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>

namespace troupe {

/// Time, as actors see it: sent by the ticker, so that tests can leave the ticker out and hand out time
/// themselves.
struct tick {
  std::int64_t steady_ms = 0; ///< monotone; meaningless outside this process
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tick)
