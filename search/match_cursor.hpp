#pragma once

// A query as a tree of cursors, each of which walks the slots it matches in ascending order and knows what it
// adds to the score of the one it stands on. Documents are taken one at a time, so that scores are sums in
// the order of the query, and the same sum whichever way a document was found.

#include "search/bm25.hpp"
#include "search/posting_cursor.hpp"
#include "search/slot_set.hpp"
#include "search/text_index.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace troupe::search {

class match_cursor {
public:
  match_cursor() = default;
  match_cursor(const match_cursor&) = delete;
  match_cursor& operator=(const match_cursor&) = delete;
  virtual ~match_cursor() = default;

  /// no_slot at the end.
  slot_t slot() const { return slot_; }
  virtual void next() = 0;
  /// To the first match at or after target; stays when slot() is there already.
  virtual void seek(slot_t target) = 0;
  /// next(), but may leave out matches that score less than `least`.
  virtual void next_worthy(double /*least*/) { next(); }

  /// About how many matches there are; orders the children of a conjunction.
  virtual std::uint64_t cost() const = 0;
  /// How many there are, exactly, where that is known without a walk.
  virtual std::optional<std::uint64_t> size() const { return std::nullopt; }

  // Of the slot it stands on:
  virtual void add_score(double& /*sum*/) {}
  /// Not less than what add_score() adds.
  virtual double bound() { return 0; }
  virtual void explain(std::vector<score_part>& /*out*/) {}

protected:
  slot_t slot_ = no_slot;
};

using cursor_ptr = std::unique_ptr<match_cursor>;

/// What a scoring leaf says of itself.
struct leaf_label {
  std::string term;
  std::string field;
};

/// One term, in any field: its postings as they are packed, and whole blocks of them passed over where no
/// score in them is worth it (Ding and Suel, "Faster top-k document retrieval using block-max indexes", SIGIR
/// 2011).
cursor_ptr word_matches(const posting_list& list, const slot_table& slots, const bm25& rank,
                        leaf_label label);

/// A match found before the walk.
struct found_match {
  slot_t slot = 0;
  std::uint32_t count : 30 = 0;   ///< of occurrences
  std::uint32_t distance : 2 = 0; ///< of a fuzzy match from what was asked for
};
/// By distance: what a match that is not exact is worth.
inline constexpr double distance_weights[] = {1, 0.5, 0.25};
inline constexpr std::uint32_t found_count_max = (1U << 30) - 1;

/// Ascending slots. Phrases, prefixes and the like are looked up first, because their idf takes knowing them
/// all.
cursor_ptr listed_matches(std::vector<found_match> found, const slot_table& slots, const bm25& rank,
                          leaf_label label);

/// Without a score.
cursor_ptr set_matches(slot_set set);

/// All of `wanted` (at least one) in the order of the query, none of `unwanted`; `unscored` have to match as
/// well.
cursor_ptr all_matches(std::vector<cursor_ptr> wanted, std::vector<cursor_ptr> unwanted,
                       std::vector<cursor_ptr> unscored);
/// Any of them, in the order of the query.
cursor_ptr any_matches(std::vector<cursor_ptr> children);

} // namespace troupe::search
