#include "search/analyzer.hpp"

#include "search/stem_cache.hpp"
#include "search/stop_words.hpp"
#include "search/utf8.hpp"
#include "search/word_break.hpp"

#include <array>
#include <cstring>
#include <libstemmer.h>
#include <limits>
#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <utility>

namespace troupe::search {

namespace {

constexpr std::array<char, 128> make_lower() {
  std::array<char, 128> lower{};
  for (std::size_t c = 0; c < lower.size(); ++c)
    lower[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return lower;
}
constexpr auto lower = make_lower();

struct stemmer_closer {
  void operator()(sb_stemmer* s) const { sb_stemmer_delete(s); }
};

/// Memory for the terms of one call: pieces that stay where they are, used again by the next call.
class term_arena {
public:
  void clear() {
    if (chunks_.size() > chunks_kept) chunks_.resize(chunks_kept);
    chunk_ = 0;
    used_ = 0;
  }

  /// Copies a term of at most term_bytes_max bytes.
  std::string_view keep(const char* term, std::size_t size) {
    if (chunks_.empty() || used_ + size > chunk_bytes) next_chunk();
    char* place = chunks_[chunk_].get() + used_;
    std::memcpy(place, term, size);
    used_ += size;
    return {place, size};
  }

private:
  static constexpr std::size_t chunk_bytes = 64 * 1024;
  static constexpr std::size_t chunks_kept = 16; // 1 MiB stays allocated between calls

  void next_chunk() {
    if (!chunks_.empty()) ++chunk_;
    if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<char[]>(chunk_bytes));
    used_ = 0;
  }

  std::vector<std::unique_ptr<char[]>> chunks_;
  std::size_t chunk_ = 0;
  std::size_t used_ = 0;
};

/// A folded word with room for the cache's key: zeros behind the word up to its width.
struct folded_word {
  std::array<char, term_bytes_max> bytes;
  std::size_t size = 0;

  std::string_view view() const { return {bytes.data(), size}; }
  void assign(std::string_view word) {
    size = word.size();
    std::memset(bytes.data(), 0, stem_cache::word_bytes_max);
    if (size != 0) std::memcpy(bytes.data(), word.data(), size);
  }
};

void fold_ascii(std::string_view word, folded_word& out) {
  out.size = std::min(word.size(), term_bytes_max);
  std::memset(out.bytes.data(), 0, stem_cache::word_bytes_max);
  for (std::size_t i = 0; i < out.size; ++i)
    out.bytes[i] = lower[static_cast<std::uint8_t>(word[i]) & 0x7F];
}

} // namespace

struct analyzer::impl {
  std::unique_ptr<sb_stemmer, stemmer_closer> stemmer; ///< null: no stemming
  const icu::Normalizer2* folding = nullptr;           ///< ICU's own, lives as long as the process
  bool english = false;
  bool leave_stop_words = false;
  stem_cache cache;
  term_arena arena;
  std::string scratch;

  void fold_unicode(std::string_view word, folded_word& out) {
    word = cut_utf8(word, word_bytes_max);
    scratch.clear();
    icu::StringByteSink<std::string> sink(&scratch);
    UErrorCode status = U_ZERO_ERROR;
    folding->normalizeUTF8(0, icu::StringPiece(word.data(), static_cast<std::int32_t>(word.size())), sink,
                           nullptr, status);
    if (U_FAILURE(status)) scratch.clear();
    // The curved apostrophe is no compatibility form of the straight one, but what people mean by it is the
    // same.
    constexpr std::string_view curved = "\u2019";
    for (auto at = scratch.find(curved); at != std::string::npos; at = scratch.find(curved, at)) {
      scratch[at] = '\'';
      scratch.erase(at + 1, curved.size() - 1);
    }
    out.assign(cut_utf8(scratch, term_bytes_max));
  }

  void fold(std::string_view text, const word_range& word, folded_word& out) {
    auto bytes = text.substr(word.begin, word.end - word.begin);
    if (word.ascii)
      fold_ascii(bytes, out);
    else
      fold_unicode(bytes, out);
  }

  bool is_left_out(std::string_view folded) const { return leave_stop_words && is_english_stop_word(folded); }

  /// Valid until the next call.
  std::string_view stem(std::string_view folded) {
    if (!stemmer) return folded;
    const auto* bytes = sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(folded.data()),
                                        static_cast<int>(folded.size()));
    const auto size = sb_stemmer_length(stemmer.get());
    if (bytes == nullptr || size <= 0) return folded;
    return cut_utf8({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)}, term_bytes_max);
  }

  /// The term of a folded word, kept until the next call; empty: the word is left out.
  std::string_view term_of(const folded_word& word) {
    if (!stemmer && !leave_stop_words) return arena.keep(word.bytes.data(), word.size);
    if (word.size > stem_cache::word_bytes_max) {
      if (is_left_out(word.view())) return {};
      auto made = stem(word.view());
      return arena.keep(made.data(), made.size());
    }
    stem_cache::key key;
    std::memcpy(&key.low, word.bytes.data(), sizeof key.low);
    std::memcpy(&key.high, word.bytes.data() + sizeof key.low, sizeof key.high);
    auto& slot = cache.at(key);
    if (slot.word != key) {
      const auto made = is_left_out(word.view()) ? std::string_view{} : stem(word.view());
      if (made.size() > slot.stem.size()) return arena.keep(made.data(), made.size());
      slot.word = key;
      slot.size = static_cast<std::uint8_t>(made.size());
      if (!made.empty()) std::memcpy(slot.stem.data(), made.data(), made.size());
    }
    return slot.size == 0 ? std::string_view{} : arena.keep(slot.stem.data(), slot.size);
  }
};

analyzer::analyzer(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
analyzer::analyzer(analyzer&&) noexcept = default;
analyzer& analyzer::operator=(analyzer&&) noexcept = default;
analyzer::~analyzer() = default;

result<analyzer> analyzer::make(const analyzer_settings& settings) {
  auto parts = std::make_unique<impl>();
  const auto& language = settings.language;
  if (language != "none") {
    const bool whole = language.find('\0') == std::string::npos;
    parts->stemmer.reset(whole ? sb_stemmer_new(language.c_str(), "UTF_8") : nullptr);
    if (!parts->stemmer)
      return error{errc::invalid_argument,
                   "no stemmer for the language \"" + language +
                       "\"; give a name that libstemmer knows, such as english, or none"};
  }
  UErrorCode status = U_ZERO_ERROR;
  parts->folding = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status))
    return error{errc::unavailable,
                 std::string{u_errorName(status)} + ": ICU's normalization data cannot be read"};
  parts->english = language == "english" || language == "en" || language == "eng" || language == "porter";
  parts->leave_stop_words = settings.stop_words && parts->english;
  return analyzer{std::move(parts)};
}

void analyzer::analyze(std::string_view text, std::vector<token>& out) {
  out.clear();
  impl_->arena.clear();
  text = text.substr(0, std::numeric_limits<std::uint32_t>::max());
  word_range word;
  folded_word folded;
  std::uint32_t position = 0;
  for (std::size_t at = 0; find_word(text, at, word); at = word.end) {
    impl_->fold(text, word, folded);
    if (folded.size == 0) continue; // nothing but characters that are not shown
    const auto term = impl_->term_of(folded);
    if (!term.empty())
      out.push_back(
          {term, position, static_cast<std::uint32_t>(word.begin), static_cast<std::uint32_t>(word.end)});
    ++position;
  }
}

std::string analyzer::fold(std::string_view word) {
  word_range only, second;
  if (!find_word(word, 0, only) || find_word(word, only.end, second)) return {};
  folded_word folded;
  impl_->fold(word, only, folded);
  return std::string{folded.view()};
}

bool analyzer::is_english() const {
  return impl_->english;
}

std::string analyzer::stem(std::string_view folded) {
  folded = cut_utf8(folded, term_bytes_max);
  return std::string{folded.empty() ? folded : impl_->stem(folded)};
}

} // namespace troupe::search
