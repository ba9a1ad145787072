#include "search/use_tokenizer.hpp"

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace troupe::search {

namespace {

constexpr char32_t blank =
    0x2581; // the vocabulary's sign for a space, which also stands before the first word

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char32_t symbol_of(char32_t c) {
  return c == U' ' ? blank : c;
}

/// The text's symbols: a blank, then its code points in NFKC with blanks for spaces.
void read_symbols(std::string_view text, std::vector<char32_t>& symbols) {
  symbols.clear();
  if (text.empty()) return;
  symbols.push_back(blank);
  if (is_ascii(text)) {
    for (const char c : text)
      symbols.push_back(symbol_of(static_cast<unsigned char>(c)));
    return;
  }
  const auto unicode =
      icu::UnicodeString::fromUTF8(icu::StringPiece{text.data(), static_cast<std::int32_t>(text.size())});
  UErrorCode status = U_ZERO_ERROR;
  const auto* nfkc = icu::Normalizer2::getNFKCInstance(status);
  auto normalized = U_SUCCESS(status) ? nfkc->normalize(unicode, status) : unicode;
  // Only a lack of memory, or of ICU's own data, fails here; the text as it stands is still a text.
  if (U_FAILURE(status)) normalized = unicode;
  for (std::int32_t i = 0; i < normalized.length(); i = normalized.moveIndex32(i, 1))
    symbols.push_back(symbol_of(static_cast<char32_t>(normalized.char32At(i))));
}

/// Code points of a piece; empty when it is not UTF-8.
std::vector<char32_t> spell(std::string_view piece) {
  std::vector<char32_t> symbols;
  const auto size = static_cast<std::int32_t>(piece.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(piece.data(), i, size, c);
    if (c < 0) return {};
    symbols.push_back(static_cast<char32_t>(c));
  }
  return symbols;
}

} // namespace

result<use_tokenizer> use_tokenizer::make(const model_file& file) {
  use_tokenizer made;
  std::vector<spelled_piece> pieces;
  const auto& vocabulary = file.pieces();
  for (std::uint32_t id = 0; id < vocabulary.size(); ++id) {
    spelled_piece piece{spell(vocabulary[id].text), id, vocabulary[id].score};
    if (piece.symbols.empty())
      return error{errc::corrupt, file.name() + ": piece " + std::to_string(id) + " is not UTF-8"};
    made.lengths_.push_back(static_cast<std::uint32_t>(piece.symbols.size()));
    if (id >= file.reserved_pieces()) pieces.push_back(std::move(piece));
  }
  // Whatever the file says its name is, the unknown piece stands for one symbol.
  made.lengths_[unknown_piece] = 1;
  // A stable sort: of equal pieces (the vocabulary has some) the last one counts, as in the reference
  // implementation.
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const auto& a, const auto& b) { return a.symbols < b.symbols; });
  made.build(pieces);
  return made;
}

/// Breadth first, so that the edges of a node are made together. Each node knows which of the sorted pieces
/// begin with it.
void use_tokenizer::build(const std::vector<spelled_piece>& sorted) {
  struct pending {
    std::size_t first, last, depth;
  };
  std::vector<pending> ranges{{0, sorted.size(), 0}};
  nodes_.emplace_back();
  for (std::size_t at = 0; at < nodes_.size(); ++at) {
    auto [first, last, depth] = ranges[at];
    // The pieces that end here sort before the longer ones.
    for (; first < last && sorted[first].symbols.size() == depth; ++first) {
      nodes_[at].piece = sorted[first].id;
      nodes_[at].score = sorted[first].score;
    }
    nodes_[at].first_edge = static_cast<std::uint32_t>(edges_.size());
    while (first < last) {
      const char32_t symbol = sorted[first].symbols[depth];
      auto end = first;
      while (end < last && sorted[end].symbols[depth] == symbol)
        ++end;
      edges_.push_back({symbol, static_cast<std::uint32_t>(nodes_.size())});
      nodes_.emplace_back();
      ranges.push_back({first, end, depth + 1});
      first = end;
    }
    nodes_[at].edges = static_cast<std::uint32_t>(edges_.size()) - nodes_[at].first_edge;
  }
}

const use_tokenizer::node* use_tokenizer::step(const node& from, char32_t symbol) const {
  const auto first = edges_.begin() + from.first_edge;
  const auto last = first + from.edges;
  const auto found =
      std::lower_bound(first, last, symbol, [](const edge& e, char32_t wanted) { return e.symbol < wanted; });
  return found != last && found->symbol == symbol ? &nodes_[found->to] : nullptr;
}

std::vector<std::uint32_t> use_tokenizer::encode(std::string_view text, scratch& space) const {
  auto& symbols = space.symbols;
  auto& best = space.best;
  auto& words = space.words;
  read_symbols(text, symbols);
  const std::size_t count = symbols.size();
  best.assign(count + 1, 0);
  words.assign(count + 1, unknown_piece);
  // best[e] is the best score of symbols [0, e), words[e] the last piece of it. The reference implementation
  // takes 0 for "none yet", also where a path of that score was found and where no path ends, and its ids are
  // what the network was measured with; so it is done here too.
  const auto relax = [&](std::size_t start, std::size_t end, double score, std::uint32_t piece) {
    const double total = best[start] + score;
    if (best[end] == 0 || total >= best[end]) {
      best[end] = total;
      words[end] = piece;
    }
  };
  for (std::size_t start = 0; start < count; ++start) {
    bool found = false;
    const node* at = &nodes_[0];
    for (std::size_t end = start; end < count; ++end) {
      at = step(*at, symbols[end]);
      if (at == nullptr) break;
      if (at->piece == unknown_piece) continue;
      relax(start, end + 1, at->score, at->piece);
      found = true;
    }
    if (!found) relax(start, start + 1, 0, unknown_piece);
  }
  std::vector<std::uint32_t> ids;
  for (std::size_t end = count; end > 0;) {
    const auto piece = words[end];
    if (piece != unknown_piece || ids.empty() || ids.back() != unknown_piece) ids.push_back(piece);
    end -= lengths_[piece];
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

} // namespace troupe::search
