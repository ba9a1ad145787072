#pragma once

// How far two vectors are apart, by the widest instructions of the processor that runs it.

#include "search/vector_index.hpp"

#include <cstdint>

namespace troupe::search {

enum class simd : std::uint8_t { portable = 0, avx2 = 1, avx512 = 2 };

/// What this processor and its operating system can do.
simd widest_simd();

/// Smaller is nearer: the squared distance for metric::l2, else minus the inner product (cosine expects
/// vectors of length 1). `size` points to a std::size_t, the number of floats: hnswlib's shape. No alignment
/// is asked for. The sum is formed in another order at each level, so the last bits of a distance differ
/// between processors.
using distance_function = float (*)(const void* a, const void* b, const void* size);

/// Precondition: the processor has `level`.
distance_function distance_for(metric m, simd level);

} // namespace troupe::search
