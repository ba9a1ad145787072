#include "net/http_cursor.hpp"

#include "base/archive.hpp"
#include "base/checksum.hpp"
#include "net/http_text.hpp"

namespace troupe::net {

namespace {

constexpr std::uint8_t cursor_version = 1;

} // namespace

template <class Archive>
void serialize(Archive& archive, range_cursor& cursor, unsigned) {
  archive& cursor.revision& cursor.start& cursor.end& cursor.reverse& cursor.check;
}

std::uint32_t range_check(std::string_view start, std::string_view end, bool reverse) {
  std::string text;
  encode_to(text, std::string{start});
  encode_to(text, std::string{end});
  encode_to(text, reverse);
  return crc32c(text);
}

std::string write_cursor(const range_cursor& cursor) {
  std::string bytes(1, static_cast<char>(cursor_version));
  encode_to(bytes, cursor);
  encode_to(bytes, crc32c(bytes));
  return to_base64url(bytes);
}

std::optional<range_cursor> read_cursor(std::string_view text) {
  auto bytes = from_base64url(text);
  constexpr auto frame = 1 + sizeof(std::uint32_t);
  if (!bytes || bytes->size() < frame || bytes->front() != static_cast<char>(cursor_version))
    return std::nullopt;
  const std::string_view all{*bytes};
  const auto sum = decode<std::uint32_t>(all.substr(all.size() - sizeof(std::uint32_t)), "cursor");
  const auto covered = all.substr(0, all.size() - sizeof(std::uint32_t));
  if (!sum || *sum != crc32c(covered)) return std::nullopt;
  auto cursor = decode<range_cursor>(covered.substr(1), "cursor");
  // Base64 readers are lenient about blanks and padding; a cursor has one spelling only.
  if (!cursor || write_cursor(*cursor) != text) return std::nullopt;
  return std::move(*cursor);
}

} // namespace troupe::net
