#pragma once

// Assertions that stay on in every build: a node that finds itself in a state it proved impossible must stop,
// not guess.

namespace troupe {

/// Prints the condition, the reason and the place to standard error, and aborts. Not noexcept: a fuzz target
/// puts one in its place that throws, to go on behind the assertions that guard against a lying peer.
[[noreturn]] void assertion_failed(const char* condition, const char* why, const char* file, int line);

} // namespace troupe

#define TROUPE_ASSERT(condition, why)                                                                        \
  ((condition) ? static_cast<void>(0) : ::troupe::assertion_failed(#condition, why, __FILE__, __LINE__))
