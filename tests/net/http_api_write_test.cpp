// Writes: what becomes of them, and how their results are answered.

#include "tests/net/http_api_fixture.hpp"

namespace troupe::net {
namespace {

using namespace test;
using ::testing::HasSubstr;

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
  request.idempotency_key = std::string(255, 'x');
  const auto call = accepted(request);
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
    "success":[{"put":{"key":"a","value":[1]}},{"get":{"key":"a"}},{"get":{"key":"z"}},
               {"delete":{"key":"b"}}],
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

} // namespace
} // namespace troupe::net
