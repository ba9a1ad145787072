#pragma once

// Every route the gateway serves: the one table that dispatch, 404, 405, metrics and the test of
// /openapi.json go by.

#include "net/http_message.hpp"

#include <span>
#include <string>
#include <string_view>

namespace troupe::net {

/// One label value in the metrics. `unknown` counts what never reached a route.
enum class route_family : std::uint8_t {
  kv,
  range,
  bulk,
  txn,
  search,
  cluster,
  snapshot,
  health,
  metrics,
  docs,
  unknown
};
inline constexpr std::size_t route_families = 11;
std::string_view to_string(route_family family);

enum class route_id : std::uint8_t {
  kv_get,
  kv_put,
  kv_delete,
  range,
  bulk,
  txn,
  search_get,
  search_post,
  cluster,
  snapshot,
  transfer,
  member_add,
  member_promote,
  member_replace,
  member_remove,
  healthz,
  readyz,
  metrics,
  openapi,
  docs,
  docs_file,
  root
};

struct route {
  http_method method;    ///< get stands for HEAD too
  std::string_view path; ///< as in /openapi.json: "/v1/kv/{key}"; a {name} matches one path segment
  route_id id;
  route_family family;
  bool documented; ///< stands in /openapi.json; the pages for people do not
};

std::span<const route> routes();

struct route_match {
  const route* found = nullptr; ///< null: no such path, or not this method
  route_family family = route_family::unknown;
  std::string allow; ///< when nothing was found: the methods that work on this path, as in an Allow header;
                     ///< empty: none
};
/// `segments` are decoded.
route_match find_route(http_method method, std::span<const std::string> segments);

} // namespace troupe::net
