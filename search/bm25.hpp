#pragma once

// BM25 as in text_index.hpp.

#include "search/posting_block.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::search {

struct bm25 {
  double k1 = 1.2;
  double b = 0.75;
  double average_length = 0; ///< in words; 0 when no document has any, and then nothing is scored

  /// FTS5's: terms of more than half of the documents count for next to nothing, not for less.
  static double idf(std::uint64_t documents, std::uint64_t with_term) {
    const auto n = static_cast<double>(with_term);
    return std::max(std::log((static_cast<double>(documents) - n + 0.5) / (n + 0.5)), 1e-6);
  }
  double score(double idf, double frequency, double length) const {
    return idf * (frequency * (k1 + 1) / (frequency + k1 * (1 - b + b * length / average_length)));
  }
  /// No posting of a block with these bounds scores more.
  double bound(double idf, const block_bounds& of) const {
    double most = 0;
    for (std::size_t i = 0; i < of.shortest.size(); ++i) {
      const auto most_often = i + 1 < of.shortest.size() ? i + 1 : of.count_max;
      if (most_often <= of.count_max)
        most = std::max(most, score(idf, static_cast<double>(most_often), of.shortest[i]));
    }
    // A count that was cut off may be any; and rounding may differ in the last digits.
    return of.count_max == UINT16_MAX ? bound(idf) : most * (1 + 1e-9);
  }
  double bound(double idf) const { return idf * (k1 + 1) * (1 + 1e-9); }
};

} // namespace troupe::search
