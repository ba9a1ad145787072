#pragma once

// What an embedding service answers.

#include "base/result.hpp"

#include <cstdint>
#include <string_view>

namespace troupe::net {

/// Reads `{"data": [{"index": 0, "embedding": [...]}...]}`: the vectors into `to`, `count` times `dimension`
/// floats, in the order of their indexes. errc::unavailable, with a sentence, for anything else: another
/// number of vectors, another dimension, numbers that are not finite, a vector of zeros. What `to` holds then
/// is in doubt.
result<void> read_embedding_answer(std::string_view body, std::size_t count, std::uint32_t dimension,
                                   float* to);

} // namespace troupe::net
