#pragma once

// Cuts a long text into passages that fit a model.

#include "search/embedder.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace troupe::search {

struct passage_limits {
  std::size_t size_max = 0;             ///< of one passage, as `size_of` counts
  std::size_t bytes_max = 0;            ///< of one passage; also bounds what is given to `size_of`
  std::size_t count_max = passages_max; ///< what is behind these is left out
};

/// Of a stretch of the text, in a model's measure (pieces, bytes); one code point must not be above size_max.
using passage_measure = std::function<std::size_t(std::string_view)>;

/// A text within the limits is one passage, whole. A longer one is cut after a sentence or paragraph where
/// one ends in the second half of what fits, otherwise between words, and a word that is too long between
/// code points. Blanks between passages belong to none; a text of blanks has no passages. `text` should be
/// UTF-8; other bytes count as characters. Calls size_of at most a few times for each word. Pure.
std::vector<passage> split_passages(std::string_view text, const passage_limits& limits,
                                    const passage_measure& size_of);

} // namespace troupe::search
