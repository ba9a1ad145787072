#pragma once

// What the files of the translation share with each other, one file a family of routes. For net/http_api*.cpp
// only.

#include "net/http_api.hpp"
#include "net/http_problem.hpp"
#include "net/http_target.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace troupe::net::api {

/// A request on its way to its family: parsed, its route found.
struct context {
  const api_options& options;
  http_request& request;
  const http_target& target;
};

using outcome_of_translation = std::variant<http_response, http_call>;

// Kept short in the families: a value, or the response that says why there is none.
template <class T>
using or_response = std::variant<http_response, T>;
template <class T>
http_response* refused(or_response<T>& value) {
  return std::get_if<http_response>(&value);
}

outcome_of_translation get_key(context&);
outcome_of_translation put_key(context&);
outcome_of_translation delete_key(context&);
outcome_of_translation get_range(context&);
outcome_of_translation post_bulk(context&);
outcome_of_translation post_txn(context&);
outcome_of_translation get_search(context&);
outcome_of_translation post_search(context&);
outcome_of_translation get_cluster(context&);
outcome_of_translation post_snapshot(context&);
outcome_of_translation post_transfer(context&);
outcome_of_translation post_member(context&);
outcome_of_translation promote_member(context&);
outcome_of_translation replace_member(context&);
outcome_of_translation delete_member(context&);
outcome_of_translation get_ready(context&);

http_response render_put(const put_plan&, const command_result&);
http_response render_delete(const delete_plan&, const command_result&);
http_response render_get(const get_plan&, const query_result&);
http_response render_range(const range_plan&, const query_result&);
http_response render_bulk(const bulk_plan&, const command_result&);
http_response render_txn(const command_result&, std::size_t bytes_max);
http_response render_search(const search_plan&, const search_result&);
/// Precondition: code is not ok.
http_response render_search_refused(const search_result&);
http_response render_cluster(const cluster_status&);
http_response render_snapshot(const snapshot_result&);
http_response render_transfer(const transfer_result&);
http_response render_member(const member_plan&, const member_result&);
http_response render_ready(const query_result&);
http_response render_ready(const search_result&);
/// The result of a command that was not applied. Precondition: code is not applied.
http_response render_not_applied(const command_result&);
http_response render_query_refused(const query_result&);
http_response render_refusal(const answer_plan&, const refusal&);

/// None: all is well. For routes that take no parameters but `known`.
std::optional<http_response> check_parameters(const http_target&,
                                              std::initializer_list<std::string_view> known);
/// The parameter `consistency`, linearizable when not given.
or_response<consistency> read_mode(const http_target&);
/// The parameter `revision`.
or_response<std::optional<revision_t>> read_revision(const http_target&);
/// "true" or "false"; false when not given.
or_response<bool> read_flag(const http_target&, std::string_view name);

/// The parameter `embed`: whether the node is to embed what is put before it proposes.
or_response<bool> read_embed(const http_target&);
/// Checks the bounds, adds the idempotency stamp that the request asks for, and encodes. Takes the parameter
/// `embed`.
outcome_of_translation write_call(context&, transaction&&, answer_plan&&);
/// What a value is, by its Content-Type and its bytes.
or_response<media_type> classify(const std::optional<std::string>& content_type, std::string_view body,
                                 std::size_t depth_max);
/// Whether bytes are what `type` says: valid UTF-8, valid JSON.
std::optional<http_response> check_value(media_type type, std::string_view body, std::size_t depth_max);
/// 411 and 415 for routes that need a body.
std::optional<http_response> check_body_headers(const http_request&);
/// The type and subtype of a Content-Type or one element of Accept, in lower case; its parameters in
/// `parameters`.
std::string essence(std::string_view value, std::string_view* parameters = nullptr);

/// {"key":..,"value":..,...}, without "value" when `keys_only`.
void append_envelope(std::string& out, const key_value& item, bool keys_only);
/// A response with a JSON document; adds the line end.
http_response json_response(unsigned status, std::string&& body, std::string&& headers = {});
/// Header lines.
std::string revision_header(revision_t revision);
void append_etag(std::string& headers, revision_t revision);
/// "Idempotent-Replayed: true" when this is the remembered answer of an earlier request.
void append_replayed(std::string& headers, const command_result& result);

/// The pages of the build: /openapi.json, /docs and its files. 404 for files that are not among them.
http_response openapi_document();
http_response docs_page();
http_response docs_file(std::string_view name);

} // namespace troupe::net::api
