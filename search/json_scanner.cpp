#include "search/json_scanner.hpp"

#include "search/utf8.hpp"

#include <charconv>
#include <cmath>
#include <cstdint>

namespace troupe::search {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Bytes of the number that a text begins with; 0: none.
std::size_t number_size(std::string_view text) {
  std::size_t at = 0;
  auto is = [&](char c) { return at < text.size() && text[at] == c; };
  auto digits = [&] {
    const auto begin = at;
    while (at < text.size() && is_digit(text[at]))
      ++at;
    return at > begin;
  };
  if (is('-')) ++at;
  if (is('0'))
    ++at;
  else if (!digits())
    return 0;
  if (is('.')) {
    ++at;
    if (!digits()) return 0;
  }
  if (is('e') || is('E')) {
    ++at;
    if (is('+') || is('-')) ++at;
    if (!digits()) return 0;
  }
  return at;
}

class scanner {
public:
  scanner(std::string_view text, const json_limits& limits, json_listener& listener)
      : text_(text), limits_(limits), listener_(listener) {}

  bool run() {
    // Each turn reads one value, or opens an array or object; then whatever closes behind it.
    do {
      if (!read_value()) return false;
      if (!opened_ && !close_finished()) return false;
    } while (!open_.empty());
    skip_space();
    return at_ == text_.size();
  }

private:
  enum class container : std::uint8_t { array, object };

  bool told() const { return open_.size() <= limits_.depth_max && too_long_ == 0; }

  void skip_space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  bool read_value() {
    opened_ = false;
    skip_space();
    if (at_ == text_.size()) return false;
    switch (text_[at_]) {
    case '{': return open(container::object);
    case '[': return open(container::array);
    case '"': {
      auto value = read_string();
      if (value && told()) listener_.on_string(path_, *value);
      return value.has_value();
    }
    case 't':
    case 'f': {
      const bool value = text_[at_] == 't';
      if (!take_word(value ? "true" : "false")) return false;
      if (told()) listener_.on_boolean(path_, value);
      return true;
    }
    case 'n': return take_word("null");
    default: return read_number();
    }
  }

  bool open(container what) {
    ++at_;
    skip_space();
    if (take(what == container::array ? ']' : '}')) return true;
    open_.push_back(what);
    opened_ = true;
    return what == container::array || read_name();
  }

  /// Behind a value: the comma and what leads to the next value, or the ends of arrays and objects.
  bool close_finished() {
    while (!open_.empty()) {
      skip_space();
      const auto inside = open_.back();
      if (inside == container::object) leave_name();
      if (take(',')) {
        if (inside == container::array) return true;
        skip_space();
        return read_name();
      }
      if (!take(inside == container::array ? ']' : '}')) return false;
      open_.pop_back();
    }
    return true;
  }

  /// A member's name and the colon. Names that are told of lie on the path; deeper ones are only counted.
  bool read_name() {
    auto name = read_string();
    if (!name) return false;
    if (open_.size() <= limits_.depth_max) {
      const auto dot = names_.empty() ? 0U : 1U;
      if (too_long_ > 0 || path_.size() + dot + name->size() > limits_.path_bytes_max) {
        ++too_long_;
      } else {
        names_.push_back(path_.size());
        if (dot != 0) path_.push_back('.');
        path_.append(*name);
      }
    }
    skip_space();
    return take(':');
  }

  void leave_name() {
    if (open_.size() > limits_.depth_max) return;
    if (too_long_ > 0) {
      --too_long_;
      return;
    }
    path_.resize(names_.back());
    names_.pop_back();
  }

  /// The text of a string: a view of the document when nothing is escaped. Valid until the next string.
  std::optional<std::string_view> read_string() {
    if (!take('"')) return std::nullopt;
    const auto begin = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\') {
      if (static_cast<std::uint8_t>(text_[at_]) < 0x20) return std::nullopt;
      ++at_;
    }
    auto plain = text_.substr(begin, at_ - begin);
    if (take('"')) return plain;
    unescaped_.assign(plain);
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '"') return unescaped_;
      if (static_cast<std::uint8_t>(c) < 0x20) return std::nullopt;
      if (c != '\\')
        unescaped_.push_back(c);
      else if (!read_escape())
        return std::nullopt;
    }
    return std::nullopt;
  }

  bool read_escape() {
    if (at_ == text_.size()) return false;
    switch (text_[at_++]) {
    case '"': unescaped_.push_back('"'); return true;
    case '\\': unescaped_.push_back('\\'); return true;
    case '/': unescaped_.push_back('/'); return true;
    case 'b': unescaped_.push_back('\b'); return true;
    case 'f': unescaped_.push_back('\f'); return true;
    case 'n': unescaped_.push_back('\n'); return true;
    case 'r': unescaped_.push_back('\r'); return true;
    case 't': unescaped_.push_back('\t'); return true;
    case 'u': break;
    default: return false;
    }
    auto first = read_hex();
    if (!first || (*first >= 0xDC00 && *first <= 0xDFFF)) return false;
    if (*first >= 0xD800 && *first <= 0xDBFF) {
      if (!take_word("\\u")) return false;
      auto second = read_hex();
      if (!second || *second < 0xDC00 || *second > 0xDFFF) return false;
      *first = 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
    }
    append_utf8(*first, unescaped_);
    return true;
  }

  std::optional<std::uint32_t> read_hex() {
    if (text_.size() - at_ < 4) return std::nullopt;
    std::uint32_t value = 0;
    const char* end = text_.data() + at_ + 4;
    auto [stop, problem] = std::from_chars(text_.data() + at_, end, value, 16);
    if (stop != end || problem != std::errc{}) return std::nullopt;
    at_ += 4;
    return value;
  }

  bool read_number() {
    const auto size = number_size(text_.substr(at_));
    if (size == 0) return false;
    const auto value = json_number(text_.substr(at_, size));
    at_ += size;
    if (value && told()) listener_.on_number(path_, *value);
    return true;
  }

  std::string_view text_;
  json_limits limits_;
  json_listener& listener_;
  std::size_t at_ = 0;
  std::vector<container> open_;
  bool opened_ = false; ///< the value just read is an array or object that is still open
  std::string path_;
  std::vector<std::size_t> names_; ///< size of the path in front of each name on it
  std::size_t too_long_ = 0;       ///< names below the path's limit that did not fit any more
  std::string unescaped_;
};

} // namespace

bool scan_json(std::string_view text, const json_limits& limits, json_listener& listener) {
  return scanner{text, limits, listener}.run();
}

bool is_json_number(std::string_view text) {
  return !text.empty() && number_size(text) == text.size();
}

std::optional<double> json_number(std::string_view text) {
  double value = 0;
  // Out of range: too large, or too near to zero, which from_chars does not tell apart.
  auto [stop, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{} || !std::isfinite(value)) return std::nullopt;
  return value;
}

} // namespace troupe::search
