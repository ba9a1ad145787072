#pragma once

// The steady clock that deadlines inside a node are measured by.

#include <chrono>
#include <cstdint>

namespace troupe {

/// Milliseconds, monotone; meaningless outside this process. What tick::steady_ms carries; for those who
/// cannot wait for the next tick.
inline std::int64_t steady_now_ms() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace troupe
