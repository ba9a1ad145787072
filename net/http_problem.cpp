#include "net/http_problem.hpp"

#include "net/http_text.hpp"

#include <algorithm>

namespace troupe::net {

http_response problem(const problem_kind& kind, std::string_view detail, std::string headers,
                      std::string_view members) {
  std::string body = "{\"type\":\"urn:troupe:problem:";
  body += kind.slug;
  body += "\",\"title\":";
  append_json_string(body, kind.title);
  body += ",\"status\":";
  append_number(body, std::uint64_t{kind.status});
  body += ",\"detail\":";
  append_json_text(body, detail);
  body += members;
  body += "}\n";
  return {kind.status, "application/problem+json", std::move(headers), std::move(body)};
}

http_response unavailable(const problem_kind& kind, std::string_view detail, std::uint32_t retry_after_ms) {
  std::string header = "Retry-After: ";
  append_number(header, std::max<std::uint64_t>(1, (std::uint64_t{retry_after_ms} + 999) / 1000));
  header += "\r\n";
  return problem(kind, detail, std::move(header));
}

} // namespace troupe::net
