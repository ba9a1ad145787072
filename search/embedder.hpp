#pragma once

// Text -> vector, whoever makes it.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

/// A piece of a text that fits a model, as a byte range of the text.
struct passage {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  friend bool operator==(const passage&, const passage&) = default;
};

/// A text's vectors: passages in order, and dimension floats for each.
struct embedded_text {
  std::vector<passage> passages;
  std::vector<float> vectors;
};

/// Passages of one text; a longer text is embedded by its first so many, and docs/search.md says so.
inline constexpr std::size_t passages_max = 64;

/// A model with its state. Used by one thread at a time.
class embedder {
public:
  virtual ~embedder() = default;

  virtual std::uint32_t dimension() const = 0;
  /// Splits long texts. errc::invalid_argument: nothing to embed (the text is "skipped"); errc::unavailable:
  /// try again later; errc::io_error: this text fails.
  virtual result<embedded_text> embed(std::string_view text) = 0;
};

} // namespace troupe::search
