#include "client/cli_table.hpp"

#include <algorithm>
#include <cstdio>

namespace troupe::client {

namespace {

constexpr std::size_t key_column_max = 40; ///< longer keys stand out of their column
constexpr std::size_t excerpt_bytes = 100; ///< of a value that has no snippet

std::string number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.4f", value);
  return text;
}

/// What a terminal would act on becomes a blank: every control character, those of two bytes (U+0080 to
/// U+009F) included. The length stays.
std::string printable(std::string_view text) {
  std::string out{text};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto c = static_cast<unsigned char>(out[i]);
    if (c < 0x20 || c == 0x7f) out[i] = ' ';
    if (c == 0xc2 && i + 1 < out.size() && (static_cast<unsigned char>(out[i + 1]) & 0xe0) == 0x80)
      out[i] = out[i + 1] = ' ';
  }
  return out;
}

std::string marked(const search_snippet& snippet, bool bold) {
  const auto text = printable(snippet.text);
  std::string out = snippet.field.empty() ? "" : printable(snippet.field) + ": ";
  std::size_t at = 0;
  for (const auto& [begin, end] : snippet.marks) {
    if (!bold || begin < at || end < begin || end > text.size()) continue;
    out.append(text, at, begin - at).append("\x1b[1m").append(text, begin, end - begin).append("\x1b[0m");
    at = end;
  }
  return out.append(text, at);
}

std::string excerpt_of(const search_hit& hit) {
  if (hit.type == media_type::bytes) return "(" + std::to_string(hit.value.size()) + " bytes)";
  const auto value = hit.value.view();
  if (value.size() <= excerpt_bytes) return printable(value);
  auto length = excerpt_bytes;
  while (length > 0 && (static_cast<unsigned char>(value[length]) & 0xc0) == 0x80)
    --length; // not within a character
  return printable(value.substr(0, length)) + " ...";
}

std::string rank(std::uint32_t rank) {
  return rank == 0 ? "no rank" : "rank " + std::to_string(rank);
}

std::string explanation_of(const search_explanation& why) {
  std::string out = "words " + number(why.text_score) + " (" + rank(why.text_rank) + ")";
  for (auto& part : why.text)
    out += ", " + printable(part.field.empty() ? part.term : part.field + ":" + part.term) + " " +
           number(part.score);
  return out + "; meaning " + number(why.vector_score) + " (" + rank(why.vector_rank) + "), passage " +
         std::to_string(why.passage);
}

std::string facets_of(const search_result& found) {
  std::string out;
  for (auto& facet : found.facets) {
    out += printable(facet.field) + ":";
    for (auto& one : facet.values)
      out += (&one == &facet.values.front() ? " " : ", ") + printable(one.value) + " " +
             std::to_string(one.count);
    out += "\n";
  }
  return out;
}

} // namespace

std::string search_table(const search_result& found, bool bold) {
  std::size_t keys = 0;
  std::size_t scores = 0;
  for (auto& hit : found.hits) {
    keys = std::max(keys, std::min(hit.key.size(), key_column_max));
    scores = std::max(scores, number(hit.score).size());
  }
  std::string out;
  for (auto& hit : found.hits) {
    const auto score = number(hit.score);
    out.append(scores - score.size(), ' ').append(score).append("  ").append(printable(hit.key));
    out.append(keys - std::min(hit.key.size(), keys) + 2, ' ');
    const std::string below(scores + keys + 4, ' ');
    if (hit.highlights.empty()) out.append(excerpt_of(hit)) += '\n';
    for (auto& snippet : hit.highlights)
      out.append(&snippet == &hit.highlights.front() ? "" : below).append(marked(snippet, bold)) += '\n';
    if (hit.explanation) out.append(below).append(explanation_of(*hit.explanation)) += '\n';
  }
  out += facets_of(found);
  char took[64];
  std::snprintf(took, sizeof took, "%.1f", static_cast<double>(found.took_us) / 1000);
  out += std::to_string(found.hits.size()) + " of " + std::to_string(found.total) + ", indexed to revision " +
         std::to_string(found.indexed_revision.value) + ", vectors to " +
         std::to_string(found.vector_revision.value) + ", " + took + " ms\n";
  if (!found.cursor.empty()) out += "cursor " + printable(found.cursor) + "\n";
  return out;
}

} // namespace troupe::client
