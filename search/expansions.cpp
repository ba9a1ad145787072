#include "search/edit_distance.hpp"
#include "search/match_finder.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

/// The number a term goes by depends on the order in which terms were met, so it decides nothing here.
void keep_best(const inverted_index& index, std::vector<expansion>& found) {
  if (found.size() <= expansions_max) return;
  auto better = [&](const expansion& a, const expansion& b) {
    if (a.distance != b.distance) return a.distance < b.distance;
    const auto often_a = index.postings(a.term).live();
    const auto often_b = index.postings(b.term).live();
    return often_a != often_b ? often_a > often_b : index.terms().text(a.term) < index.terms().text(b.term);
  };
  std::nth_element(found.begin(), found.begin() + expansions_max, found.end(), better);
  found.resize(expansions_max);
}

} // namespace

std::vector<expansion> expand_prefix(const inverted_index& index, std::string_view front) {
  std::vector<expansion> found;
  index.terms().each_with_prefix(front, [&](term_id t) {
    if (index.postings(t).live() > 0) found.push_back({t, 0});
  });
  keep_best(index, found);
  return found;
}

std::vector<expansion> expand_fuzzy(const inverted_index& index, std::string_view word, unsigned distance) {
  std::vector<expansion> found;
  // An edit is of one code point, which has at most four bytes.
  const std::size_t slack = 4 * distance;
  index.terms().each_with_prefix("", [&](term_id t) {
    const auto size = index.terms().text(t).size();
    if (size > word.size() + slack || size + slack < word.size()) return;
    const auto apart = edit_distance_at_most(index.terms().text(t), word, distance);
    if (apart <= distance && index.postings(t).live() > 0) found.push_back({t, apart});
  });
  keep_best(index, found);
  return found;
}

} // namespace troupe::search
