#pragma once

// The bytes of annotate_operation::vectors.

#include "base/blob.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe {

struct passage_vectors {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> passages; ///< byte ranges of the embeddable text
  std::vector<float> vectors;                                    ///< one after the other

  friend bool operator==(const passage_vectors&, const passage_vectors&) = default;
};

/// Precondition (asserted): passages is not empty and vectors holds the same number of floats for each.
blob encode_vectors(const passage_vectors& v);
/// errc::corrupt unless `bytes` are what encode_vectors makes for vectors of this dimension, with finite
/// floats.
result<passage_vectors> decode_vectors(std::string_view bytes, std::uint32_t dimension);
/// Whether decode_vectors would succeed, without copying.
bool valid_vectors(std::string_view bytes, std::uint32_t dimension);
/// The only dimension of which `bytes` can be, by their size; 0 when there is none.
std::uint32_t dimension_of(std::string_view bytes);

} // namespace troupe
