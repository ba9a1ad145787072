#pragma once

// Requests, answers and expectations that the tests of the translation share.

#include "net/http_api.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::net::test {

inline http_request make(http_method method, std::string target, std::string body = {}) {
  http_request request;
  request.method = method;
  request.target = std::move(target);
  request.length_known = method == http_method::put || method == http_method::post;
  request.body = std::move(body);
  return request;
}

inline http_request get(std::string target) {
  return make(http_method::get, std::move(target));
}
inline http_request put(std::string target, std::string body, std::optional<std::string> type = {}) {
  auto request = make(http_method::put, std::move(target), std::move(body));
  request.content_type = std::move(type);
  return request;
}
inline http_request post(std::string target, std::string body) {
  auto request = make(http_method::post, std::move(target), std::move(body));
  request.content_type = "application/json";
  return request;
}

class http_api_test : public ::testing::Test {
protected:
  http_response refused(http_request request) {
    auto translated = api.translate(std::move(request));
    auto* response = std::get_if<http_response>(&translated.outcome);
    if (!response) {
      ADD_FAILURE() << "was not refused";
      return {};
    }
    return std::move(*response);
  }
  http_call accepted(http_request request) {
    auto translated = api.translate(std::move(request));
    if (auto* response = std::get_if<http_response>(&translated.outcome)) {
      ADD_FAILURE() << "was refused: " << response->body.view();
      return {};
    }
    return std::get<http_call>(std::move(translated.outcome));
  }
  command written(const http_call& call) {
    auto decoded = decode_command(std::get<write_request>(call.body).command.view());
    EXPECT_TRUE(decoded);
    return decoded.value();
  }
  transaction transaction_of(const http_call& call) { return std::get<transaction>(written(call).body); }

  void expect_problem(const http_response& response, unsigned status, std::string_view slug) {
    EXPECT_EQ(response.status, status) << response.body.view();
    EXPECT_EQ(response.content_type, "application/problem+json");
    const auto document = boost::json::parse(response.body.view()).as_object();
    EXPECT_EQ(document.at("type").as_string(), "urn:troupe:problem:" + std::string{slug});
    EXPECT_EQ(document.at("status").as_int64(), status);
    EXPECT_FALSE(document.at("title").as_string().empty());
    EXPECT_TRUE(document.contains("detail"));
  }

  http_api api{api_options{}};
};

inline key_value item(std::string key, std::string value, media_type type = media_type::text,
                      std::uint64_t revision = 7) {
  return {std::move(key), blob{value}, type, revision_t{3}, revision_t{revision}, 2};
}

inline query_result found(std::vector<key_value> items) {
  query_result result;
  result.revision = revision_t{9};
  result.items = std::move(items);
  return result;
}

} // namespace troupe::net::test
