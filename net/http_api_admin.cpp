// GET /v1/cluster, POST /v1/cluster/transfer, POST /v1/snapshot, GET /readyz

#include "command/health.hpp"
#include "net/http_api_body.hpp"
#include "net/http_api_detail.hpp"
#include "net/http_text.hpp"

namespace troupe::net::api {

namespace {

std::string_view role_name(node_role role) {
  switch (role) {
  case node_role::forming: return "forming";
  case node_role::follower: return "follower";
  case node_role::candidate: return "candidate";
  case node_role::leader: return "leader";
  case node_role::learner: return "learner";
  }
  return "unknown";
}

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out += name;
  append_json_text(out, text);
}

void append_text_or_null(std::string& out, std::string_view name, std::string_view text) {
  if (!text.empty()) return append_text(out, name, text);
  out += name;
  out += "null";
}

template <class Number>
void append_field(std::string& out, std::string_view name, Number number) {
  out += name;
  append_number(out, number);
}

void append_member(std::string& out, const member_status& member) {
  append_text(out, "{\"id\":", member.id.name);
  append_text(out, ",\"peer_address\":", member.peer_address);
  append_text(out, ",\"http_address\":", member.http_address);
  append_text(out, ",\"role\":", role_name(member.role));
  append_field(out, ",\"match_index\":", member.match.value);
  out += ",\"last_contact_ms\":";
  if (member.last_contact_ms < 0)
    out += "null";
  else
    append_number(out, member.last_contact_ms);
  out += member.voter ? ",\"voter\":true" : ",\"voter\":false";
  out += member.keeps_up ? ",\"keeps_up\":true" : ",\"keeps_up\":false";
  out += member.disk_full ? ",\"disk_full\":true}" : ",\"disk_full\":false}";
}

void append_health(std::string& body, const health& h) {
  append_text(body, ",\"health\":{\"status\":", to_string(h.state));
  append_text(body, ",\"summary\":", h.summary);
  append_field(body, ",\"voters\":", std::uint64_t{h.voters});
  append_field(body, ",\"voters_ok\":", std::uint64_t{h.voters_ok});
  append_field(body, ",\"tolerates\":", std::uint64_t{h.tolerates});
  append_field(body, ",\"index_lag\":", h.index_lag);
  body += ",\"problems\":[";
  for (auto& p : h.problems)
    append_text(body, &p == &h.problems.front() ? "" : ",", p);
  body += "],\"members\":[";
  for (auto& m : h.members) {
    append_text(body, &m == &h.members.front() ? "{\"id\":" : ",{\"id\":", m.id.name);
    append_text(body, ",\"state\":", to_string(m.state));
    append_field(body, ",\"lag\":", m.lag);
    body += '}';
  }
  body += "]}";
}

void append_search(std::string& out, const search_status& search) {
  out += ",\"search\":{\"text_on\":";
  out += search.text_on ? "true" : "false";
  out += ",\"vectors_on\":";
  out += search.vectors_on ? "true" : "false";
  out += ",\"ready\":";
  out += search.ready ? "true" : "false";
  append_field(out, ",\"indexed_revision\":", search.indexed_revision.value);
  append_field(out, ",\"vector_revision\":", search.vector_revision.value);
  append_field(out, ",\"documents\":", search.documents);
  append_field(out, ",\"vectors\":", search.vectors);
  append_field(out, ",\"pending\":", search.pending);
  append_text_or_null(out, ",\"model\":", search.model);
  out += '}';
}

} // namespace

outcome_of_translation get_cluster(context& request) {
  if (auto bad = check_parameters(request.target, {})) return std::move(*bad);
  return http_call{status_request{}, request.options.timeout_ms, cluster_plan{}};
}

outcome_of_translation post_snapshot(context& request) {
  if (auto bad = check_parameters(request.target, {})) return std::move(*bad);
  if (!request.request.body.empty()) return problem(problems::bad_body, "this request takes no body");
  return http_call{snapshot_now_request{}, request.options.snapshot_timeout_ms, snapshot_plan{}};
}

/// The body is {"to":"n2"}, or nothing.
outcome_of_translation post_transfer(context& request) {
  transfer_request wanted;
  if (request.request.body.empty()) {
    if (auto bad = check_parameters(request.target, {})) return std::move(*bad);
    return http_call{std::move(wanted), request.options.timeout_ms, transfer_plan{}};
  }
  auto root = read_body(request, {});
  if (auto* bad = refused(root)) return std::move(*bad);
  auto found = members(std::get<json_node>(root), std::array<std::string_view, 1>{"to"}, "the body");
  if (!found) return problem(problems::bad_body, found.error().detail);
  if (auto* to = (*found)[0]) {
    auto id = id_in_body(to, "to");
    if (auto* bad = refused(id)) return std::move(*bad);
    wanted.target = std::get<node_id>(std::move(id));
  }
  return http_call{std::move(wanted), request.options.timeout_ms, transfer_plan{}};
}

/// Ready means: a linearizable read works, so there is a leader that a majority follows, and this node has
/// applied what it committed, and indexed it if it keeps an index. Which key is read, or what is looked for,
/// does not matter.
outcome_of_translation get_ready(context& request) {
  if (auto bad = check_parameters(request.target, {"for"})) return std::move(*bad);
  const auto part = request.target.parameter("for");
  if (part && *part != "kv") return problem(problems::bad_parameter, "for is kv, or left out");
  if (request.options.search_on && !part) {
    search_request probe;
    probe.query = "troupe-readiness-probe";
    probe.limit = 1;
    probe.values = probe.highlights = false;
    return http_call{std::move(probe), request.options.ready_timeout_ms, ready_plan{}};
  }
  read_request probe{get_query{std::string(1, '\0'), std::nullopt}, consistency::linearizable};
  return http_call{std::move(probe), request.options.ready_timeout_ms, ready_plan{}};
}

http_response render_cluster(const cluster_status& status) {
  std::string body;
  append_text_or_null(body, "{\"cluster_id\":", status.cluster ? status.cluster.to_string() : std::string{});
  append_text(body, ",\"node_id\":", status.self.name);
  append_text(body, ",\"role\":", role_name(status.role));
  append_text_or_null(body, ",\"leader\":", status.leader.name);
  append_field(body, ",\"term\":", status.term.value);
  append_field(body, ",\"commit_index\":", status.commit.value);
  append_field(body, ",\"applied_index\":", status.applied.value);
  append_field(body, ",\"first_index\":", status.first.value);
  append_field(body, ",\"last_index\":", status.last.value);
  append_field(body, ",\"snapshot_index\":", status.snapshot.value);
  append_field(body, ",\"revision\":", status.revision.value);
  append_field(body, ",\"compacted_revision\":", status.compacted.value);
  append_field(body, ",\"keys\":", status.keys);
  append_field(body, ",\"log_bytes\":", status.log_bytes);
  append_field(body, ",\"memory\":{\"logical_bytes\":", status.memory_bytes);
  append_field(body, ",\"quota_bytes\":", status.memory_quota);
  body += status.memory_alarm ? ",\"alarm\":true}" : ",\"alarm\":false}";
  body += status.disk_full ? ",\"disk_full\":true" : ",\"disk_full\":false";
  body += ",\"members\":[";
  for (auto& member : status.members) {
    if (&member != &status.members.front()) body += ',';
    append_member(body, member);
  }
  body += "],\"waiting\":[";
  for (auto& node : status.waiting) {
    append_text(body, &node == &status.waiting.front() ? "{\"id\":" : ",{\"id\":", node.id.name);
    append_text(body, ",\"peer_address\":", node.peer_address);
    append_text(body, ",\"http_address\":", node.http_address);
    body += '}';
  }
  body += ']';
  append_search(body, status.search);
  append_health(body, assess(status));
  append_text_or_null(body, ",\"recovered\":", status.recovered);
  body += '}';
  return json_response(200, std::move(body));
}

http_response render_snapshot(const snapshot_result& result) {
  std::string body;
  append_field(body, "{\"index\":", result.index.value);
  append_field(body, ",\"term\":", result.term.value);
  append_field(body, ",\"bytes\":", result.bytes);
  body += '}';
  return json_response(200, std::move(body));
}

http_response render_transfer(const transfer_result& result) {
  std::string body;
  append_text(body, "{\"leader\":", result.leader.name);
  append_field(body, ",\"term\":", result.term.value);
  body += '}';
  return json_response(200, std::move(body));
}

http_response render_ready(const query_result& result) {
  std::string body;
  append_field(body, "{\"ready\":true,\"revision\":", result.revision.value);
  body += '}';
  return json_response(200, std::move(body));
}

http_response render_ready(const search_result& result) {
  if (result.code == search_outcome::not_yet) {
    std::string detail = "the index is still being built; it holds revision ";
    append_number(detail, result.indexed_revision.value);
    return unavailable(problems::not_ready, detail, 1'000);
  }
  if (result.code != search_outcome::ok && result.code != search_outcome::no_index)
    return problem(problems::internal, "the node did not understand its own search: " + result.detail);
  std::string body;
  append_field(body, "{\"ready\":true,\"revision\":", result.indexed_revision.value);
  body += '}';
  return json_response(200, std::move(body));
}

} // namespace troupe::net::api
