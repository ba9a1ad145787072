#include "net/http_api_body.hpp"

namespace troupe::net::api {

or_response<json_node> read_body(context& request, std::initializer_list<std::string_view> parameters) {
  const auto& http = request.request;
  if (auto bad = check_parameters(request.target, parameters)) return std::move(*bad);
  if (auto bad = check_body_headers(http)) return std::move(*bad);
  if (http.if_match || http.if_none_match)
    return problem(problems::bad_header,
                   "If-Match and If-None-Match belong to /v1/kv/{key}; use compares here");
  if (http.content_type && essence(*http.content_type) != "application/json")
    return problem(problems::unsupported_media_type, "this body must be application/json");
  auto root = read_json(http.body, request.options.json_depth_max);
  if (!root) return problem(problems::malformed_json, root.error().detail);
  return std::move(*root);
}

} // namespace troupe::net::api
