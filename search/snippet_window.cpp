#include "search/snippet_window.hpp"

#include <algorithm>
#include <utility>

namespace troupe::search {

namespace {

/// The best window within the marked words [from, to), by two ends that move forward only.
mark_window best_window(const std::vector<marked_word>& marked, std::size_t from, std::size_t to,
                        std::vector<std::uint32_t>& counts, std::size_t bytes) {
  std::ranges::fill(counts, 0);
  mark_window best;
  std::size_t best_different = 0;
  std::size_t different = 0;
  std::size_t last = from;
  for (auto first = from; first < to; ++first) {
    if (last == first) different += counts[marked[last++].asked]++ == 0; // one word always fits
    while (last < to && marked[last].end - marked[first].begin <= bytes)
      different += counts[marked[last++].asked]++ == 0;
    if (std::pair{different, last - first} > std::pair{best_different, best.last - best.first}) {
      best_different = different;
      best.first = first;
      best.last = last;
    }
    different -= --counts[marked[first].asked] == 0;
  }
  for (auto i = best.first; i < best.last; ++i)
    best.answers.push_back(marked[i].asked);
  std::ranges::sort(best.answers);
  best.answers.erase(std::unique(best.answers.begin(), best.answers.end()), best.answers.end());
  return best;
}

bool is_better(const mark_window& a, const mark_window& b) {
  if (a.answers.size() != b.answers.size()) return a.answers.size() > b.answers.size();
  if (a.last - a.first != b.last - b.first) return a.last - a.first > b.last - b.first;
  return a.first < b.first;
}

} // namespace

std::vector<mark_window> best_windows(const std::vector<marked_word>& marked, std::size_t leaves,
                                      std::size_t bytes, std::size_t count) {
  std::vector<std::uint32_t> counts(leaves);
  // The best of each stretch that no chosen window lies in; a chosen one leaves a stretch on either side.
  struct stretch {
    std::size_t from, to;
    mark_window best;
  };
  std::vector<stretch> stretches;
  auto add = [&](std::size_t from, std::size_t to) {
    if (from < to) stretches.push_back({from, to, best_window(marked, from, to, counts, bytes)});
  };
  add(0, marked.size());
  std::vector<mark_window> out;
  while (out.size() < count && !stretches.empty()) {
    auto it = std::ranges::min_element(stretches, is_better, &stretch::best);
    auto chosen = std::move(*it);
    stretches.erase(it);
    add(chosen.from, chosen.best.first);
    add(chosen.best.last, chosen.to);
    out.push_back(std::move(chosen.best));
  }
  return out;
}

byte_range widen(std::string_view text, const std::vector<token>& words, byte_range inner,
                 std::size_t bytes) {
  if (text.size() <= bytes) return {0, text.size()};
  const auto inside = inner.end - inner.begin;
  if (inside >= bytes) return inner;
  // Two thirds of the room go behind; what one side cannot use, the other gets.
  const auto room = bytes - inside;
  const auto behind = text.size() - inner.end;
  const auto before = std::max(room / 3, room - std::min(room, behind));
  const auto earliest = inner.begin - std::min(inner.begin, before);
  byte_range out = inner;
  if (earliest == 0) {
    out.begin = 0;
  } else {
    auto first = std::ranges::lower_bound(words, earliest, {}, &token::begin);
    if (first != words.end()) out.begin = std::min<std::size_t>(inner.begin, first->begin);
  }
  const auto latest = out.begin + bytes;
  if (latest >= text.size()) {
    out.end = text.size();
  } else {
    auto behind_last = std::ranges::upper_bound(words, latest, {}, &token::end);
    if (behind_last != words.begin()) out.end = std::max<std::size_t>(inner.end, std::prev(behind_last)->end);
  }
  return out;
}

} // namespace troupe::search
