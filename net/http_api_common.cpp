#include "net/http_api_detail.hpp"

#include "command/limits.hpp"
#include "net/http_json.hpp"
#include "net/http_text.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

namespace troupe::net::api {

namespace {

std::string_view trim(std::string_view text) {
  const auto blank = " \t";
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

/// SHA-256 of everything that makes a request what it is, cut to 128 bits. Each part goes in with its length
/// before it.
void fingerprint(const http_request& request, idempotency_stamp& stamp) {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  EVP_DigestInit_ex(digest, EVP_sha256(), nullptr);
  const auto add = [&](std::string_view part) {
    const std::uint64_t size = part.size();
    EVP_DigestUpdate(digest, &size, sizeof size);
    EVP_DigestUpdate(digest, part.data(), part.size());
  };
  const auto add_optional = [&](const std::optional<std::string>& part) {
    add(part ? "1" : "0");
    if (part) add(*part);
  };
  const auto method = static_cast<char>(request.method);
  add({&method, 1});
  add(request.target);
  add_optional(request.if_match);
  add_optional(request.if_none_match);
  add_optional(request.content_type);
  add(request.body);
  unsigned char sum[EVP_MAX_MD_SIZE];
  EVP_DigestFinal_ex(digest, sum, nullptr);
  EVP_MD_CTX_free(digest);
  std::memcpy(&stamp.fingerprint_high, sum, sizeof stamp.fingerprint_high);
  std::memcpy(&stamp.fingerprint_low, sum + sizeof stamp.fingerprint_high, sizeof stamp.fingerprint_low);
}

} // namespace

std::optional<http_response> check_parameters(const http_target& target,
                                              std::initializer_list<std::string_view> known) {
  if (auto allowed = target.allow(known); !allowed)
    return problem(problems::bad_parameter, allowed.error().detail);
  return std::nullopt;
}

or_response<consistency> read_mode(const http_target& target) {
  const auto given = target.parameter("consistency");
  if (!given || *given == "linearizable") return consistency::linearizable;
  if (*given == "stale") return consistency::stale;
  return problem(problems::bad_parameter, "consistency is linearizable or stale");
}

or_response<std::optional<revision_t>> read_revision(const http_target& target) {
  const auto given = target.parameter("revision");
  if (!given) return std::optional<revision_t>{};
  const auto number = parse_u64(*given);
  if (!number || *number == 0)
    return problem(problems::bad_parameter, "revision is a whole number from 1 on");
  return std::optional{revision_t{*number}};
}

or_response<bool> read_flag(const http_target& target, std::string_view name) {
  const auto given = target.parameter(name);
  if (!given || *given == "false") return false;
  if (*given == "true") return true;
  return problem(problems::bad_parameter, std::string{name} + " is true or false");
}

or_response<bool> read_embed(const http_target& target) {
  const auto given = target.parameter("embed");
  if (!given) return false;
  if (*given == "sync") return true;
  return problem(problems::bad_parameter, "embed is sync, or left out");
}

outcome_of_translation write_call(context& request, transaction&& what, answer_plan&& plan) {
  auto embed = read_embed(request.target);
  if (auto* bad = refused(embed)) return std::move(*bad);
  command proposed;
  proposed.body = std::move(what);
  if (const auto& key = request.request.idempotency_key) {
    if (key->empty() || key->size() > limits::idempotency_key_bytes_max)
      return problem(problems::bad_header, "an Idempotency-Key has 1 to 255 bytes");
    idempotency_stamp stamp{*key, 0, 0};
    fingerprint(request.request, stamp);
    proposed.idempotency = std::move(stamp);
  }
  if (auto valid = validate(proposed, request.options.bounds); !valid) {
    const auto& why = valid.error();
    return problem(why.code == errc::too_large ? problems::too_large : problems::bad_body, why.detail);
  }
  auto encoded = encode_command(proposed);
  if (encoded.size() > request.options.bounds.command_bytes_max)
    return problem(problems::too_large, "the whole request is larger than a command may be");
  return http_call{write_request{std::move(encoded), std::get<1>(embed)}, request.options.timeout_ms,
                   std::move(plan)};
}

std::string essence(std::string_view value, std::string_view* parameters) {
  const auto semicolon = value.find(';');
  if (parameters)
    *parameters = semicolon == std::string_view::npos ? std::string_view{} : value.substr(semicolon + 1);
  std::string name{trim(value.substr(0, semicolon))};
  for (auto& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

or_response<media_type> classify(const std::optional<std::string>& content_type, std::string_view body,
                                 std::size_t depth_max) {
  if (!content_type) return media_type::bytes;
  std::string_view parameters;
  const auto name = essence(*content_type, &parameters);
  // What curl says when it is told nothing: no promise about the bytes, so they decide.
  if (name == "application/x-www-form-urlencoded")
    return is_utf8(body) ? media_type::text : media_type::bytes;
  if (name.find('/') == std::string::npos)
    return problem(problems::unsupported_media_type, "the Content-Type is no media type");
  const auto type = name == "application/json"  ? media_type::json
                    : name.starts_with("text/") ? media_type::text
                                                : media_type::bytes;
  if (type == media_type::text) {
    const auto charset = essence(parameters);
    if (charset.starts_with("charset=") && charset != "charset=utf-8" && charset != "charset=\"utf-8\"" &&
        charset != "charset=us-ascii")
      return problem(problems::unsupported_media_type,
                     "text is UTF-8 here; other charsets can be put as bytes");
  }
  if (auto bad = check_value(type, body, depth_max)) return std::move(*bad);
  return type;
}

std::optional<http_response> check_value(media_type type, std::string_view body, std::size_t depth_max) {
  if (type == media_type::text && !is_utf8(body))
    return problem(problems::not_utf8, "a text value must be valid UTF-8");
  if (type == media_type::json)
    if (auto parsed = check_json(body, depth_max); !parsed)
      return problem(problems::malformed_json, parsed.error().detail);
  return std::nullopt;
}

std::optional<http_response> check_body_headers(const http_request& request) {
  if (!request.length_known)
    return problem(problems::length_required,
                   "the request needs a body with Content-Length or chunked encoding");
  if (request.content_encoding && essence(*request.content_encoding) != "identity")
    return problem(problems::unsupported_media_type, "compressed bodies are not understood");
  return std::nullopt;
}

void append_envelope(std::string& out, const key_value& item, bool keys_only) {
  out += "{\"key\":";
  append_json_bytes(out, item.key);
  if (!keys_only) {
    out += ",\"value\":";
    append_json_value(out, item.value.view(), item.type);
  }
  out += ",\"media_type\":\"";
  out += media_type_name(item.type);
  out += "\",\"create_revision\":";
  append_number(out, item.create_revision.value);
  out += ",\"mod_revision\":";
  append_number(out, item.mod_revision.value);
  out += ",\"version\":";
  append_number(out, item.version);
  out += '}';
}

http_response json_response(unsigned status, std::string&& body, std::string&& headers) {
  body += '\n';
  return {status, "application/json", std::move(headers), std::move(body)};
}

std::string revision_header(revision_t revision) {
  std::string header = "Troupe-Revision: ";
  append_number(header, revision.value);
  header += "\r\n";
  return header;
}

void append_etag(std::string& headers, revision_t revision) {
  headers += "ETag: \"";
  append_number(headers, revision.value);
  headers += "\"\r\n";
}

void append_replayed(std::string& headers, const command_result& result) {
  if (result.replayed) headers += "Idempotent-Replayed: true\r\n";
}

http_response render_not_applied(const command_result& result) {
  switch (result.code) {
  case outcome::idempotency_conflict:
    return problem(problems::idempotency_conflict, "this Idempotency-Key came with another request before");
  case outcome::idempotency_full:
    return unavailable(problems::overloaded, "too many idempotency keys are remembered; nothing was applied",
                       10'000);
  case outcome::sessions_full:
  case outcome::too_many_outstanding:
    return unavailable(problems::overloaded, "too many sessions or requests are open; nothing was applied",
                       1'000);
  case outcome::applied:
  case outcome::session_unknown:
  case outcome::sequence_forgotten:
  case outcome::malformed:
  case outcome::repeated:
  case outcome::proposal_forgotten: break;
  }
  return problem(problems::internal, "the cluster did not understand the command; nothing was applied");
}

http_response render_query_refused(const query_result& result) {
  if (result.code == query_outcome::compacted) {
    std::string detail = "the oldest revision that can still be read is ";
    append_number(detail, result.compacted.value);
    return problem(problems::compacted, detail, revision_header(result.revision));
  }
  std::string detail = "the newest revision is ";
  append_number(detail, result.revision.value);
  return problem(problems::revision_not_reached, detail, revision_header(result.revision));
}

http_response render_refusal(const answer_plan& plan, const refusal& why) {
  if (std::holds_alternative<ready_plan>(plan))
    return unavailable(problems::not_ready, why.detail, why.retry_after_ms);
  switch (why.kind) {
  case refusal_kind::no_leader: return unavailable(problems::no_leader, why.detail, why.retry_after_ms);
  case refusal_kind::overloaded: return unavailable(problems::overloaded, why.detail, why.retry_after_ms);
  case refusal_kind::stopping: return unavailable(problems::stopping, why.detail, why.retry_after_ms);
  case refusal_kind::disk_full: return unavailable(problems::disk_full, why.detail, why.retry_after_ms);
  case refusal_kind::memory_full: return unavailable(problems::memory_full, why.detail, why.retry_after_ms);
  case refusal_kind::not_ready: return unavailable(problems::not_ready, why.detail, why.retry_after_ms);
  case refusal_kind::outcome_unknown: return problem(problems::outcome_unknown, why.detail);
  case refusal_kind::timed_out: return problem(problems::timed_out, why.detail);
  case refusal_kind::not_possible: return problem(problems::not_possible, why.detail);
  case refusal_kind::invalid: break;
  }
  return problem(problems::bad_parameter, why.detail);
}

} // namespace troupe::net::api
