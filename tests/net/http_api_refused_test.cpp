// Every request that is refused before the node sees it.

#include "tests/net/http_api_fixture.hpp"

namespace troupe::net {
namespace {

using namespace test;
using ::testing::HasSubstr;

struct refusal_case {
  http_request request;
  unsigned status;
  std::string_view slug;
};

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i)
    out += text;
  return out;
}

TEST_F(http_api_test, refuses_bad_requests_with_the_right_problem) {
  const std::string deep = std::string(200, '[') + std::string(200, ']');
  const std::vector<refusal_case> cases{
      // routes and methods
      {get("/v1/nothing"), 404, "no-such-route"},
      {get("/v1"), 404, "no-such-route"},
      {get("/v1/kv/a/b"), 404, "no-such-route"},
      {get("/v1/watch"), 404, "no-such-route"},
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
      {get("/readyz?for=search"), 400, "bad-parameter"},
      {put("/v1/kv/a?embed=async", "x"), 400, "bad-parameter"},
      {post("/v1/txn?embed=", "{}"), 400, "bad-parameter"},
      {make(http_method::del, "/v1/kv/a?embed=sync"), 400, "bad-parameter"},
      // searches
      {make(http_method::put, "/v1/search?q=x"), 405, "method-not-allowed"},
      {get("/v1/search?query=x"), 400, "bad-parameter"},
      {get("/v1/search?q=x&q=y"), 400, "bad-parameter"},
      {get("/v1/search?q=%ff"), 400, "bad-parameter"},
      {get("/v1/search?q=x&mode=vector"), 400, "bad-parameter"},
      {get("/v1/search?q=x&limit=-1"), 400, "bad-parameter"},
      {get("/v1/search?q=x&limit=4294967296"), 400, "bad-parameter"},
      {get("/v1/search?q=x&consistency=eventual"), 400, "bad-parameter"},
      {get("/v1/search?q=x&min_revision=now"), 400, "bad-parameter"},
      {get("/v1/search?q=x&timeout=2"), 400, "bad-parameter"},
      {get("/v1/search?q=x&timeout=61s"), 400, "bad-parameter"},
      {get("/v1/search?q=x&timeout=0ms"), 400, "bad-parameter"},
      {get("/v1/search?q=x&vectors=true"), 400, "bad-parameter"},
      {get("/v1/search?q=x&explain=1"), 400, "bad-parameter"},
      {get("/v1/search?q=x&text_weight=much"), 400, "bad-parameter"},
      {get("/v1/search?q=x&vector=1,2"), 400, "bad-parameter"},
      {get("/v1/search"), 400, "bad-search"},
      {get("/v1/search?q=x&limit=0"), 400, "bad-search"},
      {get("/v1/search?q=x&limit=1001"), 400, "bad-search"},
      {get("/v1/search?q=x&offset=9991"), 400, "bad-search"},
      {get("/v1/search?q=" + std::string(8193, 'x')), 400, "bad-search"},
      {get("/v1/search?q=x&mode=hybrid&text_weight=0&vector_weight=0"), 400, "bad-search"},
      {get("/v1/search?q=x&text_weight=-1"), 400, "bad-search"},
      {get("/v1/search?q=x&text_weight=nan"), 400, "bad-search"},
      {get("/v1/search?q=x&fields=a,,b"), 400, "bad-search"},
      {get("/v1/search?q=x&facets=a:0"), 400, "bad-search"},
      {get("/v1/search?q=x&facets=a,b,a:3"), 400, "bad-search"},
      {post("/v1/search?q=x", "{}"), 400, "bad-parameter"},
      {post("/v1/search", "{\"q\":"), 400, "malformed-json"},
      {post("/v1/search", "[]"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":1}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"q\":\"x\"}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"limit\":\"10\"}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"limit\":1.5}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"explain\":\"true\"}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"fields\":\"a,b\"}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"fields\":[1]}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"facets\":[[]]}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"facets\":[{\"limit\":1}]}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"facets\":[{\"field\":\"a\",\"limit\":-1}]}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"vector\":\"1\"}"), 400, "bad-body"},
      {post("/v1/search", "{\"q\":\"x\",\"vector\":[1]}"), 400, "bad-search"}, // in text mode
      {post("/v1/search", "{\"mode\":\"semantic\",\"vector\":[]}"), 400, "malformed-json"},
      {post("/v1/search", "{\"mode\":\"semantic\",\"vector\":[1,\"2\"]}"), 400, "malformed-json"},
      {post("/v1/search", "{\"mode\":\"semantic\",\"vector\":[[1]]}"), 400, "malformed-json"},
      {post("/v1/search", "{\"mode\":\"semantic\",\"vector\":[null]}"), 400, "malformed-json"},
      {post("/v1/search", "{\"mode\":\"semantic\",\"vector\":[1e39]}"), 400, "malformed-json"},
      {post("/v1/search", "{\"mode\":\"semantic\",\"vector\":[1e999]}"), 400, "malformed-json"},
      {post("/v1/search", "{\"mode\":\"semantic\",\"vector\":[0" + repeated(",0", 4096) + "]}"), 400,
       "malformed-json"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":1,\"vector\":[1,2]}]}"), 400, "bad-body"},
      {post("/v1/bulk", "{\"items\":[{\"key\":\"a\",\"value\":1,\"vector\":1}]}"), 400, "bad-body"},
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
      {post("/v1/cluster/transfer", "{\"to\":1}"), 400, "bad-body"},
      {post("/v1/cluster/transfer", "{\"to\":\"\"}"), 400, "bad-body"},
      {post("/v1/cluster/transfer", "{\"from\":\"n1\"}"), 400, "bad-body"},
      {post("/v1/cluster/transfer", "[]"), 400, "bad-body"},
      {post("/v1/cluster/transfer", "n2"), 400, "malformed-json"},
      {post("/v1/cluster/members", "{}"), 400, "bad-body"},
      {post("/v1/cluster/members", "{\"id\":\"\"}"), 400, "bad-body"},
      {post("/v1/cluster/members", "{\"id\":\"" + std::string(65, 'x') + "\"}"), 400, "bad-body"},
      {post("/v1/cluster/members", "{\"id\":\"n4\",\"peer\":1}"), 400, "bad-body"},
      {post("/v1/cluster/members", "{\"id\":\"n4\",\"voter\":true}"), 400, "bad-body"},
      {post("/v1/cluster/members/n4/promote", "{}"), 400, "bad-body"},
      {post("/v1/cluster/members/" + std::string(65, 'x') + "/replace", ""), 400, "bad-parameter"},
      {post("/v1/cluster/members/n4/replace?now=1", ""), 400, "bad-parameter"},
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

} // namespace
} // namespace troupe::net
