#pragma once

// An HTTP request and an HTTP response as the gateway sees them: values without sockets, actors or parsers.

#include "base/blob.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace troupe::net {

enum class http_method : std::uint8_t { get, head, put, post, del, other };

/// A parsed request. Only the headers that mean something to a route are kept; header names are matched
/// without case and surrounding blanks are gone. A list header that came more than once is joined with ", ".
struct http_request {
  http_method method = http_method::get;
  std::string target; ///< as it came: still percent-encoded, with the query
  std::optional<std::string> content_type;
  std::optional<std::string> content_encoding;
  std::optional<std::string> accept;
  std::optional<std::string> if_match;
  std::optional<std::string> if_none_match;
  std::optional<std::string> idempotency_key;
  bool length_known = false;    ///< Content-Length or chunked: without either there was no body
  bool repeated_header = false; ///< a header that may stand only once came more often
  std::string body;             ///< at most server_limits::body_bytes_max
};

/// The body of a response. A stored value is shared, not copied; a page of the build is neither.
class http_body {
public:
  http_body() = default;
  http_body(std::string text) : bytes_(std::move(text)) {}
  http_body(blob value) : bytes_(std::move(value)) {}

  /// `bytes` must live as long as the program.
  static http_body of_static(std::string_view bytes) {
    http_body body;
    body.bytes_ = bytes;
    return body;
  }

  std::string_view view() const {
    if (auto* text = std::get_if<std::string>(&bytes_)) return *text;
    if (auto* value = std::get_if<blob>(&bytes_)) return value->view();
    return std::get<std::string_view>(bytes_);
  }
  std::size_t size() const { return view().size(); }

private:
  std::variant<std::string, blob, std::string_view> bytes_;
};

struct http_response {
  unsigned status = 200;
  std::string_view content_type; ///< static text; empty: no Content-Type
  std::string headers;           ///< further header lines, each ended by CRLF
  http_body body;
  bool close = false; ///< the connection ends after this response
};

} // namespace troupe::net
