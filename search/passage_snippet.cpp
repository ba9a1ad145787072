#include "search/passage_snippet.hpp"

#include "search/utf8.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

constexpr std::string_view ellipsis = "…";
constexpr std::string_view blanks = " \t\r\n";

bool inside_sequence(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

std::string_view without_blanks(std::string_view text) {
  auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) + 1 - begin);
}

} // namespace

std::optional<snippet> passage_snippet(std::string_view text, passage range, std::size_t bytes_max) {
  std::size_t begin = std::min<std::size_t>(range.begin, text.size());
  std::size_t end = std::max(begin, std::min<std::size_t>(range.end, text.size()));
  while (begin < end && inside_sequence(text, begin))
    ++begin;
  while (end > begin && inside_sequence(text, end))
    --end;
  auto shown = without_blanks(text.substr(begin, end - begin));
  if (shown.empty()) return std::nullopt;
  auto room = bytes_max - 2 * ellipsis.size();
  if (shown.size() > room) {
    auto cut = cut_utf8(shown, room);
    // A blank in the second half ends a word there; else there is one long word, which is cut.
    auto blank = cut.find_last_of(blanks);
    if (blank != std::string_view::npos && blank >= room / 2) cut = without_blanks(cut.substr(0, blank));
    shown = cut;
  }
  if (!is_utf8(shown)) return std::nullopt;
  snippet s;
  auto at = static_cast<std::size_t>(shown.data() - text.data());
  if (!without_blanks(text.substr(0, at)).empty()) s.text += ellipsis;
  s.text += shown;
  if (!without_blanks(text.substr(at + shown.size())).empty()) s.text += ellipsis;
  return s;
}

} // namespace troupe::search
