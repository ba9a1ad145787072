#include "net/http_text.hpp"

#include "net/http_json.hpp"

#include <absl/strings/escaping.h>

#include <charconv>
#include <cmath>
#include <cstring>

namespace troupe::net {

namespace {

/// How many bytes the sequence that begins at `p` takes, 0 when it is no valid one (RFC 3629 §4).
std::size_t utf8_sequence(const unsigned char* p, const unsigned char* end) {
  const auto left = static_cast<std::size_t>(end - p);
  const auto tail = [](unsigned char c) { return (c & 0xc0) == 0x80; };
  const unsigned char first = p[0];
  if (first < 0x80) return 1;
  if (first < 0xc2) return 0;
  if (first < 0xe0) return left >= 2 && tail(p[1]) ? 2 : 0;
  if (first < 0xf0) {
    if (left < 3 || !tail(p[1]) || !tail(p[2])) return 0;
    if (first == 0xe0 && p[1] < 0xa0) return 0;
    if (first == 0xed && p[1] > 0x9f) return 0;
    return 3;
  }
  if (first > 0xf4 || left < 4 || !tail(p[1]) || !tail(p[2]) || !tail(p[3])) return 0;
  if (first == 0xf0 && p[1] < 0x90) return 0;
  if (first == 0xf4 && p[1] > 0x8f) return 0;
  return 4;
}

template <class Number>
void append_digits(std::string& out, Number number) {
  char digits[32];
  auto [end, code] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

} // namespace

bool is_utf8(std::string_view bytes) {
  auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  auto* const end = p + bytes.size();
  while (p != end) {
    if (end - p >= 8) {
      std::uint64_t word;
      std::memcpy(&word, p, sizeof word);
      if ((word & 0x8080808080808080u) == 0) {
        p += 8;
        continue;
      }
    }
    const auto length = utf8_sequence(p, end);
    if (length == 0) return false;
    p += length;
  }
  return true;
}

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  std::uint64_t number = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string to_base64(std::string_view bytes) {
  return absl::Base64Escape({bytes.data(), bytes.size()});
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape({text.data(), text.size()}, &bytes)) return std::nullopt;
  return bytes;
}

std::string to_base64url(std::string_view bytes) {
  return absl::WebSafeBase64Escape({bytes.data(), bytes.size()});
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape({text.data(), text.size()}, &bytes)) return std::nullopt;
  return bytes;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char hex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0; // start of the run not yet copied
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default:
      out += "\\u00";
      out += hex[c >> 4];
      out += hex[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

void append_json_text(std::string& out, std::string_view text) {
  if (is_utf8(text)) return append_json_string(out, text);
  std::string ascii{text};
  for (auto& c : ascii)
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';
  append_json_string(out, ascii);
}

void append_json_bytes(std::string& out, std::string_view bytes) {
  if (is_utf8(bytes)) return append_json_string(out, bytes);
  append_json_value(out, bytes, media_type::bytes);
}

void append_json_value(std::string& out, std::string_view value, media_type type) {
  if (type == media_type::text && is_utf8(value)) return append_json_string(out, value);
  if (type == media_type::json && check_json(value, json_depth_any)) {
    out += value;
    return;
  }
  out += "{\"base64\":\"";
  out += to_base64(value);
  out += "\"}";
}

void append_number(std::string& out, std::uint64_t number) {
  append_digits(out, number);
}
void append_number(std::string& out, std::int64_t number) {
  append_digits(out, number);
}
void append_number(std::string& out, double number) {
  if (std::isfinite(number))
    append_digits(out, number);
  else
    out += "null";
}

std::string_view media_type_name(media_type type) {
  switch (type) {
  case media_type::text: return "text/plain";
  case media_type::json: return "application/json";
  case media_type::bytes: break;
  }
  return "application/octet-stream";
}

std::string_view content_type_of(media_type type) {
  return type == media_type::text ? "text/plain; charset=utf-8" : media_type_name(type);
}

} // namespace troupe::net
