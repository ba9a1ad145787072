#include "net/http_parser.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace troupe::net {

namespace {

/// What is set aside for a body that is announced; more only when it really comes.
constexpr std::size_t body_reserve_max = 256 * 1024;

} // namespace

void request_parser::refuse(error_code& ec, const problem_kind& kind, std::string_view detail) {
  refusal_ = &kind;
  refusal_detail_ = detail;
  ec = boost::beast::http::error::bad_field;
}

void request_parser::join(std::optional<std::string>& header, string_view value) {
  if (header)
    header->append(", ").append(value.data(), value.size());
  else
    header.emplace(value.data(), value.size());
}

void request_parser::once(std::optional<std::string>& header, string_view value) {
  if (header)
    request_.repeated_header = true;
  else
    header.emplace(value.data(), value.size());
}

void request_parser::on_request_impl(verb method, string_view, string_view target, int version, error_code&) {
  version_ = version;
  switch (method) {
  case verb::get: request_.method = http_method::get; break;
  case verb::head: request_.method = http_method::head; break;
  case verb::put: request_.method = http_method::put; break;
  case verb::post: request_.method = http_method::post; break;
  case verb::delete_: request_.method = http_method::del; break;
  default: request_.method = http_method::other;
  }
  request_.target.assign(target.data(), target.size());
}

void request_parser::on_field_impl(field field_id, string_view name, string_view value, error_code& ec) {
  if (header_done_) return; // trailers of a chunked body mean nothing here
  switch (field_id) {
  case field::content_type: return once(request_.content_type, value);
  case field::content_encoding: return join(request_.content_encoding, value);
  case field::accept: return join(request_.accept, value);
  case field::if_match: return join(request_.if_match, value);
  case field::if_none_match: return join(request_.if_none_match, value);
  case field::content_length: request_.length_known = true; return;
  case field::host: ++hosts_; return;
  case field::expect:
    if (!boost::beast::iequals(value, "100-continue"))
      return refuse(ec, problems::expectation_failed, "the only expectation that works is 100-continue");
    expects_continue_ = true;
    return;
  case field::transfer_encoding:
    // Anything but plain chunks would leave it open where the request ends (RFC 9112 §6.1).
    if (!boost::beast::iequals(value, "chunked"))
      return refuse(ec, problems::not_implemented, "the only transfer encoding that works is chunked");
    // HTTP/1.0 knows no chunks, so a proxy may see the end elsewhere.
    if (version_ < 11) return refuse(ec, problems::malformed_request, "HTTP/1.0 has no transfer encodings");
    request_.length_known = true;
    return;
  default:
    // Boost.Beast has no number for this one.
    if (boost::beast::iequals(name, "Idempotency-Key")) once(request_.idempotency_key, value);
  }
}

void request_parser::on_header_impl(error_code& ec) {
  header_done_ = true;
  if (hosts_ > 1 || (hosts_ == 0 && version_ >= 11))
    refuse(ec, problems::malformed_request, "a request names exactly one Host");
}

void request_parser::on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) {
  if (length)
    request_.body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, body_reserve_max)));
}

void request_parser::append_body(string_view bytes, error_code& ec) {
  if (!budget_.take(bytes.size()))
    return refuse(ec, problems::overloaded, "too many large requests at once; nothing was applied");
  charge_ += bytes.size();
  request_.body.append(bytes.data(), bytes.size());
}

std::size_t request_parser::on_body_impl(string_view bytes, error_code& ec) {
  append_body(bytes, ec);
  return bytes.size();
}

std::size_t request_parser::on_chunk_body_impl(std::uint64_t, string_view bytes, error_code& ec) {
  append_body(bytes, ec);
  return bytes.size();
}

} // namespace troupe::net
