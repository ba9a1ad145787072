// Every status code of the HTTP interface, without a socket.

#include "net/http_api.hpp"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

http_request make(http_method method, std::string target, std::string body = {}) {
  http_request request;
  request.method = method;
  request.target = std::move(target);
  request.length_known = method == http_method::put || method == http_method::post;
  request.body = std::move(body);
  return request;
}

http_request get(std::string target) {
  return make(http_method::get, std::move(target));
}
http_request put(std::string target, std::string body, std::optional<std::string> type = {}) {
  auto request = make(http_method::put, std::move(target), std::move(body));
  request.content_type = std::move(type);
  return request;
}
http_request post(std::string target, std::string body) {
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

key_value item(std::string key, std::string value, media_type type = media_type::text,
               std::uint64_t revision = 7) {
  return {std::move(key), blob{value}, type, revision_t{3}, revision_t{revision}, 2};
}

query_result found(std::vector<key_value> items) {
  query_result result;
  result.revision = revision_t{9};
  result.items = std::move(items);
  return result;
}

// --- what is refused at once
// --------------------------------------------------------------------------------------------

struct refusal_case {
  http_request request;
  unsigned status;
  std::string_view slug;
};

TEST_F(http_api_test, refuses_bad_requests_with_the_right_problem) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  const std::vector<refusal_case> cases{
      // routes and methods
      {get("/v1/nothing"), 404, "no-such-route"},
      {get("/v1"), 404, "no-such-route"},
      {get("/v1/kv/a/b"), 404, "no-such-route"},
      {get("/v1/watch"), 404, "no-such-route"},
      {get("/v1/search?q=x"), 404, "no-such-route"},
      {get("/docs/absent.js"), 404, "no-such-route"},
      {get("/docs/openapi.json"), 404, "no-such-route"},
      {make(http_method::post, "/v1/kv/a"), 405, "method-not-allowed"},
      {make(http_method::put, "/v1/kv"), 405, "method-not-allowed"},
      {make(http_method::other, "/v1/kv/a"), 405, "method-not-allowed"},
      {get("/v1/bulk"), 405, "method-not-allowed"},
      {make(http_method::del, "/metrics"), 405, "method-not-allowed"},
      {get("/metrics"), 404, "no-such-route"}, // no registry in this test
      // targets
      {get("/v1/kv/a%2"), 400, "malformed-request"},
      {get("/v1/kv/a%zz"), 400, "malformed-request"},
      {get("/v1/kv/a b"), 400, "malformed-request"},
      {get("v1/kv/a"), 400, "malformed-request"},
      {get(""), 400, "malformed-request"},
      {get("*"), 400, "malformed-request"},
      {get("/v1/kv/\xc3\xa4"), 400, "malformed-request"},
      {get("/v1/kv/"), 400, "bad-key"},
      {get("/v1/kv/" + std::string(4097, 'k')), 414, "uri-too-long"},
      // parameters
      {get("/v1/kv/a?ttl=3s"), 400, "bad-parameter"},
      {put("/v1/kv/a?ttl=30s", "x"), 400, "bad-parameter"},
      {get("/v1/kv/a?consistency=eventual"), 400, "bad-parameter"},
      {get("/v1/kv/a?consistency=stale&consistency=stale"), 400, "bad-parameter"},
      {get("/v1/kv/a?revision=0"), 400, "bad-parameter"},
      {get("/v1/kv/a?revision=-1"), 400, "bad-parameter"},
      {get("/v1/kv/a?revision=1x"), 400, "bad-parameter"},
      {get("/v1/kv/a?revision="), 400, "bad-parameter"},
      {get("/v1/kv/a?revision=18446744073709551616"), 400, "bad-parameter"},
      {get("/v1/kv?limit=0"), 400, "bad-parameter"},
      {get("/v1/kv?limit=10001"), 400, "bad-parameter"},
      {get("/v1/kv?limit=ten"), 400, "bad-parameter"},
      {get("/v1/kv?start=b&end=a"), 400, "bad-parameter"},
      {get("/v1/kv?end="), 400, "bad-parameter"},
      {get("/v1/kv?keys_only=yes"), 400, "bad-parameter"},
      {get("/v1/kv?reverse=1"), 400, "bad-parameter"},
      {get("/v1/kv?cursor=rubbish"), 400, "bad-parameter"},
      {get("/v1/kv?cursor="), 400, "bad-parameter"},
      {get("/v1/kv?keys=1"), 400, "bad-parameter"},
      {get("/v1/cluster?x=1"), 400, "bad-parameter"},
      {get("/healthz?verbose"), 400, "bad-parameter"},
      // values
      {put("/v1/kv/a", "{\"a\":}", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "1 2", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "[1,]", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "// c\n1", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "NaN", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "\"\xff\"", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "\"\\ud800\"", "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", deep, "application/json"), 400, "malformed-json"},
      {put("/v1/kv/a", "\xc0\x80", "text/plain"), 400, "not-utf8"},
      {put("/v1/kv/a", "x", "text/plain; charset=iso-8859-1"), 415, "unsupported-media-type"},
      {put("/v1/kv/a", "x", "nonsense"), 415, "unsupported-media-type"},
      {put("/v1/kv/a", std::string(8 * 1024 * 1024 + 1, 'x')), 413, "too-large"},
      // bodies of bulk and txn
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":1}"), 400, "malformed-json"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":1e}]}"), 400, "malformed-json"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":{\"base64\":\"?\"}}]}"), 400, "malformed-json"},
      {post("/v1/bulk", "[]"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":{}}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[1]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\"}]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"value\":1}]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":1,\"value\":1}]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"\",\"value\":1}]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"key\":\"b\",\"value\":1}]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":1,\"ttl\":\"3s\"}]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[],\"items\":[]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"puts\":[]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"delete\":[\"\"]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"delete\":[null]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":1,\"media_type\":\"text/plain\"}]}"), 400,
       "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":{\"base64\":\"ew==\"},\"media_type\":"
                        "\"application/json\"}]}"),
       400, "bad-body"},
      {post("/v1/txn", "{\"success\":[{}]}"), 400, "bad-body"},
      {post("/v1/txn", "{\"success\":[{\"get\":{\"key\":\"a\"},\"delete\":{\"key\":\"a\"}}]}"), 400,
       "bad-body"},
      {post("/v1/txn", "{\"success\":[{\"move\":{\"key\":\"a\"}}]}"), 400, "bad-body"},
      {post("/v1/txn", "{\"success\":[{\"get\":{\"key\":\"a\",\"revision\":1}}]}"), 400, "bad-body"},
      {post("/v1/txn", "{\"compare\":[{\"key\":\"a\",\"target\":\"lease\",\"op\":\"==\",\"value\":1}]}"), 400,
       "bad-body"},
      {post("/v1/txn", "{\"compare\":[{\"key\":\"a\",\"target\":\"version\",\"op\":\"=\",\"value\":1}]}"),
       400, "bad-body"},
      {post("/v1/txn", "{\"compare\":[{\"key\":\"a\",\"target\":\"version\",\"op\":\"==\",\"value\":-1}]}"),
       400, "bad-body"},
      {post("/v1/txn", "{\"compare\":[{\"key\":\"a\",\"target\":\"version\",\"op\":\"==\",\"value\":1.5}]}"),
       400, "bad-body"},
      {post("/v1/txn",
            "{\"compare\":[{\"key\":\"a\",\"target\":\"version\",\"op\":\"==\",\"value\":\"1\"}]}"),
       400, "bad-body"},
      {post("/v1/txn", "{\"compare\":[{\"key\":\"a\",\"target\":\"exists\",\"op\":\"==\",\"value\":1}]}"),
       400, "bad-body"},
      {post("/v1/txn", "{\"compare\":[{\"key\":\"a\",\"target\":\"exists\",\"op\":\"<\",\"value\":true}]}"),
       400, "bad-body"},
      {post("/v1/txn", "{\"compare\":[{\"key\":\"a\",\"target\":\"value\",\"op\":\"==\"}]}"), 400,
       "bad-body"},
      {post("/v1/snapshot", "{}"), 400, "bad-body"},
  };
  for (auto& one : cases) {
    SCOPED_TRACE(one.request.target.substr(0, 80) + " " + one.request.body.substr(0, 120));
    expect_problem(refused(one.request), one.status, one.slug);
  }
}

TEST_F(http_api_test, says_which_methods_work) {
  EXPECT_THAT(refused(make(http_method::post, "/v1/kv/a")).headers,
              HasSubstr("Allow: GET, HEAD, PUT, DELETE\r\n"));
  EXPECT_THAT(refused(get("/v1/txn")).headers, HasSubstr("Allow: POST\r\n"));
}

TEST_F(http_api_test, wants_a_body_of_known_length) {
  auto no_length = put("/v1/kv/a", "");
  no_length.length_known = false;
  expect_problem(refused(no_length), 411, "length-required");
  auto bulk = post("/v1/bulk", "");
  bulk.length_known = false;
  expect_problem(refused(bulk), 411, "length-required");
}

TEST_F(http_api_test, refuses_headers_that_do_not_fit) {
  auto repeated = get("/v1/kv/a");
  repeated.repeated_header = true;
  expect_problem(refused(repeated), 400, "bad-header");
  for (std::string tag : {"7", "W/\"7\"", "\"x\"", "\"\"", "\"", "\"1\", \"2\"", ""}) {
    SCOPED_TRACE(tag);
    auto conditional = put("/v1/kv/a", "x");
    conditional.if_match = tag;
    expect_problem(refused(conditional), 400, "bad-header");
  }
  for (std::size_t size : {0, 256}) {
    auto idempotent = put("/v1/kv/a", "x");
    idempotent.idempotency_key = std::string(size, 'i');
    expect_problem(refused(idempotent), 400, "bad-header");
  }
  auto conditional_bulk = post("/v1/bulk", "{}");
  conditional_bulk.if_match = "*";
  expect_problem(refused(conditional_bulk), 400, "bad-header");
  auto form = post("/v1/bulk", "{}");
  form.content_type = "application/x-www-form-urlencoded";
  expect_problem(refused(form), 415, "unsupported-media-type");
  auto compressed = put("/v1/kv/a", "x");
  compressed.content_encoding = "gzip";
  expect_problem(refused(compressed), 415, "unsupported-media-type");
}

// --- writes
// ---------------------------------------------------------------------------------------------------------------

TEST_F(http_api_test, puts_what_the_content_type_and_the_bytes_say) {
  struct {
    std::optional<std::string> content_type;
    std::string body;
    media_type expected;
  } cases[] = {
      {{}, "hello", media_type::bytes},
      {"application/octet-stream", "hello", media_type::bytes},
      {"text/plain", "h\xc3\xa4llo", media_type::text},
      {"TEXT/Markdown ; Charset=UTF-8", "# x", media_type::text},
      {"text/plain", "", media_type::text},
      {"application/json", " {\"a\": 1e400, \"a\": 123456789012345678901234567890} ", media_type::json},
      {"application/JSON; charset=utf-8", "null", media_type::json},
      {"application/x-www-form-urlencoded", "hello", media_type::text},
      {"application/x-www-form-urlencoded", "\xff\xfe", media_type::bytes},
      {"image/png", "\x89PNG", media_type::bytes},
  };
  for (auto& one : cases) {
    SCOPED_TRACE(one.content_type.value_or("none") + ": " + one.body);
    const auto write = transaction_of(accepted(put("/v1/kv/user%2F1", one.body, one.content_type)));
    ASSERT_EQ(write.success.size(), 1u);
    const auto& stored = std::get<put_operation>(write.success[0]);
    EXPECT_EQ(stored.key, "user/1");
    EXPECT_EQ(stored.value.view(), one.body); // byte for byte, whatever it is
    EXPECT_EQ(stored.type, one.expected);
    EXPECT_TRUE(write.compares.empty());
  }
}

TEST_F(http_api_test, takes_any_bytes_as_a_key) {
  const auto call = accepted(put("/v1/kv/%00%FF+a", "x"));
  EXPECT_EQ(std::get<put_operation>(transaction_of(call).success[0]).key, std::string("\0\xff+a", 4));
  command_result result;
  result.succeeded = true;
  result.revision = revision_t{4};
  result.results = {put_result{true}};
  EXPECT_EQ(api.render(call.plan, result).body.view(),
            "{\"key\":{\"base64\":\"AP8rYQ==\"},\"revision\":4,\"created\":true}\n");
}

TEST_F(http_api_test, turns_conditions_into_compares) {
  struct {
    std::optional<std::string> if_match, if_none_match;
    std::vector<compare> expected;
  } cases[] = {
      {"\"42\"", {}, {{"k", compare_target::mod_revision, compare_op::equal, {}, 42}}},
      {"*", {}, {{"k", compare_target::exists, compare_op::equal, {}, 1}}},
      {{}, "*", {{"k", compare_target::exists, compare_op::equal, {}, 0}}},
      {{}, "\"42\"", {{"k", compare_target::mod_revision, compare_op::not_equal, {}, 42}}},
      {"*",
       "\"3\"",
       {{"k", compare_target::exists, compare_op::equal, {}, 1},
        {"k", compare_target::mod_revision, compare_op::not_equal, {}, 3}}},
  };
  for (auto& one : cases) {
    for (auto method : {http_method::put, http_method::del}) {
      auto request = make(method, "/v1/kv/k", method == http_method::put ? "v" : "");
      request.if_match = one.if_match;
      request.if_none_match = one.if_none_match;
      const auto call = accepted(request);
      EXPECT_EQ(transaction_of(call).compares, one.expected);
      command_result failed;
      failed.revision = revision_t{8};
      const auto response = api.render(call.plan, failed);
      expect_problem(response, 412, "precondition-failed");
      EXPECT_THAT(response.headers, HasSubstr("Troupe-Revision: 8\r\n"));
    }
  }
}

TEST_F(http_api_test, answers_puts_and_deletes) {
  command_result result;
  result.succeeded = true;
  result.revision = revision_t{5};
  result.results = {put_result{true}};
  const auto created = api.render(accepted(put("/v1/kv/k", "v")).plan, result);
  EXPECT_EQ(created.status, 201u);
  EXPECT_EQ(created.body.view(), "{\"key\":\"k\",\"revision\":5,\"created\":true}\n");
  EXPECT_EQ(created.headers, "Troupe-Revision: 5\r\nETag: \"5\"\r\n");
  result.results = {put_result{false}};
  EXPECT_EQ(api.render(accepted(put("/v1/kv/k", "v")).plan, result).status, 200u);
  result.results = {delete_result{true}};
  result.replayed = true;
  const auto deleted = api.render(accepted(make(http_method::del, "/v1/kv/k")).plan, result);
  EXPECT_EQ(deleted.status, 200u);
  EXPECT_EQ(deleted.body.view(), "{\"key\":\"k\",\"deleted\":true,\"revision\":5}\n");
  EXPECT_THAT(deleted.headers, HasSubstr("Idempotent-Replayed: true\r\n"));
}

TEST_F(http_api_test, stamps_requests_with_an_idempotency_key) {
  auto request = put("/v1/kv/k", "v");
  EXPECT_FALSE(std::get<write_request>(accepted(request).body).may_repeat);
  request.idempotency_key = std::string(255, 'x');
  const auto call = accepted(request);
  EXPECT_TRUE(std::get<write_request>(call.body).may_repeat);
  const auto stamp = written(call).idempotency.value();
  EXPECT_EQ(stamp.key, *request.idempotency_key);
  EXPECT_EQ(written(accepted(request)).idempotency.value(), stamp);

  // Anything that makes it another request changes the fingerprint.
  std::vector<http_request> others(6, request);
  others[0].body = "w";
  others[1].target = "/v1/kv/k2";
  others[2].if_match = "*";
  others[3].if_none_match = "*";
  others[4].content_type = "text/plain";
  others[5].method = http_method::del;
  for (auto& other : others)
    EXPECT_NE(written(accepted(other)).idempotency.value(), stamp);
}

TEST_F(http_api_test, bulk_keeps_every_value_as_it_was_written) {
  const auto call = accepted(post("/v1/bulk", R"({"items":[
    {"key":"text","value":"h\u00e4\n"},
    {"key":"bytes","value":{"base64":"AP8="}},
    {"key":"number","value":123456789012345678901234567890.10},
    {"key":"big","value":1E+400},
    {"key":"object","value":{"base64":"AP8=","x":[1, {"value":true}, null, "a\"b", {}, []]}},
    {"key":"twice","value":{"a":1,"a":2}},
    {"key":"exact","value":{"base64":"WyAxIF0="},"media_type":"application/json"},
    {"key":"null","value":null}],
    "delete":["gone","\u0000"]})"));
  const auto write = transaction_of(call);
  const auto expect_put = [&](std::size_t i, std::string_view key, std::string_view value, media_type type) {
    const auto& stored = std::get<put_operation>(write.success.at(i));
    EXPECT_EQ(stored.key, key);
    EXPECT_EQ(stored.value.view(), value);
    EXPECT_EQ(stored.type, type);
  };
  ASSERT_EQ(write.success.size(), 10u);
  expect_put(0, "text", "h\xc3\xa4\n", media_type::text);
  expect_put(1, "bytes", {"\0\xff", 2}, media_type::bytes);
  expect_put(2, "number", "123456789012345678901234567890.10", media_type::json);
  expect_put(3, "big", "1E+400", media_type::json);
  expect_put(4, "object", R"({"base64":"AP8=","x":[1,{"value":true},null,"a\"b",{},[]]})", media_type::json);
  expect_put(5, "twice", R"({"a":1,"a":2})", media_type::json);
  expect_put(6, "exact", "[ 1 ]", media_type::json);
  expect_put(7, "null", "null", media_type::json);
  EXPECT_EQ(std::get<delete_operation>(write.success[8]).key, "gone");
  EXPECT_EQ(std::get<delete_operation>(write.success[9]).key, std::string(1, '\0'));
  command_result result;
  result.succeeded = true;
  result.revision = revision_t{6};
  EXPECT_EQ(api.render(call.plan, result).body.view(), "{\"revision\":6,\"count\":10}\n");
}

TEST_F(http_api_test, txn_becomes_a_transaction_and_its_results_json) {
  const auto call = accepted(post("/v1/txn", R"({
    "compare":[{"key":"a","target":"value","op":"==","value":"x"},
               {"key":"b","target":"mod_revision","op":"<","value":18446744073709551615},
               {"key":"c","target":"exists","op":"!=","value":true}],
    "success":[{"put":{"key":"a","value":[1]}},{"get":{"key":"a"}},{"get":{"key":"z"}},{"delete":{"key":"b"}}],
    "failure":[{"get":{"key":"a"}}]})"));
  const auto write = transaction_of(call);
  EXPECT_EQ(write.compares,
            (std::vector<compare>{{"a", compare_target::value, compare_op::equal, blob{"x"}, 0},
                                  {"b", compare_target::mod_revision, compare_op::less, {}, UINT64_MAX},
                                  {"c", compare_target::exists, compare_op::not_equal, {}, 1}}));
  EXPECT_EQ(write.success,
            (std::vector<operation>{put_operation{"a", blob{"[1]"}, media_type::json}, get_operation{"a"},
                                    get_operation{"z"}, delete_operation{"b"}}));
  EXPECT_EQ(write.failure, (std::vector<operation>{get_operation{"a"}}));

  command_result result;
  result.succeeded = true;
  result.revision = revision_t{12};
  result.results = {put_result{true}, get_result{item("a", "[1]", media_type::json)}, get_result{},
                    delete_result{false}};
  EXPECT_EQ(api.render(call.plan, result).body.view(),
            "{\"succeeded\":true,\"revision\":12,\"results\":[{\"put\":{\"created\":true}},{\"get\":{\"key\":"
            "\"a\",\"value\":"
            "[1],\"media_type\":\"application/"
            "json\",\"create_revision\":3,\"mod_revision\":7,\"version\":2}},{\"get\":null},"
            "{\"delete\":{\"deleted\":false}}]}\n");
  result.truncated = true;
  EXPECT_EQ(api.render(call.plan, result).body.view(),
            "{\"succeeded\":true,\"revision\":12,\"results\":[],\"truncated\":true}\n");
}

TEST_F(http_api_test, bounds_the_answer_of_a_transaction) {
  command_result result;
  const std::string large(5 * 1024 * 1024, 'v');
  for (int i = 0; i < 7; ++i)
    result.results.emplace_back(get_result{item("k", large)});
  const auto response = api.render(txn_plan{}, result);
  EXPECT_EQ(response.status, 200u);
  EXPECT_THAT(std::string{response.body.view()}, HasSubstr("\"truncated\":true"));
}

// --- reads
// ----------------------------------------------------------------------------------------------------------------

TEST_F(http_api_test, reads_as_the_parameters_say) {
  const auto plain = std::get<read_request>(accepted(get("/v1/kv/k")).body);
  EXPECT_EQ(plain.mode, consistency::linearizable);
  EXPECT_EQ(std::get<get_query>(plain.what), (get_query{"k", std::nullopt}));
  const auto old = std::get<read_request>(accepted(get("/v1/kv/k?consistency=stale&revision=17")).body);
  EXPECT_EQ(old.mode, consistency::stale);
  EXPECT_EQ(std::get<get_query>(old.what), (get_query{"k", revision_t{17}}));
  const auto proxied = std::get<read_request>(accepted(get("http://node:8000/v1/kv/k")).body);
  EXPECT_EQ(std::get<get_query>(proxied.what).key, "k");
  EXPECT_EQ(accepted(make(http_method::head, "/v1/kv/k")).plan.index(),
            accepted(get("/v1/kv/k")).plan.index());
}

TEST_F(http_api_test, gives_values_back_as_they_were_put) {
  const auto plan = accepted(get("/v1/kv/k")).plan;
  const std::string number = " 123456789012345678901234567890.000 ";
  const auto json = api.render(plan, found({item("k", number, media_type::json)}));
  EXPECT_EQ(json.status, 200u);
  EXPECT_EQ(json.body.view(), number);
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_THAT(json.headers, HasSubstr("ETag: \"7\"\r\n"));
  EXPECT_THAT(json.headers, HasSubstr("Troupe-Revision: 9\r\n"));
  EXPECT_EQ(api.render(plan, found({item("k", "x")})).content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(api.render(plan, found({item("k", "x", media_type::bytes)})).content_type,
            "application/octet-stream");
  const auto absent = api.render(plan, found({}));
  expect_problem(absent, 404, "key-not-found");
  EXPECT_THAT(absent.headers, HasSubstr("Troupe-Revision: 9\r\n"));
}

TEST_F(http_api_test, wraps_values_for_clients_that_ask_for_json) {
  auto request = get("/v1/kv/k");
  for (std::string accept :
       {"application/json", "text/html, application/json;q=0.5", "*/*, Application/JSON"}) {
    request.accept = accept;
    const auto response = api.render(accepted(request).plan, found({item("k", "h\xc3\xa4\"\x01")}));
    EXPECT_EQ(response.body.view(),
              "{\"key\":\"k\",\"value\":\"h\xc3\xa4\\\"\\u0001\",\"media_type\":\"text/plain\","
              "\"create_revision\":3,\"mod_revision\":7,\"version\":2}\n");
  }
  for (std::string accept : {"*/*", "application/json;q=0", "text/plain", "application/jsonx", ""}) {
    request.accept = accept;
    EXPECT_EQ(api.render(accepted(request).plan, found({item("k", "raw")})).body.view(), "raw");
  }
  request.accept = "application/json";
  const auto plan = accepted(request).plan;
  EXPECT_THAT(std::string{api.render(plan, found({item("k", "\xff", media_type::bytes)})).body.view()},
              HasSubstr("\"value\":{\"base64\":\"/w==\"}"));
  // Another kind of client may have put what is not what it says; the envelope must stay JSON.
  for (auto type : {media_type::json, media_type::text})
    EXPECT_THAT(std::string{api.render(plan, found({item("k", "\xff}", type)})).body.view()},
                HasSubstr("\"value\":{\"base64\":\"/30=\"}"));
}

TEST_F(http_api_test, answers_conditional_reads) {
  auto request = get("/v1/kv/k");
  request.if_none_match = "\"7\"";
  const auto unchanged = api.render(accepted(request).plan, found({item("k", "x")}));
  EXPECT_EQ(unchanged.status, 304u);
  EXPECT_EQ(unchanged.body.size(), 0u);
  EXPECT_THAT(unchanged.headers, HasSubstr("ETag: \"7\"\r\n"));
  EXPECT_EQ(api.render(accepted(request).plan, found({item("k", "x", media_type::text, 8)})).status, 200u);
  request = get("/v1/kv/k");
  request.if_match = "\"6\"";
  expect_problem(api.render(accepted(request).plan, found({item("k", "x")})), 412, "precondition-failed");
  expect_problem(api.render(accepted(request).plan, found({})), 412, "precondition-failed");
}

TEST_F(http_api_test, pages_through_a_range_at_one_revision) {
  const auto call = accepted(get("/v1/kv?prefix=user/&limit=2"));
  const auto first = std::get<range_query>(std::get<read_request>(call.body).what);
  EXPECT_EQ(first.start, "user/");
  EXPECT_EQ(first.end, "user0");
  EXPECT_EQ(first.limit, 2u);
  EXPECT_FALSE(first.at);
  auto page = found({item("user/1", "a"), item("user/2", "b")});
  page.more = true;
  const auto body = boost::json::parse(api.render(call.plan, page).body.view()).as_object();
  EXPECT_EQ(body.at("revision").as_int64(), 9);
  EXPECT_EQ(body.at("items").as_array().size(), 2u);
  const std::string cursor{body.at("cursor").as_string()};

  for (std::string target :
       {"/v1/kv?limit=2&cursor=" + cursor, "/v1/kv?prefix=user/&limit=2&cursor=" + cursor,
        "/v1/kv?revision=9&limit=2&cursor=" + cursor}) {
    const auto next_call = accepted(get(target));
    const auto next = std::get<range_query>(std::get<read_request>(next_call.body).what);
    EXPECT_EQ(next.start, std::string("user/2\0", 7));
    EXPECT_EQ(next.end, "user0");
    EXPECT_EQ(next.at, revision_t{9});
    EXPECT_EQ(next.limit, 2u);
    EXPECT_THAT(std::string{api.render(next_call.plan, found({})).body.view()}, HasSubstr("\"cursor\":null"));
  }
  expect_problem(refused(get("/v1/kv?prefix=other&cursor=" + cursor)), 400, "bad-parameter");
  expect_problem(refused(get("/v1/kv?revision=8&cursor=" + cursor)), 400, "bad-parameter");
  auto damaged = cursor;
  damaged[3] = damaged[3] == 'A' ? 'B' : 'A';
  expect_problem(refused(get("/v1/kv?cursor=" + damaged)), 400, "bad-parameter");
  expect_problem(refused(get("/v1/kv?cursor=" + cursor + "A")), 400, "bad-parameter");
}

TEST_F(http_api_test, pages_backwards_and_without_values) {
  const auto call = accepted(get("/v1/kv?start=a&end=m&reverse=true&keys_only=true"));
  const auto query = std::get<range_query>(std::get<read_request>(call.body).what);
  EXPECT_TRUE(query.reverse);
  EXPECT_TRUE(query.keys_only);
  auto page = found({item("k\xff", "")});
  page.more = true;
  const auto text = std::string{api.render(call.plan, page).body.view()};
  EXPECT_THAT(text, StartsWith("{\"items\":[{\"key\":{\"base64\":\"a/8=\"},\"media_type\":"));
  EXPECT_THAT(text, Not(HasSubstr("\"value\"")));
  const auto next =
      accepted(get("/v1/kv?cursor=" + std::string{boost::json::parse(text).at("cursor").as_string()}));
  const auto rest = std::get<range_query>(std::get<read_request>(next.body).what);
  EXPECT_EQ(rest.start, "a");
  EXPECT_EQ(rest.end, "k\xff");
  EXPECT_TRUE(rest.reverse);
}

TEST_F(http_api_test, cuts_ranges_that_exclude_each_other_to_nothing) {
  for (std::string target : {"/v1/kv?prefix=b&end=a", "/v1/kv?prefix=a&start=b", "/v1/kv?start=a&end=a"}) {
    const auto query = std::get<range_query>(std::get<read_request>(accepted(get(target)).body).what);
    EXPECT_EQ(query.start, query.end) << target;
    EXPECT_FALSE(query.start.empty());
  }
}

TEST_F(http_api_test, says_when_a_revision_cannot_be_read) {
  for (auto target : {"/v1/kv/k?revision=3", "/v1/kv?revision=3"}) {
    const auto plan = accepted(get(target)).plan;
    query_result result;
    result.code = query_outcome::compacted;
    result.compacted = revision_t{5};
    expect_problem(api.render(plan, result), 410, "compacted");
    result.code = query_outcome::future;
    expect_problem(api.render(plan, result), 504, "revision-not-reached");
  }
}

// --- refusals by the node
// --------------------------------------------------------------------------------------------------

TEST_F(http_api_test, renders_what_the_node_refuses) {
  struct {
    refusal_kind kind;
    unsigned status;
    std::string_view slug;
  } cases[] = {
      {refusal_kind::no_leader, 503, "no-leader"},
      {refusal_kind::overloaded, 503, "overloaded"},
      {refusal_kind::stopping, 503, "stopping"},
      {refusal_kind::disk_full, 503, "disk-full"},
      {refusal_kind::outcome_unknown, 504, "outcome-unknown"},
      {refusal_kind::timed_out, 504, "timed-out"},
      {refusal_kind::invalid, 400, "malformed-request"},
  };
  const auto plan = accepted(put("/v1/kv/k", "v")).plan;
  for (auto& one : cases) {
    const auto response = api.render(plan, refusal{one.kind, 1'200, "because"});
    expect_problem(response, one.status, one.slug);
    if (one.status == 503)
      EXPECT_EQ(response.headers, "Retry-After: 2\r\n");
    else
      EXPECT_EQ(response.headers, "");
  }
}

TEST_F(http_api_test, renders_what_the_state_machine_refuses) {
  struct {
    outcome code;
    unsigned status;
    std::string_view slug;
  } cases[] = {
      {outcome::idempotency_conflict, 422, "idempotency-conflict"},
      {outcome::idempotency_full, 503, "overloaded"},
      {outcome::sessions_full, 503, "overloaded"},
      {outcome::malformed, 500, "internal"},
  };
  for (auto& one : cases) {
    command_result result;
    result.code = one.code;
    expect_problem(api.render(put_plan{"k", false}, result), one.status, one.slug);
  }
}

TEST_F(http_api_test, calls_lost_writes_unknown_and_lost_reads_late) {
  for (bool stopping : {false, true}) {
    for (auto request : {put("/v1/kv/k", "v"), make(http_method::del, "/v1/kv/k"), post("/v1/bulk", "{}"),
                         post("/v1/txn", "{}")})
      expect_problem(http_api::render_lost(accepted(request).plan, stopping), 504, "outcome-unknown");
  }
  for (auto target : {"/v1/kv/k", "/v1/kv", "/v1/cluster"}) {
    expect_problem(http_api::render_lost(accepted(get(target)).plan, false), 504, "timed-out");
    expect_problem(http_api::render_lost(accepted(get(target)).plan, true), 503, "stopping");
  }
}

TEST_F(http_api_test, never_mixes_up_answers) {
  expect_problem(api.render(put_plan{"k", false}, cluster_status{}), 500, "internal");
  expect_problem(api.render(cluster_plan{}, query_result{}), 500, "internal");
}

// --- operation
// -------------------------------------------------------------------------------------------------------------

TEST_F(http_api_test, serves_health_and_pages_at_once) {
  EXPECT_EQ(refused(get("/healthz")).body.view(), "{\"status\":\"ok\"}\n");
  const auto root = refused(get("/"));
  EXPECT_EQ(root.status, 302u);
  EXPECT_EQ(root.headers, "Location: /docs\r\n");
  for (auto target : {"/docs", "/docs/"})
    EXPECT_EQ(refused(get(target)).content_type, "text/html; charset=utf-8");
  EXPECT_GT(refused(get("/docs/swagger-ui-bundle.js")).body.size(), 100'000u);
  EXPECT_THAT(std::string{refused(get("/docs/start.js")).body.view()}, HasSubstr("/openapi.json"));

  api_options options;
  options.metrics_text = [] { return std::string{"up 1\n"}; };
  auto translated = http_api{options}.translate(get("/metrics"));
  EXPECT_EQ(std::get<http_response>(translated.outcome).body.view(), "up 1\n");
}

TEST_F(http_api_test, is_ready_when_a_linearizable_read_works) {
  const auto call = accepted(get("/readyz"));
  EXPECT_EQ(std::get<read_request>(call.body).mode, consistency::linearizable);
  EXPECT_EQ(api.render(call.plan, found({})).body.view(), "{\"ready\":true,\"revision\":9}\n");
  for (auto kind : {refusal_kind::no_leader, refusal_kind::timed_out, refusal_kind::stopping}) {
    const auto response = api.render(call.plan, refusal{kind, 0, "not now"});
    expect_problem(response, 503, "not-ready");
    EXPECT_EQ(response.headers, "Retry-After: 1\r\n");
  }
  expect_problem(http_api::render_lost(call.plan, false), 503, "not-ready");
}

TEST_F(http_api_test, shows_the_cluster_and_snapshots) {
  cluster_status status;
  status.self = node_id{"n1"};
  const auto forming =
      boost::json::parse(api.render(accepted(get("/v1/cluster")).plan, status).body.view()).as_object();
  EXPECT_TRUE(forming.at("cluster_id").is_null());
  EXPECT_TRUE(forming.at("leader").is_null());
  EXPECT_EQ(forming.at("role").as_string(), "forming");
  status.cluster = {1, 2};
  status.leader = node_id{"n2"};
  status.role = node_role::follower;
  status.term = term_t{3};
  status.members = {{node_id{"n1"}, "p1", "h1", node_role::follower, index_t{0}, -1},
                    {node_id{"n2"}, "p2", "h2", node_role::leader, index_t{4}, 12}};
  const auto formed = boost::json::parse(api.render(cluster_plan{}, status).body.view()).as_object();
  EXPECT_EQ(formed.at("leader").as_string(), "n2");
  EXPECT_EQ(formed.at("term").as_int64(), 3);
  const auto& members = formed.at("members").as_array();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_TRUE(members[0].at("last_contact_ms").is_null());
  EXPECT_EQ(members[1].at("last_contact_ms").as_int64(), 12);
  EXPECT_EQ(members[1].at("match_index").as_int64(), 4);

  const auto call = accepted(make(http_method::post, "/v1/snapshot"));
  EXPECT_EQ(call.timeout_ms, api.options().snapshot_timeout_ms);
  EXPECT_EQ(api.render(call.plan, snapshot_result{index_t{7}, term_t{2}, 99}).body.view(),
            "{\"index\":7,\"term\":2,\"bytes\":99}\n");
}

} // namespace
} // namespace troupe::net
