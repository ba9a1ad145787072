#pragma once

// Text -> terms. Words by Unicode's default word boundaries (UAX #29, see search/word_break.hpp), NFKC and
// case folding by ICU with a fast path for ASCII, Snowball stemming by libstemmer, stop words when asked for.

#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

struct analyzer_settings {
  std::string language = "english"; ///< a libstemmer algorithm, or "none": no stemming
  bool stop_words = false;          ///< leave the language's stop words out (English only)
};

/// A word longer than this many bytes after folding is cut to it, at the border of a code point.
inline constexpr std::size_t term_bytes_max = 64;
/// Only so many bytes of one word are folded at all; what follows counts as part of the word and nothing
/// else.
inline constexpr std::size_t word_bytes_max = 256;

/// One term of a text. `term` is valid until the next call of the same analyzer.
struct token {
  std::string_view term;      ///< folded and stemmed; never empty
  std::uint32_t position = 0; ///< counts words from 0; a stop word left out leaves its gap
  std::uint32_t begin = 0;    ///< bytes of the word in the text as given
  std::uint32_t end = 0;
};

/// Not thread-safe (libstemmer keeps state); one per index. Deterministic.
class analyzer {
public:
  /// errc::invalid_argument for a language libstemmer does not know, errc::unavailable when ICU has no data.
  static result<analyzer> make(const analyzer_settings& settings);
  analyzer(analyzer&&) noexcept;
  analyzer& operator=(analyzer&&) noexcept;
  ~analyzer();

  /// All terms of the text, in order, into `out` (cleared first). Invalid UTF-8 yields what is valid of it.
  /// Of a text larger than 4 GiB, its first 4 GiB.
  void analyze(std::string_view text, std::vector<token>& out);

  /// Folded but not stemmed. Empty when the text does not hold exactly one word.
  std::string fold(std::string_view word);

  /// The stem of a folded word, stop word or not; itself without stemming. At most term_bytes_max bytes.
  std::string stem(std::string_view folded);

  /// Whether English endings are taken off.
  bool is_english() const;

private:
  struct impl;
  explicit analyzer(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::search
