#include "search/query_lexer.hpp"

#include "search/utf8.hpp"

#include <algorithm>
#include <optional>
#include <unicode/uchar.h>
#include <utility>

namespace troupe::search {

namespace {

bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<std::uint8_t>(c) >= 0x80;
}
bool is_name_part(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

std::string shown_bytes(std::size_t n) {
  return std::to_string(n) + " bytes";
}

class lexer {
public:
  explicit lexer(std::string_view text) : text_(text) {}

  std::variant<std::vector<lexeme>, query_problem> run() {
    if (text_.size() > query_bytes_max)
      return problem("The query is too long: at most " + shown_bytes(query_bytes_max) + " are read.",
                     query_bytes_max, text_.size());
    if (const auto valid = valid_utf8_prefix(text_); valid < text_.size())
      return problem("The query is not valid UTF-8.", valid, valid + 1);
    while (true) {
      skip_space();
      if (at_ == text_.size()) break;
      if (auto bad = read_one()) return *bad;
    }
    add(lexeme::type::end, at_);
    return std::move(out_);
  }

private:
  using type = lexeme::type;

  static query_problem problem(std::string detail, std::size_t begin, std::size_t end) {
    return {std::move(detail), static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
  }

  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  /// Bytes of white space or control characters at a place; 0: none.
  std::size_t space_at(std::size_t at) const {
    if (at >= text_.size()) return 0;
    const auto c = decode_utf8(text_, at);
    if (c.value <= 0x20 || c.value == 0x7F) return 1;
    return c.value >= 0x80 && u_isUWhiteSpace(static_cast<UChar32>(c.value)) != 0 ? c.size : 0;
  }
  bool ends_at(std::size_t at) const { return at >= text_.size() || space_at(at) != 0; }
  void skip_space() {
    while (auto size = space_at(at_))
      at_ += size;
  }

  void add(type what, std::size_t begin, std::string text = {}) {
    out_.push_back(
        {what, std::move(text), static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)});
  }

  bool last_is(type what) const { return !out_.empty() && out_.back().what == what; }
  /// Nothing stands between the last piece and this place.
  bool touches_last() const { return !out_.empty() && out_.back().end == at_; }

  std::optional<query_problem> read_one() {
    const auto begin = at_;
    // What is compared with is taken as it stands, signs and colons included.
    const bool value = last_is(type::compare);
    const char c = text_[at_];
    if (c == '"') return read_quoted();
    if (c == '(' || c == ')') {
      ++at_;
      add(c == '(' ? type::open : type::close, begin);
      return std::nullopt;
    }
    if (value) {
      read_word([&](std::size_t) { return false; });
      return std::nullopt;
    }
    if (auto sign = comparison_at(at_); sign > 0) {
      at_ += sign;
      add(type::compare, begin, std::string{text_.substr(begin, sign)});
      return std::nullopt;
    }
    const bool separate = !touches_last() || last_is(type::open);
    if (c == '-' && separate && !ends_at(at_ + 1) && peek(1) != '-' && peek(1) != ')') {
      ++at_;
      add(type::minus, begin);
      return std::nullopt;
    }
    const bool names = !last_is(type::colon); // a field's word may hold further colons
    read_word([&](std::size_t at) {
      return comparison_at(at) > 0 ||
             (names && binds_at(at) && is_field_name(text_.substr(begin, at - begin)));
    });
    if (names) read_colon();
    return std::nullopt;
  }

  template <class Stop>
  void read_word(Stop stop) {
    const auto begin = at_;
    while (!ends_at(at_) && text_[at_] != '(' && text_[at_] != ')' && text_[at_] != '"' && !stop(at_))
      ++at_;
    auto word = text_.substr(begin, at_ - begin);
    auto what = type::word;
    // In the place of a field's name, of its word or of a value, an operator is a word like any other.
    const bool named =
        binds_at(at_) || comparison_at(at_) > 0 || last_is(type::compare) || last_is(type::colon);
    if (!named && word == "AND") what = type::both;
    if (!named && word == "OR") what = type::either;
    if (!named && word == "NOT") what = type::without;
    add(what, begin, std::string{word});
  }

  /// Bytes of the comparison that begins at a place; 0: none.
  std::size_t comparison_at(std::size_t at) const {
    if (at >= text_.size()) return 0;
    const bool equal_next = at + 1 < text_.size() && text_[at + 1] == '=';
    switch (text_[at]) {
    case '=':
    case '<':
    case '>': return equal_next ? 2 : 1;
    case '!': return equal_next ? 2 : 0;
    default: return 0;
    }
  }

  /// A colon that gives a field's name its word: not the one of a sentence ("note: …"), an address
  /// ("http://…") or C++ ("std::…").
  bool binds_at(std::size_t at) const {
    return at < text_.size() && text_[at] == ':' && !ends_at(at + 1) && text_[at + 1] != ':' &&
           text_[at + 1] != ')' && text_.substr(at + 1, 2) != "//";
  }

  void read_colon() {
    if (!binds_at(at_)) return;
    const auto begin = at_++;
    add(type::colon, begin);
  }

  std::optional<query_problem> read_quoted() {
    const bool names = !last_is(type::compare) && !last_is(type::colon);
    const auto begin = at_++;
    std::string content;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && (peek(1) == '"' || peek(1) == '\\')) ++at_;
      content.push_back(text_[at_++]);
    }
    if (at_ == text_.size()) return problem("This quotation mark has no partner.", begin, begin + 1);
    ++at_;
    add(type::quoted, begin, std::move(content));
    if (peek() == '*' || peek() == '~')
      return problem("Only a single word without quotation marks can end with * or ~.", at_, at_ + 1);
    if (names) read_colon();
    return std::nullopt;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<lexeme> out_;
};

} // namespace

std::variant<std::vector<lexeme>, query_problem> split_query(std::string_view text) {
  return lexer{text}.run();
}

bool is_field_name(std::string_view word) {
  return !word.empty() && is_name_start(word.front()) && std::ranges::all_of(word, is_name_part);
}

} // namespace troupe::search
