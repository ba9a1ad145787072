#pragma once

// The form in which an answer is remembered for a retry: encoded, so that millions of them stay small.

#include "base/blob.hpp"
#include "command/outcome.hpp"

namespace troupe::storage {

/// The result as a retry will see it. Its `results` are left out, and it says so, when it would encode to
/// more than limits::remembered_result_bytes_max, or more than `bytes_left` and limits::small_result_bytes.
blob remember(const command_result& r, std::size_t bytes_left);

/// What remember() made, marked as a replay.
command_result recall(const blob& remembered);

} // namespace troupe::storage
