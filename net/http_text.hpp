#pragma once

// Text as the HTTP interface needs it: UTF-8, numbers, base64, JSON output.

#include "command/transaction.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::net {

/// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

/// A decimal number without sign, blanks or anything else around it, that fits 64 bits.
std::optional<std::uint64_t> parse_u64(std::string_view text);

/// The standard alphabet, for values in JSON.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
/// RFC 4648 §5, for cursors in URLs.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

/// Appends `text`, which must be valid UTF-8, as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);
/// The same for text of unknown origin: when it is not UTF-8, every byte beyond ASCII becomes a question
/// mark.
void append_json_text(std::string& out, std::string_view text);
/// A string when the bytes are UTF-8, {"base64":...} otherwise. So keys stand in JSON answers.
void append_json_bytes(std::string& out, std::string_view bytes);
/// A stored value in JSON: text as a string, JSON as itself, bytes as {"base64":...}. What is not what its
/// media type says (another kind of client may have put it) is shown as bytes, so that the document around it
/// stays JSON.
void append_json_value(std::string& out, std::string_view value, media_type type);
void append_number(std::string& out, std::uint64_t number);
void append_number(std::string& out, std::int64_t number);
/// In the shortest form that reads back the same; null for what is no finite number.
void append_number(std::string& out, double number);

/// "text/plain" and so on, as in envelopes.
std::string_view media_type_name(media_type type);
/// As in a Content-Type header, with the charset of text.
std::string_view content_type_of(media_type type);

} // namespace troupe::net
