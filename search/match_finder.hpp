#pragma once

// Matches that have to be looked up as a whole: those of phrases, of words in certain fields, and of the many
// terms that a prefix or a fuzzy word stands for.

#include "search/inverted_index.hpp"
#include "search/match_cursor.hpp"

#include <span>

namespace troupe::search {

/// Which occurrences count.
class field_choice {
public:
  /// Everywhere.
  field_choice() = default;
  /// In these fields; none of them: nowhere.
  explicit field_choice(std::vector<field_number> fields);

  bool everywhere() const { return everywhere_; }
  bool nowhere() const { return !everywhere_ && fields_.empty(); }
  bool has(field_number f) const;

private:
  bool everywhere_ = true;
  std::vector<field_number> fields_; ///< ascending
};

/// A term of the dictionary and how far it is from what was asked for.
struct expansion {
  term_id term = 0;
  std::uint32_t distance = 0;
};

/// Live terms that begin with `front`; above expansions_max the most frequent ones, ties by term.
std::vector<expansion> expand_prefix(const inverted_index& index, std::string_view front);
/// Live terms at most so far from `word`; above expansions_max the nearest, of these the most frequent, ties
/// by term.
std::vector<expansion> expand_fuzzy(const inverted_index& index, std::string_view word, unsigned distance);

/// Documents with any of the terms. Of several distances in one document the least counts; occurrences are
/// counted of exact matches only, for a word that is often misspelt is no better than one written right once.
std::vector<found_match> find_any(const inverted_index& index, std::span<const expansion> terms,
                                  const field_choice& fields);

/// Documents in which the terms stand at these distances from each other within one text part. As many
/// positions as terms, ascending.
std::vector<found_match> find_phrase(const inverted_index& index, std::span<const std::string> terms,
                                     std::span<const std::uint32_t> positions, const field_choice& fields);

} // namespace troupe::search
