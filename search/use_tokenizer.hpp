#pragma once

// Text -> ids of pieces of the vocabulary, as the reference implementation of Universal Sentence Encoder lite
// does: NFKC, blanks as U+2581, then the most probable segmentation into pieces (Kudo, "Subword
// Regularization", ACL 2018, section 3.2: a unigram language model and the Viterbi algorithm).

#include "base/result.hpp"
#include "search/model_file.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::search {

/// What no piece covers; runs of it become one.
inline constexpr std::uint32_t unknown_piece = 0;

/// Immutable after make(), so several threads may use one, each with a scratch of its own.
class use_tokenizer {
public:
  /// Memory that encode() uses again and again.
  struct scratch {
    std::vector<char32_t> symbols;
    std::vector<double> best;
    std::vector<std::uint32_t> words;
  };

  /// errc::corrupt: a piece that is not UTF-8.
  static result<use_tokenizer> make(const model_file& file);

  /// Ids in the order of the text; none for an empty text. Takes time proportional to the text. Bytes that
  /// are not UTF-8 count as U+FFFD.
  std::vector<std::uint32_t> encode(std::string_view text, scratch& space) const;

private:
  /// A node of the prefix tree over the pieces' code points; its edges stand together, sorted by symbol.
  struct node {
    std::uint32_t first_edge = 0;
    std::uint32_t edges = 0;
    std::uint32_t piece = unknown_piece; ///< the piece that ends here, if any
    double score = 0;
  };
  struct edge {
    char32_t symbol = 0;
    std::uint32_t to = 0;
  };
  struct spelled_piece {
    std::vector<char32_t> symbols;
    std::uint32_t id = 0;
    double score = 0;
  };

  void build(const std::vector<spelled_piece>& sorted);
  const node* step(const node& from, char32_t symbol) const;

  std::vector<node> nodes_;
  std::vector<edge> edges_;
  std::vector<std::uint32_t> lengths_; ///< of each piece, in symbols
};

} // namespace troupe::search
