#pragma once

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>

namespace troupe {

/// Time, as actors see it: sent by the ticker, so that tests can leave the ticker out and hand out time
/// themselves.
struct tick {
  std::int64_t steady_ms = 0; ///< monotone, for deadlines; meaningless outside this process
  std::int64_t wall_ms = 0;   ///< milliseconds since 1970, may jump
};

} // namespace troupe

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(troupe::tick)
