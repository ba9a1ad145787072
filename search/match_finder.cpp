#include "search/match_finder.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

/// With more matches than one in so many slots, an array over all slots is quicker than sorting.
constexpr std::uint64_t dense_share = 64;

void join(found_match& into, const found_match& more) {
  if (into.count == 0 || more.distance < into.distance)
    into = more;
  else if (more.distance == into.distance && more.distance == 0)
    into.count = std::min<std::uint32_t>(into.count + more.count, found_count_max) & found_count_max;
}

std::uint32_t count_in(posting_cursor& at, const field_choice& fields) {
  if (fields.everywhere()) return at.count();
  std::uint32_t n = 0;
  each_place(at.places(), at.count(), [&](place_t, field_number f) { n += fields.has(f) ? 1 : 0; });
  return n;
}

template <class Use>
void each_match(const inverted_index& index, std::span<const expansion> terms, const field_choice& fields,
                Use use) {
  for (auto& e : terms)
    for (posting_cursor at(index.postings(e.term), index.slots()); at.slot() != no_slot; at.next()) {
      auto n = std::min(count_in(at, fields), found_count_max);
      if (n > 0) use(found_match{at.slot(), e.distance == 0 ? n & found_count_max : 1, e.distance & 3U});
    }
}

/// One term of a phrase that occurs in it once or more often.
struct phrase_term {
  posting_cursor at;
  std::uint32_t live;
  std::vector<std::uint32_t> offsets; ///< from the phrase's first position
  std::vector<place_t> places;        ///< in the document all stand on
};

/// Starts of the phrase in that document; `starts` is scratch.
std::uint32_t count_phrases(std::vector<phrase_term>& terms, const field_choice& fields,
                            std::vector<place_t>& starts) {
  bool first = true;
  for (auto& t : terms) {
    t.places.clear();
    each_place(t.at.places(), t.at.count(), [&](place_t p, field_number f) {
      if (fields.everywhere() || fields.has(f)) t.places.push_back(p);
    });
    for (auto offset : t.offsets) {
      // A start so near the front of its part that it would lie before it belongs to no phrase.
      auto start_of = [&](place_t p) { return p - offset; };
      auto possible = [&](place_t p) { return (p & UINT32_MAX) >= offset; };
      if (first) {
        starts.clear();
        for (auto p : t.places)
          if (possible(p)) starts.push_back(start_of(p));
        first = false;
      } else {
        std::size_t from = 0;
        std::erase_if(starts, [&](place_t s) {
          while (from < t.places.size() && t.places[from] < s + offset)
            ++from;
          return from == t.places.size() || t.places[from] != s + offset;
        });
      }
      if (starts.empty()) return 0;
    }
  }
  return static_cast<std::uint32_t>(starts.size());
}

/// To the first slot at or after target on which all stand.
slot_t agree(std::vector<phrase_term>& terms, slot_t target) {
  for (std::size_t standing = 0; standing < terms.size();) {
    auto& at = terms[standing].at;
    at.seek(target);
    if (at.slot() == no_slot) return no_slot;
    if (at.slot() == target) {
      ++standing;
    } else {
      target = at.slot();
      standing = standing == 0 ? 1 : 0;
    }
  }
  return target;
}

} // namespace

field_choice::field_choice(std::vector<field_number> fields)
    : everywhere_(false), fields_(std::move(fields)) {
  std::sort(fields_.begin(), fields_.end());
}

bool field_choice::has(field_number f) const {
  return everywhere_ || std::binary_search(fields_.begin(), fields_.end(), f);
}

std::vector<found_match> find_any(const inverted_index& index, std::span<const expansion> terms,
                                  const field_choice& fields) {
  std::vector<found_match> found;
  if (fields.nowhere()) return found;
  std::uint64_t postings = 0;
  for (auto& e : terms)
    postings += index.postings(e.term).live();
  const auto end = index.slots().end();
  if (terms.size() > 1 && postings > end / dense_share) {
    std::vector<found_match> dense(end);
    each_match(index, terms, fields, [&](const found_match& m) { join(dense[m.slot], m); });
    auto matched =
        std::count_if(dense.begin(), dense.end(), [](const found_match& m) { return m.count > 0; });
    found.reserve(static_cast<std::size_t>(matched));
    for (auto& m : dense)
      if (m.count > 0) found.push_back(m);
    return found;
  }
  found.reserve(postings);
  each_match(index, terms, fields, [&](const found_match& m) { found.push_back(m); });
  if (terms.size() <= 1) return found;
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.slot < b.slot; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (kept > 0 && found[kept - 1].slot == found[i].slot)
      join(found[kept - 1], found[i]);
    else
      found[kept++] = found[i];
  }
  found.resize(kept);
  return found;
}

std::vector<found_match> find_phrase(const inverted_index& index, std::span<const std::string> terms,
                                     std::span<const std::uint32_t> positions, const field_choice& fields) {
  std::vector<found_match> found;
  if (fields.nowhere() || terms.empty() || terms.size() != positions.size()) return found;
  std::vector<std::pair<term_id, std::uint32_t>> wanted;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const auto id = index.terms().find(terms[i]);
    if (id == term_dictionary::none || index.postings(id).live() == 0 || positions[i] < positions[0])
      return found;
    wanted.emplace_back(id, positions[i] - positions[0]);
  }
  std::sort(wanted.begin(), wanted.end());
  std::vector<phrase_term> parts;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (i == 0 || wanted[i].first != wanted[i - 1].first) {
      auto& list = index.postings(wanted[i].first);
      parts.push_back({posting_cursor(list, index.slots()), list.live(), {}, {}});
    }
    parts.back().offsets.push_back(wanted[i].second);
  }
  std::stable_sort(parts.begin(), parts.end(), [](auto& a, auto& b) { return a.live < b.live; });
  std::vector<place_t> starts;
  for (auto s = agree(parts, 0); s != no_slot; s = agree(parts, s + 1))
    if (auto n = std::min(count_phrases(parts, fields, starts), found_count_max); n > 0)
      found.push_back({s, n & found_count_max, 0});
  return found;
}

} // namespace troupe::search
