#pragma once

// Boost.Beast's incremental parser, filling an http_request. Includes Beast: for net/http_connection.cpp and
// its kin only.

#include "net/http_message.hpp"
#include "net/http_problem.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>

namespace troupe::net {

/// Bytes of request bodies, and of answers that are not written yet, that all connections hold together.
/// Answers are counted when they come, so it can be exceeded by those of the requests that were taken.
struct memory_budget {
  std::size_t used = 0;
  std::size_t max = 0;

  bool full() const { return used >= max; }
  bool take(std::size_t bytes) {
    if (full() || bytes > max - used) return false;
    used += bytes;
    return true;
  }
};

/// Reads one request. What breaks a rule of ours, and not of the grammar, is named by refusal().
class request_parser : public boost::beast::http::basic_parser<true> {
public:
  explicit request_parser(memory_budget& budget) : budget_(budget) { eager(true); }
  ~request_parser() override { budget_.used -= charge_; }

  http_request& request() { return request_; }
  bool http10() const { return version_ < 11; }
  bool expects_continue() const { return expects_continue_; }
  const problem_kind* refusal() const { return refusal_; }
  std::string_view refusal_detail() const { return refusal_detail_; }
  /// The bytes of the body still count; from now on the caller gives them back.
  std::size_t release_charge() { return std::exchange(charge_, 0); }

private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  using field = boost::beast::http::field;
  using verb = boost::beast::http::verb;

  void refuse(error_code& ec, const problem_kind& kind, std::string_view detail);
  void join(std::optional<std::string>& header, string_view value);
  void once(std::optional<std::string>& header, string_view value);
  void append_body(string_view bytes, error_code& ec);

  void on_request_impl(verb method, string_view, string_view target, int, error_code&) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(field name, string_view, string_view value, error_code&) override;
  void on_header_impl(error_code&) override;
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override;
  std::size_t on_body_impl(string_view bytes, error_code&) override;
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view bytes, error_code&) override;
  void on_finish_impl(error_code&) override {}

  memory_budget& budget_;
  http_request request_;
  std::size_t charge_ = 0;
  std::size_t hosts_ = 0;
  int version_ = 11;
  bool header_done_ = false;
  bool expects_continue_ = false;
  const problem_kind* refusal_ = nullptr;
  std::string_view refusal_detail_;
};

} // namespace troupe::net
