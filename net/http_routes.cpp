#include "net/http_routes.hpp"

#include <array>

namespace troupe::net {

namespace {

using enum http_method;

constexpr std::array table{
    route{get, "/v1/kv/{key}", route_id::kv_get, route_family::kv, true},
    route{put, "/v1/kv/{key}", route_id::kv_put, route_family::kv, true},
    route{del, "/v1/kv/{key}", route_id::kv_delete, route_family::kv, true},
    route{get, "/v1/kv", route_id::range, route_family::range, true},
    route{post, "/v1/bulk", route_id::bulk, route_family::bulk, true},
    route{post, "/v1/txn", route_id::txn, route_family::txn, true},
    route{get, "/v1/search", route_id::search_get, route_family::search, true},
    route{post, "/v1/search", route_id::search_post, route_family::search, true},
    route{get, "/v1/cluster", route_id::cluster, route_family::cluster, true},
    route{post, "/v1/cluster/transfer", route_id::transfer, route_family::cluster, true},
    route{post, "/v1/cluster/members", route_id::member_add, route_family::cluster, true},
    route{del, "/v1/cluster/members/{id}", route_id::member_remove, route_family::cluster, true},
    route{post, "/v1/cluster/members/{id}/promote", route_id::member_promote, route_family::cluster, true},
    route{post, "/v1/cluster/members/{id}/replace", route_id::member_replace, route_family::cluster, true},
    route{post, "/v1/snapshot", route_id::snapshot, route_family::snapshot, true},
    route{get, "/healthz", route_id::healthz, route_family::health, true},
    route{get, "/readyz", route_id::readyz, route_family::health, true},
    route{get, "/metrics", route_id::metrics, route_family::metrics, true},
    route{get, "/openapi.json", route_id::openapi, route_family::docs, true},
    route{get, "/docs", route_id::docs, route_family::docs, false},
    route{get, "/docs/{file}", route_id::docs_file, route_family::docs, false},
    route{get, "/", route_id::root, route_family::docs, false},
};

/// Takes the next segment off a path of the table.
std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool matches(std::string_view path, std::span<const std::string> segments) {
  if (path == "/") return segments.empty() || (segments.size() == 1 && segments[0].empty());
  for (auto& segment : segments) {
    if (path.empty()) return false;
    const auto wanted = next_segment(path);
    if (!wanted.starts_with('{') && wanted != segment) return false;
  }
  return path.empty();
}

} // namespace

std::string_view to_string(route_family family) {
  static constexpr std::array<std::string_view, route_families> names{
      "kv", "range", "bulk", "txn", "search", "cluster", "snapshot", "health", "metrics", "docs", "unknown"};
  return names[static_cast<std::size_t>(family)];
}

std::span<const route> routes() {
  return table;
}

route_match find_route(http_method method, std::span<const std::string> segments) {
  route_match match;
  for (auto& candidate : table) {
    if (!matches(candidate.path, segments)) continue;
    match.family = candidate.family;
    if (candidate.method == method || (candidate.method == get && method == head)) match.found = &candidate;
    if (match.found) return match;
    if (!match.allow.empty()) match.allow += ", ";
    switch (candidate.method) {
    case get: match.allow += "GET, HEAD"; break;
    case put: match.allow += "PUT"; break;
    case post: match.allow += "POST"; break;
    case del: match.allow += "DELETE"; break;
    case head:
    case other: break;
    }
  }
  return match;
}

} // namespace troupe::net
