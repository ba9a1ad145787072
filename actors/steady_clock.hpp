#pragma once

// The clocks that a node measures spans of time by: neither jumps.

#include <chrono>
#include <cstdint>

#include <time.h>

namespace troupe {

/// Milliseconds, monotone; meaningless outside this process. What tick::steady_ms carries; for those who
/// cannot wait for the next tick.
inline std::int64_t steady_now_ms() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  return duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Microseconds since the machine was started, those included in which it slept: for what must end in time
/// although the process, or the machine, was halted meanwhile.
inline std::int64_t boot_now_us() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

} // namespace troupe
