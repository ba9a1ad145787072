#include "net/http_api.hpp"

#include "net/http_api_detail.hpp"

namespace troupe::net {

namespace {

using namespace api;

outcome_of_translation healthy(context& request) {
  if (auto bad = check_parameters(request.target, {})) return std::move(*bad);
  return json_response(200, "{\"status\":\"ok\"}");
}

outcome_of_translation metrics(context& request) {
  if (auto bad = check_parameters(request.target, {})) return std::move(*bad);
  if (!request.options.metrics_text) return problem(problems::no_such_route, "this node collects no metrics");
  return http_response{200, "text/plain; version=0.0.4; charset=utf-8", {}, request.options.metrics_text()};
}

outcome_of_translation dispatch(route_id id, context& request) {
  switch (id) {
  case route_id::kv_get: return get_key(request);
  case route_id::kv_put: return put_key(request);
  case route_id::kv_delete: return delete_key(request);
  case route_id::range: return get_range(request);
  case route_id::bulk: return post_bulk(request);
  case route_id::txn: return post_txn(request);
  case route_id::search_get: return get_search(request);
  case route_id::search_post: return post_search(request);
  case route_id::cluster: return get_cluster(request);
  case route_id::snapshot: return post_snapshot(request);
  case route_id::transfer: return post_transfer(request);
  case route_id::member_add: return post_member(request);
  case route_id::member_promote: return promote_member(request);
  case route_id::member_replace: return replace_member(request);
  case route_id::member_remove: return delete_member(request);
  case route_id::healthz: return healthy(request);
  case route_id::readyz: return get_ready(request);
  case route_id::metrics: return metrics(request);
  case route_id::openapi: return openapi_document();
  case route_id::docs: return docs_page();
  case route_id::docs_file: return docs_file(request.target.segments.back());
  case route_id::root: break;
  }
  return http_response{302, {}, "Location: /docs\r\n", {}};
}

http_response no_route(const http_target& target, const route_match& match) {
  if (!match.allow.empty())
    return problem(problems::method_not_allowed, "this address takes " + match.allow,
                   "Allow: " + match.allow + "\r\n");
  const auto& path = target.segments;
  if (path.size() > 3 && path[0] == "v1" && path[1] == "kv")
    return problem(problems::no_such_route, "a key is one segment of the path: a slash in it is written %2F");
  return problem(problems::no_such_route, "the routes of this node are listed in /openapi.json");
}

/// Picks the renderer for a result that came; anything else is a mistake inside the node.
struct renderer {
  const api_options& options;

  http_response operator()(const put_plan& plan, const command_result& r) const {
    return render_put(plan, r);
  }
  http_response operator()(const delete_plan& plan, const command_result& r) const {
    return render_delete(plan, r);
  }
  http_response operator()(const bulk_plan& plan, const command_result& r) const {
    return render_bulk(plan, r);
  }
  http_response operator()(const txn_plan&, const command_result& r) const {
    return render_txn(r, options.txn_answer_bytes_max);
  }
  http_response operator()(const get_plan& plan, const query_result& r) const { return render_get(plan, r); }
  http_response operator()(const range_plan& plan, const query_result& r) const {
    return render_range(plan, r);
  }
  http_response operator()(const search_plan& plan, const search_result& r) const {
    return render_search(plan, r);
  }
  http_response operator()(const ready_plan&, const query_result& r) const { return render_ready(r); }
  http_response operator()(const ready_plan&, const search_result& r) const { return render_ready(r); }
  http_response operator()(const cluster_plan&, const cluster_status& r) const { return render_cluster(r); }
  http_response operator()(const snapshot_plan&, const snapshot_result& r) const {
    return render_snapshot(r);
  }
  http_response operator()(const transfer_plan&, const transfer_result& r) const {
    return render_transfer(r);
  }
  http_response operator()(const member_plan& plan, const member_result& r) const {
    return render_member(plan, r);
  }
  template <class Plan>
  http_response operator()(const Plan& plan, const refusal& r) const {
    return render_refusal(plan, r);
  }
  template <class Plan, class Result>
  http_response operator()(const Plan&, const Result&) const {
    return problem(problems::internal, "the answer does not belong to the question");
  }
};

/// Lost, it may have been done all the same.
bool writes(const answer_plan& plan) {
  return std::holds_alternative<put_plan>(plan) || std::holds_alternative<delete_plan>(plan) ||
         std::holds_alternative<bulk_plan>(plan) || std::holds_alternative<txn_plan>(plan) ||
         std::holds_alternative<member_plan>(plan) || std::holds_alternative<transfer_plan>(plan);
}

} // namespace

translation http_api::translate(http_request&& request) const {
  if (request.repeated_header)
    return {route_family::unknown,
            problem(problems::bad_header, "a header that may stand only once is repeated")};
  auto target = parse_target(request.target);
  if (!target) return {route_family::unknown, problem(problems::malformed_request, target.error().detail)};
  const auto match = find_route(request.method, target->segments);
  if (!match.found) return {match.family, no_route(*target, match)};
  context request_context{options_, request, *target};
  return {match.family, dispatch(match.found->id, request_context)};
}

http_response http_api::render(const answer_plan& plan, decltype(answer::body)&& body) const {
  if (auto* result = std::get_if<command_result>(&body); result && result->code != outcome::applied)
    return render_not_applied(*result);
  return std::visit(renderer{options_}, plan, body);
}

http_response http_api::render_lost(const answer_plan& plan, bool stopping) {
  refusal lost;
  lost.retry_after_ms = 1'000;
  if (writes(plan)) {
    lost.kind = refusal_kind::outcome_unknown;
    lost.detail = stopping ? "the node stopped before the outcome was known" : "no outcome was known in time";
  } else {
    lost.kind = stopping ? refusal_kind::stopping : refusal_kind::timed_out;
    lost.detail = stopping ? "the node is stopping; ask another" : "no answer came in time";
  }
  return render_refusal(plan, lost);
}

} // namespace troupe::net
