// Bytes of a client, in pieces as a network brings them: refused with a 4xx, or a command that every node can
// decode. First byte: how they are cut; second: which node this is.

#include "command/check_search.hpp"
#include "command/codec.hpp"
#include "net/http_api.hpp"
#include "net/http_json.hpp"
#include "net/http_parser.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

#include <boost/asio/buffer.hpp>

namespace troupe::fuzzing {

namespace {

namespace http = boost::beast::http;

constexpr std::uint32_t header_bytes_max = 16 * 1024;

void check_response(const net::http_response& response) {
  require(response.status >= 200 && (response.status < 500 || response.status == 501),
          "a client's mistake is never the node's");
  if (response.content_type == "application/problem+json")
    require_success(net::check_json(response.body.view(), 8), "a problem document is JSON");
}

void check_call(const net::http_call& call) {
  if (auto* write = std::get_if<write_request>(&call.body)) {
    auto decoded = decode_command(write->command.view());
    require_success(decoded, "what is proposed can be read");
    require_success(validate(*decoded, net::api_options{}.bounds), "what is proposed is within the limits");
  } else if (auto* search = std::get_if<search_request>(&call.body)) {
    require(!check_search(*search), "a search that is asked for is within the limits");
  }
  request sent{1, call.timeout_ms, call.body};
  auto back = decode_requests(encode_requests({sent}));
  require(back && back->size() == 1 && back->front() == sent, "what is forwarded arrives as it was");
}

void handle(const net::http_api& api, net::http_request&& request) {
  auto translated = api.translate(std::move(request));
  if (auto* response = std::get_if<net::http_response>(&translated.outcome))
    check_response(*response);
  else
    check_call(std::get<net::http_call>(translated.outcome));
}

const net::http_api& api_of(std::uint8_t which) {
  static const std::vector<net::http_api> nodes = [] {
    std::vector<net::http_api> made;
    for (std::uint32_t dimension : {0u, 2u, net::api_options::any_dimension}) {
      net::api_options options;
      options.vector_dimension = dimension;
      options.vectors_by_direction = true;
      options.search_on = true;
      made.emplace_back(options);
    }
    return made;
  }();
  return nodes[which % nodes.size()];
}

void run(std::string_view input) {
  pieces in{input};
  std::size_t step = 1 + in.byte() % 64;
  auto& api = api_of(in.byte());
  auto bytes = in.rest();
  net::memory_budget budget{0, 1u << 20};
  for (int requests = 0; requests < 16 && !bytes.empty(); ++requests) {
    net::request_parser parser{budget};
    parser.header_limit(header_bytes_max);
    parser.body_limit(1u << 20);
    std::size_t available = std::min(step, bytes.size());
    boost::beast::error_code failed;
    while (!parser.is_done()) {
      failed = {};
      bytes.remove_prefix(parser.put(boost::asio::buffer(bytes.data(), available), failed));
      available = std::min(available, bytes.size());
      if (failed && failed != http::error::need_more) return;
      if (parser.is_done()) break;
      if (available == bytes.size()) return; // half a request gets no answer
      available = std::min(available + step, bytes.size());
    }
    require(budget.used <= bytes.size() + input.size(), "a body counts for what it is");
    handle(api, std::move(parser.request()));
  }
}

} // namespace

constinit const target http_request{"http_request", run};

} // namespace troupe::fuzzing
