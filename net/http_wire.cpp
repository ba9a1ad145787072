#include "net/http_wire.hpp"

#include "net/http_text.hpp"

#include <ostream> // which the next header needs and does not include

#include <boost/beast/http/status.hpp>

#include <cstdio>
#include <ctime>

namespace troupe::net {

void append_head(std::string& out, const http_response& response, connection_header connection,
                 std::string_view date) {
  out += "HTTP/1.1 ";
  append_number(out, std::uint64_t{response.status});
  out += ' ';
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(response.status));
  out.append(reason.data(), reason.size());
  out += "\r\n";
  out += date;
  if (!response.content_type.empty()) {
    out += "Content-Type: ";
    out += response.content_type;
    out += "\r\n";
  }
  out += response.headers;
  // A 304 has no body, and a length would have to be that of the 200 it stands for (RFC 9110 §8.6).
  if (response.status != 304) {
    out += "Content-Length: ";
    append_number(out, std::uint64_t{response.body.size()});
    out += "\r\n";
  }
  if (connection == connection_header::close) out += "Connection: close\r\n";
  if (connection == connection_header::keep_alive) out += "Connection: keep-alive\r\n";
  out += "\r\n";
}

std::string date_header_now() {
  // Not strftime: names of days and months must not follow a locale.
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char line[64];
  std::snprintf(line, sizeof line, "Date: %s, %02d %s %d %02d:%02d:%02d GMT\r\n", days[utc.tm_wday],
                utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  return line;
}

} // namespace troupe::net
