#include "config/text.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace troupe::config {
namespace {

constexpr std::size_t word_max =
    64; // no key is near as long, and distance() costs the product of two lengths

std::string folded(std::string_view word) {
  std::string out(word);
  for (char& c : out)
    c = c == '-' ? '_' : (c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  return out;
}

/// Optimal string alignment distance (Damerau-Levenshtein without edits inside a swap).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

} // namespace

std::string printable(std::string_view text, std::size_t shown) {
  std::string out(text.substr(0, shown));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  return text.size() > shown ? out + "..." : out;
}

std::string in_quotes(std::string_view text) {
  return '"' + printable(text, 60) + '"';
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
  if (word.size() > word_max) return {};
  const auto wanted = folded(word);
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (auto candidate : known) {
    const auto d = distance(wanted, folded(candidate));
    if (d < best_distance) {
      best = candidate;
      best_distance = d;
    }
  }
  return best;
}

} // namespace troupe::config
