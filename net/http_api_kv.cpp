// GET, PUT and DELETE /v1/kv/{key}

#include "net/http_api_detail.hpp"
#include "net/http_text.hpp"

#include <algorithm>

namespace troupe::net::api {

namespace {

or_response<std::string> read_key(const context& request) {
  const auto& key = request.target.segments.back();
  if (key.empty()) return problem(problems::bad_key, "a key has at least one byte");
  if (key.size() > request.options.bounds.key_bytes_max)
    return problem(problems::uri_too_long, "the key is over the limit");
  return key;
}

/// One entity tag in quotes with a revision inside, or `*`. Weak tags never match a stored value, and lists
/// are not offered.
or_response<std::optional<tag_condition>> read_condition(const std::optional<std::string>& header,
                                                         std::string_view name) {
  if (!header) return std::optional<tag_condition>{};
  if (*header == "*") return std::optional{tag_condition{true, {}}};
  const std::string_view text{*header};
  if (text.size() >= 3 && text.front() == '"' && text.back() == '"')
    if (const auto revision = parse_u64(text.substr(1, text.size() - 2)))
      return std::optional{tag_condition{false, revision_t{*revision}}};
  return problem(problems::bad_header, std::string{name} + " is * or one revision in quotes, like \"42\"");
}

struct conditions {
  std::optional<tag_condition> if_match;
  std::optional<tag_condition> if_none_match;
};

or_response<conditions> read_conditions(const http_request& request) {
  auto match = read_condition(request.if_match, "If-Match");
  if (auto* bad = refused(match)) return std::move(*bad);
  auto none_match = read_condition(request.if_none_match, "If-None-Match");
  if (auto* bad = refused(none_match)) return std::move(*bad);
  return conditions{std::get<1>(match), std::get<1>(none_match)};
}

/// The compares that make a write conditional. Both headers together must both hold.
std::vector<compare> to_compares(const std::string& key, const conditions& given) {
  std::vector<compare> compares;
  const auto add = [&](const tag_condition& tag, bool must_match) {
    compare c;
    c.key = key;
    c.target = tag.any ? compare_target::exists : compare_target::mod_revision;
    c.number = tag.any ? (must_match ? 1 : 0) : tag.revision.value;
    c.op = tag.any || must_match ? compare_op::equal : compare_op::not_equal;
    compares.push_back(std::move(c));
  };
  if (given.if_match) add(*given.if_match, true);
  if (given.if_none_match) add(*given.if_none_match, false);
  return compares;
}

bool matches(const tag_condition& tag, const key_value* found) {
  return found && (tag.any || found->mod_revision == tag.revision);
}

/// Whether one of the media types a client accepts is JSON by name. `*/*` asks for the value as it was put.
bool wants_envelope(const std::optional<std::string>& accept) {
  if (!accept) return false;
  std::string_view rest{*accept};
  while (!rest.empty()) {
    const auto comma = rest.find(',');
    std::string_view parameters;
    const auto name = essence(rest.substr(0, comma), &parameters);
    if (name == "application/json") {
      const auto weight = essence(parameters);
      // q=0 in any of its spellings means "not this one" (RFC 9110 §12.4.2).
      return !(weight.starts_with("q=0") && weight.find_first_of("123456789") == std::string::npos);
    }
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  return false;
}

http_response condition_failed(const std::string& key, const command_result& result) {
  std::string headers = revision_header(result.revision);
  append_replayed(headers, result);
  return problem(problems::precondition_failed,
                 "the key " + key +
                     " is not in the state that If-Match or If-None-Match asks for; nothing was written",
                 std::move(headers));
}

} // namespace

outcome_of_translation get_key(context& request) {
  if (auto bad = check_parameters(request.target, {"consistency", "revision"})) return std::move(*bad);
  auto key = read_key(request);
  if (auto* bad = refused(key)) return std::move(*bad);
  auto mode = read_mode(request.target);
  if (auto* bad = refused(mode)) return std::move(*bad);
  auto at = read_revision(request.target);
  if (auto* bad = refused(at)) return std::move(*bad);
  auto given = read_conditions(request.request);
  if (auto* bad = refused(given)) return std::move(*bad);
  auto& conditions_given = std::get<1>(given);
  get_plan plan{std::get<1>(key), wants_envelope(request.request.accept), conditions_given.if_match,
                conditions_given.if_none_match};
  read_request read{get_query{std::move(std::get<1>(key)), std::get<1>(at)}, std::get<1>(mode)};
  return http_call{std::move(read), request.options.timeout_ms, std::move(plan)};
}

outcome_of_translation put_key(context& request) {
  auto& http = request.request;
  if (auto bad = check_parameters(request.target, {"embed"})) return std::move(*bad);
  auto key = read_key(request);
  if (auto* bad = refused(key)) return std::move(*bad);
  if (auto bad = check_body_headers(http)) return std::move(*bad);
  auto given = read_conditions(http);
  if (auto* bad = refused(given)) return std::move(*bad);
  if (http.body.size() > request.options.bounds.value_bytes_max)
    return problem(problems::too_large, "the value is over the limit");
  auto type = classify(http.content_type, http.body, request.options.json_depth_max);
  if (auto* bad = refused(type)) return std::move(*bad);

  auto& name = std::get<1>(key);
  transaction write;
  write.compares = to_compares(name, std::get<1>(given));
  write.success.push_back(put_operation{name, blob{http.body}, std::get<1>(type)});
  const bool conditional = !write.compares.empty();
  return write_call(request, std::move(write), put_plan{std::move(name), conditional});
}

outcome_of_translation delete_key(context& request) {
  if (auto bad = check_parameters(request.target, {})) return std::move(*bad);
  auto key = read_key(request);
  if (auto* bad = refused(key)) return std::move(*bad);
  auto given = read_conditions(request.request);
  if (auto* bad = refused(given)) return std::move(*bad);

  auto& name = std::get<1>(key);
  transaction write;
  write.compares = to_compares(name, std::get<1>(given));
  write.success.push_back(delete_operation{name});
  const bool conditional = !write.compares.empty();
  return write_call(request, std::move(write), delete_plan{std::move(name), conditional});
}

http_response render_put(const put_plan& plan, const command_result& result) {
  if (!result.succeeded && plan.conditional) return condition_failed(plan.key, result);
  const auto* put = result.results.empty() ? nullptr : std::get_if<put_result>(&result.results.front());
  const bool created = put && put->created;
  std::string body = "{\"key\":";
  append_json_bytes(body, plan.key);
  body += ",\"revision\":";
  append_number(body, result.revision.value);
  body += created ? ",\"created\":true}" : ",\"created\":false}";
  std::string headers = revision_header(result.revision);
  append_etag(headers, result.revision);
  append_replayed(headers, result);
  return json_response(created ? 201 : 200, std::move(body), std::move(headers));
}

http_response render_delete(const delete_plan& plan, const command_result& result) {
  if (!result.succeeded && plan.conditional) return condition_failed(plan.key, result);
  const auto* gone = result.results.empty() ? nullptr : std::get_if<delete_result>(&result.results.front());
  std::string body = "{\"key\":";
  append_json_bytes(body, plan.key);
  body += gone && gone->deleted ? ",\"deleted\":true" : ",\"deleted\":false";
  body += ",\"revision\":";
  append_number(body, result.revision.value);
  body += '}';
  std::string headers = revision_header(result.revision);
  append_replayed(headers, result);
  return json_response(200, std::move(body), std::move(headers));
}

http_response render_get(const get_plan& plan, const query_result& result) {
  if (result.code != query_outcome::ok) return render_query_refused(result);
  const key_value* found = result.items.empty() ? nullptr : &result.items.front();
  std::string headers = revision_header(result.revision);
  if (plan.if_match && !matches(*plan.if_match, found))
    return problem(problems::precondition_failed, "the key " + plan.key + " is not what If-Match asks for",
                   headers);
  if (!found)
    return problem(problems::key_not_found, "the key " + plan.key + " does not exist", std::move(headers));
  append_etag(headers, found->mod_revision);
  headers += "Vary: Accept\r\n";
  if (plan.if_none_match && matches(*plan.if_none_match, found)) return {304, {}, std::move(headers), {}};
  if (plan.envelope) {
    std::string body;
    append_envelope(body, *found, false);
    return json_response(200, std::move(body), std::move(headers));
  }
  // A stored page must not run as one in a browser that looks at the console on the same origin.
  headers += "X-Content-Type-Options: nosniff\r\n";
  return {200, content_type_of(found->type), std::move(headers), found->value};
}

} // namespace troupe::net::api
