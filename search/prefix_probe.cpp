#include "search/prefix_probe.hpp"

#include "search/stop_words.hpp"

#include <array>
#include <set>
#include <utility>

namespace troupe::search {

namespace {

// The endings that English stemming takes off or changes and that can be typed in part.
constexpr auto english_endings = std::to_array<std::string_view>(
    {"able",     "ably",  "al",    "ally",    "als",     "ance",    "ances",   "ant",    "ants",
     "ate",      "ated",  "ately", "ates",    "ating",   "ation",   "ational", "ations", "ative",
     "ator",     "ators", "edly",  "ely",     "ement",   "ements",  "ence",    "ences",  "ent",
     "ents",     "ful",   "fully", "fulness", "ibility", "icality", "ied",     "ies",    "ily",
     "iness",    "ing",   "ingly", "ings",    "ion",     "ional",   "ions",    "ism",    "ist",
     "ists",     "ities", "ity",   "ive",     "ively",   "iveness", "ives",    "ivity",  "ization",
     "izations", "ize",   "ized",  "izer",    "izers",   "izes",    "izing",   "less",   "lessly",
     "ly",       "ment",  "ments", "ness",    "nesses",  "ously",   "ousness"});

/// Shorter stems are too many words' to stand behind a guessed ending.
constexpr std::size_t completed_bytes_min = 3;

/// How much of an ending has to be there before it is completed. Of "ed" one letter is too little: it is
/// taken off very short stems, so that every "e" would be a guess ("inne" of "inned").
std::size_t shown_at_least(std::string_view ending) {
  return ending.starts_with("ed") ? 2 : 1;
}

} // namespace

std::vector<std::string> stems_behind_prefix(std::string_view folded, analyzer& words) {
  std::set<std::string> found;
  if (auto own = words.stem(folded); !own.starts_with(folded)) found.insert(std::move(own));
  if (!words.is_english()) return {found.begin(), found.end()};
  for (const auto ending : english_endings) {
    for (auto shown = shown_at_least(ending); shown < ending.size(); ++shown) {
      if (!folded.ends_with(ending.substr(0, shown))) continue;
      auto stem = words.stem(std::string{folded}.append(ending.substr(shown)));
      // "inn" shall not find every "in", nor "withi" every "with".
      const bool frequent = stem.size() < completed_bytes_min || is_english_stop_word(stem);
      if (!frequent && !stem.starts_with(folded)) found.insert(std::move(stem));
    }
  }
  return {found.begin(), found.end()};
}

} // namespace troupe::search
