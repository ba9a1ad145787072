// GET /v1/kv: one page of a range after the other, all of one revision.

#include "net/http_api_detail.hpp"
#include "net/http_cursor.hpp"
#include "net/http_text.hpp"

#include <algorithm>

namespace troupe::net::api {

namespace {

/// Which keys, as the parameters prefix, start, end and reverse say.
struct asked_range {
  std::string start;
  std::string end;
  bool reverse = false;
  bool named = false; ///< any of these parameters was given
};

or_response<asked_range> read_range(const http_target& target) {
  const auto prefix = target.parameter("prefix");
  const auto start = target.parameter("start");
  const auto end = target.parameter("end");
  auto reverse = read_flag(target, "reverse");
  if (auto* bad = refused(reverse)) return std::move(*bad);
  asked_range range{std::string{start.value_or("")}, std::string{end.value_or("")}, std::get<1>(reverse),
                    false};
  range.named = prefix || start || end || target.parameter("reverse");
  if (end && end->empty())
    return problem(problems::bad_parameter, "end is left out when there is no upper bound");
  if (end && range.start > range.end) return problem(problems::bad_parameter, "start comes after end");
  if (prefix) {
    range.start = std::max(range.start, std::string{*prefix});
    const auto bound = prefix_end(*prefix);
    if (!bound.empty() && (range.end.empty() || bound < range.end)) range.end = bound;
    // Parameters that exclude each other name no key.
    if (!range.end.empty() && range.start > range.end) range.start = range.end;
  }
  return range;
}

or_response<std::uint32_t> read_limit(const context& request) {
  const auto given = request.target.parameter("limit");
  if (!given) return request.options.range_limit_default;
  const auto number = parse_u64(*given);
  if (!number || *number == 0 || *number > request.options.range_limit_max)
    return problem(problems::bad_parameter,
                   "limit is a whole number from 1 to " + std::to_string(request.options.range_limit_max));
  return static_cast<std::uint32_t>(*number);
}

/// Goes on where a cursor says. The parameters of the first page may be repeated, but not changed.
std::optional<http_response> continue_from(std::string_view text, asked_range& range, std::uint32_t& check,
                                           std::optional<revision_t>& at) {
  auto cursor = read_cursor(text);
  if (!cursor) return problem(problems::bad_parameter, "this cursor is not one that a range answered");
  if (range.named && check != cursor->check)
    return problem(problems::bad_parameter,
                   "this cursor belongs to another range; send the same parameters or none");
  if (at && *at != cursor->revision)
    return problem(problems::bad_parameter,
                   "this cursor belongs to another revision; leave the revision out");
  range = {std::move(cursor->start), std::move(cursor->end), cursor->reverse, true};
  check = cursor->check;
  at = cursor->revision;
  return std::nullopt;
}

} // namespace

outcome_of_translation get_range(context& request) {
  const auto& target = request.target;
  if (auto bad = check_parameters(target, {"prefix", "start", "end", "limit", "cursor", "keys_only",
                                           "reverse", "consistency", "revision"}))
    return std::move(*bad);
  auto range = read_range(target);
  if (auto* bad = refused(range)) return std::move(*bad);
  auto limit = read_limit(request);
  if (auto* bad = refused(limit)) return std::move(*bad);
  auto keys_only = read_flag(target, "keys_only");
  if (auto* bad = refused(keys_only)) return std::move(*bad);
  auto mode = read_mode(target);
  if (auto* bad = refused(mode)) return std::move(*bad);
  auto revision = read_revision(target);
  if (auto* bad = refused(revision)) return std::move(*bad);

  auto& asked = std::get<1>(range);
  auto& at = std::get<1>(revision);
  auto check = range_check(asked.start, asked.end, asked.reverse);
  if (const auto cursor = target.parameter("cursor"))
    if (auto bad = continue_from(*cursor, asked, check, at)) return std::move(*bad);

  range_plan plan{asked.start, asked.end, check, std::get<1>(keys_only), asked.reverse};
  range_query query;
  query.start = std::move(asked.start);
  query.end = std::move(asked.end);
  query.limit = std::get<1>(limit);
  query.bytes_max = request.options.range_bytes_max;
  query.keys_only = plan.keys_only;
  query.reverse = plan.reverse;
  query.at = at;
  return http_call{read_request{std::move(query), std::get<1>(mode)}, request.options.timeout_ms,
                   std::move(plan)};
}

http_response render_range(const range_plan& plan, const query_result& result) {
  if (result.code != query_outcome::ok) return render_query_refused(result);
  std::string body = "{\"items\":[";
  for (auto& item : result.items) {
    if (&item != &result.items.front()) body += ',';
    append_envelope(body, item, plan.keys_only);
  }
  body += "],\"cursor\":";
  if (result.more && !result.items.empty()) {
    const auto& last = result.items.back().key;
    range_cursor next{result.revision, plan.start, plan.end, plan.reverse, plan.check};
    if (plan.reverse)
      next.end = last;
    else
      next.start = last + '\0'; // the smallest key after it
    append_json_string(body, write_cursor(next));
  } else {
    body += "null";
  }
  body += ",\"revision\":";
  append_number(body, result.revision.value);
  body += '}';
  return json_response(200, std::move(body), revision_header(result.revision));
}

} // namespace troupe::net::api
