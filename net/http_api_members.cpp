// POST /v1/cluster/members, POST /v1/cluster/members/{id}/promote and /replace, DELETE
// /v1/cluster/members/{id}

#include "config/member.hpp"
#include "net/http_api_body.hpp"
#include "net/http_api_detail.hpp"
#include "net/http_text.hpp"

namespace troupe::net::api {

namespace {

/// The node in the path /v1/cluster/members/{id}.
or_response<node_id> id_in_path(context& request) {
  if (auto bad = check_parameters(request.target, {})) return std::move(*bad);
  auto id = config::parse_node_id(request.target.segments[3]);
  if (!id) return problem(problems::bad_parameter, "the id of the node: " + id.error().detail);
  return *std::move(id);
}

/// The address that the node has to have, as members spell it; empty when the body names none.
or_response<std::string> peer_in_body(const json_node* field) {
  if (!field) return std::string{};
  if (field->what != json_node::kind::string) return problem(problems::bad_body, "peer: must be a string");
  auto peer = config::parse_peer_address(field->text);
  if (!peer) return problem(problems::bad_body, "peer: " + peer.error().detail);
  return peer->to_string();
}

http_call call(context& request, member_request wish) {
  member_plan plan{wish.id.name};
  return {std::move(wish), request.options.timeout_ms, std::move(plan)};
}

} // namespace

or_response<node_id> id_in_body(const json_node* field, std::string_view name) {
  if (!field) return problem(problems::bad_body, std::string(name) + ": is missing");
  if (field->what != json_node::kind::string)
    return problem(problems::bad_body, std::string(name) + ": must be a string, the id of a node");
  auto id = config::parse_node_id(field->text);
  if (!id) return problem(problems::bad_body, std::string(name) + ": " + id.error().detail);
  return *std::move(id);
}

/// The body is {"id":"n4"}, with "peer":"host:port" when it has to be the node at that address.
outcome_of_translation post_member(context& request) {
  auto root = read_body(request, {});
  if (auto* bad = refused(root)) return std::move(*bad);
  auto found = members(std::get<json_node>(root), std::array<std::string_view, 2>{"id", "peer"}, "the body");
  if (!found) return problem(problems::bad_body, found.error().detail);
  auto id = id_in_body((*found)[0], "id");
  if (auto* bad = refused(id)) return std::move(*bad);
  auto peer = peer_in_body((*found)[1]);
  if (auto* bad = refused(peer)) return std::move(*bad);
  return call(request,
              {member_action::add, std::get<node_id>(std::move(id)), std::get<std::string>(std::move(peer))});
}

outcome_of_translation promote_member(context& request) {
  auto id = id_in_path(request);
  if (auto* bad = refused(id)) return std::move(*bad);
  if (!request.request.body.empty()) return problem(problems::bad_body, "this request takes no body");
  return call(request, {member_action::promote, std::get<node_id>(std::move(id)), {}});
}

/// The body is {"peer":"host:port"}, or nothing.
outcome_of_translation replace_member(context& request) {
  member_request wish{member_action::replace, {}, {}};
  if (!request.request.body.empty()) {
    auto root = read_body(request, {});
    if (auto* bad = refused(root)) return std::move(*bad);
    auto found = members(std::get<json_node>(root), std::array<std::string_view, 1>{"peer"}, "the body");
    if (!found) return problem(problems::bad_body, found.error().detail);
    auto peer = peer_in_body((*found)[0]);
    if (auto* bad = refused(peer)) return std::move(*bad);
    wish.peer_address = std::get<std::string>(std::move(peer));
  }
  auto id = id_in_path(request);
  if (auto* bad = refused(id)) return std::move(*bad);
  wish.id = std::get<node_id>(std::move(id));
  return call(request, std::move(wish));
}

outcome_of_translation delete_member(context& request) {
  auto id = id_in_path(request);
  if (auto* bad = refused(id)) return std::move(*bad);
  if (!request.request.body.empty()) return problem(problems::bad_body, "this request takes no body");
  return call(request, {member_action::remove, std::get<node_id>(std::move(id)), {}});
}

http_response render_member(const member_plan& plan, const member_result& result) {
  std::string body = "{\"id\":";
  append_json_text(body, plan.id);
  body += result.changed ? ",\"changed\":true" : ",\"changed\":false";
  body += ",\"index\":";
  append_number(body, result.index.value);
  body += ",\"voters\":";
  append_number(body, std::uint64_t{result.voters});
  body += ",\"learners\":";
  append_number(body, std::uint64_t{result.learners});
  body += '}';
  return json_response(200, std::move(body));
}

} // namespace troupe::net::api
