#pragma once

// Responses as bytes.

#include "net/http_message.hpp"

#include <string>
#include <string_view>

namespace troupe::net {

enum class connection_header : std::uint8_t { none, close, keep_alive };

/// Appends status line and headers up to and with the empty line. `date` is a whole header line or empty.
void append_head(std::string& out, const http_response& response, connection_header connection,
                 std::string_view date);
/// "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n" for now.
std::string date_header_now();

} // namespace troupe::net
