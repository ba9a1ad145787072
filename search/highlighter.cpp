#include "search/highlighter.hpp"

#include "search/edit_distance.hpp"
#include "search/snippet_window.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace troupe::search {

namespace {

using type = query_node::type;
using leaves = std::vector<const query_node*>;

constexpr std::string_view left_out = "\u2026";

void collect_leaves(const query_node& n, leaves& out) {
  if (n.negated) return;
  if (n.what == type::word || n.what == type::phrase || n.what == type::prefix || n.what == type::fuzzy)
    out.push_back(&n);
  for (const auto& child : n.children)
    collect_leaves(child, out);
}

/// The leaves that apply to one field, each with its number among all, in the order in which words are
/// compared.
struct field_leaves {
  struct numbered {
    std::string_view term;
    std::uint32_t number;
  };
  std::vector<numbered> words;                                     ///< by term
  std::vector<std::pair<const query_node*, std::uint32_t>> others; ///< prefixes and fuzzy words
  std::vector<std::pair<const query_node*, std::uint32_t>> phrases;

  field_leaves(const leaves& all, std::string_view field) {
    for (std::uint32_t i = 0; i < all.size(); ++i) {
      const auto& leaf = *all[i];
      if (!leaf.field.empty() && leaf.field != field) continue;
      if (leaf.what == type::word) words.push_back({leaf.text, i});
      if (leaf.what == type::phrase) phrases.emplace_back(&leaf, i);
      if (leaf.what == type::prefix || leaf.what == type::fuzzy) others.emplace_back(&leaf, i);
    }
    std::ranges::stable_sort(words, {}, &numbered::term);
  }

  /// The number of a leaf that this term answers, exact words first; none: absent.
  std::optional<std::uint32_t> answered(std::string_view term) const {
    auto exact = std::ranges::lower_bound(words, term, {}, &numbered::term);
    if (exact != words.end() && exact->term == term) return exact->number;
    for (const auto& [leaf, number] : others) {
      const bool found = leaf->what == type::prefix ? term.starts_with(leaf->text)
                                                    : within_distance(term, leaf->text, leaf->distance);
      if (found) return number;
    }
    return std::nullopt;
  }
};

/// Sets the number of the phrase for each word of each place where it stands.
void mark_phrase(const query_node& phrase, std::uint32_t number, const std::vector<token>& words,
                 std::vector<std::optional<std::uint32_t>>& marks) {
  const auto size = std::min(phrase.terms.size(), phrase.positions.size());
  if (size == 0) return;
  std::vector<std::size_t> places(size);
  for (std::size_t start = 0; start < words.size(); ++start) {
    if (words[start].term != phrase.terms[0]) continue;
    const auto base = words[start].position - phrase.positions[0];
    auto at = start;
    std::size_t found = 0;
    while (found < size) {
      // Positions ascend; gaps are words left out.
      while (at < words.size() && words[at].position < base + phrase.positions[found])
        ++at;
      if (at == words.size() || words[at].position != base + phrase.positions[found] ||
          words[at].term != phrase.terms[found])
        break;
      places[found++] = at;
    }
    if (found == size)
      for (auto place : places)
        marks[place] = number;
  }
}

std::vector<marked_word> find_marks(const std::vector<token>& words, const field_leaves& asked) {
  std::vector<std::optional<std::uint32_t>> marks(words.size());
  for (std::size_t i = 0; i < words.size(); ++i)
    marks[i] = asked.answered(words[i].term);
  for (const auto& [phrase, number] : asked.phrases)
    mark_phrase(*phrase, number, words, marks);
  std::vector<marked_word> out;
  for (std::size_t i = 0; i < words.size(); ++i)
    if (marks[i]) out.push_back({words[i].begin, words[i].end, *marks[i]});
  return out;
}

/// A snippet and what it answers, until it is decided which are shown.
struct candidate {
  snippet shown;
  std::vector<std::uint32_t> answers;
};

snippet make_snippet(const text_part& part, const std::vector<token>& words,
                     const std::vector<marked_word>& marked, const mark_window& window, std::size_t bytes) {
  byte_range inner{marked[window.first].begin, marked[window.last - 1].end};
  const auto text = std::string_view{part.text};
  // A single word that is longer than the snippet may be is the one thing that is cut.
  if (inner.end - inner.begin > bytes)
    inner.end = inner.begin + cut_utf8(text.substr(inner.begin, inner.end - inner.begin), bytes).size();
  const auto outer = widen(text, words, inner, bytes);
  snippet out;
  out.field = part.field;
  if (outer.begin > 0) out.text = left_out;
  const auto shift = out.text.size();
  out.text.append(text.substr(outer.begin, outer.end - outer.begin));
  if (outer.end < text.size()) out.text.append(left_out);
  for (const auto& m : marked) {
    if (m.end <= outer.begin || m.begin >= outer.end) continue;
    const auto end = std::min<std::size_t>(m.end, outer.end);
    out.marks.emplace_back(static_cast<std::uint32_t>(m.begin - outer.begin + shift),
                           static_cast<std::uint32_t>(end - outer.begin + shift));
  }
  return out;
}

/// Keeps few enough of the candidates of many texts: those that answer more than all before them, and a
/// number for each leaf, so that what is rare is not lost to what is frequent.
class shortlist {
public:
  shortlist(std::size_t leaves, std::size_t snippets) : kept_(leaves), for_each_leaf_(4 * snippets) {}

  bool admits(const mark_window& w) {
    const bool more = w.answers.size() > most_;
    if (!more && std::ranges::none_of(w.answers, [&](auto a) { return kept_[a] < for_each_leaf_; }))
      return false;
    most_ = std::max(most_, w.answers.size());
    for (auto a : w.answers)
      ++kept_[a];
    return true;
  }

private:
  std::vector<std::size_t> kept_;
  std::size_t for_each_leaf_;
  std::size_t most_ = 0;
};

/// Takes the candidate that answers most of what no snippet has answered yet, again and again.
std::vector<snippet> choose(std::vector<candidate> candidates, std::size_t leaves, std::size_t count) {
  std::vector<bool> answered(leaves);
  std::vector<snippet> out;
  while (out.size() < count && !candidates.empty()) {
    auto worth = [&](const candidate& c) {
      const auto fresh = std::ranges::count_if(c.answers, [&](auto a) { return !answered[a]; });
      return std::tuple{fresh, c.answers.size(), c.shown.marks.size()};
    };
    auto best = std::ranges::max_element(candidates, {}, worth); // the first among equals
    for (auto a : best->answers)
      answered[a] = true;
    out.push_back(std::move(best->shown));
    candidates.erase(best);
  }
  return out;
}

} // namespace

std::vector<snippet> highlight(const extracted& d, const query_node& q, analyzer& words,
                               const snippet_settings& settings) {
  leaves asked;
  collect_leaves(q, asked);
  if (asked.empty() || settings.snippets_max == 0) return {};
  // Room for the signs of what was left out.
  const auto room = settings.bytes_max - std::min(settings.bytes_max, 2 * left_out.size());
  if (room < 4) return {}; // not even one code point
  std::vector<candidate> candidates;
  shortlist kept{asked.size(), settings.snippets_max};
  std::optional<field_leaves> here;
  std::vector<token> tokens;
  std::size_t left = settings.text_bytes_max;
  const std::string* field = nullptr;
  for (const auto& part : d.texts) {
    if (!field || *field != part.field) here.emplace(asked, part.field);
    field = &part.field;
    const auto text = cut_utf8(part.text, left);
    left -= text.size();
    words.analyze(text, tokens);
    const auto marked = find_marks(tokens, *here);
    for (auto& window : best_windows(marked, asked.size(), room, settings.snippets_max))
      if (kept.admits(window))
        candidates.push_back({make_snippet(part, tokens, marked, window, room), std::move(window.answers)});
    if (text.size() < part.text.size()) break;
  }
  return choose(std::move(candidates), asked.size(), settings.snippets_max);
}

} // namespace troupe::search
