#include "net/http_cursor.hpp"
#include "net/http_text.hpp"
#include "tests/fuzzing/seeds.hpp"

namespace troupe::fuzzing {

namespace {

std::string cluster_text() {
  return R"([cluster]
name = "c"
[[node]]
id = "n1"
peer = "127.0.0.1:7000"
http = "127.0.0.1:8000"
data_dir = "d/n1"
[[node]]
id = "n2"
peer = "[::1]:7001"
http = "127.0.0.1:8001"
data_dir = "d/n2"
[raft]
tick = "25ms"
[search]
prefixes = ["a/", "b"]
language = "german"
k1 = 0.9
stop_words = false
[embedding]
maker = "http"
url = "http://h:1/v1/embeddings"
name = "m"
dimension = 3
metric = "l2"
)";
}

void make_request_seeds(const seed_sink& keep) {
  const auto ask = [&](std::string_view name, std::string_view line, std::string_view headers,
                       std::string_view body) {
    std::string text =
        std::string("\x0f\1", 2) + std::string(line) + " HTTP/1.1\r\nHost: h\r\n" + std::string(headers);
    if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    keep("http_request", name, text + "\r\n" + std::string(body));
  };
  const std::string_view json = "Content-Type: application/json\r\n";
  ask("get", "GET /v1/kv/user%2F1?consistency=stale&revision=7",
      "Accept: text/html, application/json;q=0.5\r\n", "");
  ask("get-if", "GET /v1/kv/k", "If-None-Match: \"12\"\r\n", "");
  ask("put", "PUT /v1/kv/k?embed=true", "Content-Type: text/plain; charset=utf-8\r\nIf-Match: \"12\"\r\n",
      "text");
  ask("put-json", "PUT /v1/kv/k", json, R"({"a":[1,2.5e3,"\u00e4"]})");
  ask("delete", "DELETE /v1/kv/k", "Idempotency-Key: abc\r\nIf-Match: *\r\n", "");
  ask("range", "GET /v1/kv?prefix=a&start=b&end=c&limit=5&keys_only=true&reverse=true", "", "");
  ask("bulk", "POST /v1/bulk", json,
      R"({"items":[{"key":"a","value":{"base64":"AP8="}},{"key":"b","value":1.5e3,"vector":[0.5,1]}],)"
      R"("delete":["k"]})");
  ask("txn", "POST /v1/txn", json,
      R"({"compare":[{"key":"a","target":"version","op":">","value":1}],)"
      R"("success":[{"put":{"key":"a","value":"x"}},)"
      R"({"delete":{"key":"b"}}],"failure":[{"get":{"key":"b"}}]})");
  ask("search",
      "GET /v1/search?q=a+%22b+c%22&mode=hybrid&limit=3&fields=a,b&facets=c:2&min_revision=4&timeout=2s", "",
      "");
  ask("search-post", "POST /v1/search", json,
      R"({"q":"a","mode":"semantic","vector":[1,-2.5e-3],"filter":"p<2",)"
      R"("facets":["a:2",{"field":"b","limit":4}]})");
  ask("transfer", "POST /v1/cluster/transfer", json, R"({"to":"n2"})");
  ask("members", "POST /v1/cluster/members", json,
      R"({"id":"n4","peer":"127.0.0.1:7003","http":"127.0.0.1:8003"})");
  ask("members-delete", "DELETE /v1/cluster/members/n4", "", "");
  ask("members-promote", "POST /v1/cluster/members/n4/promote", json, "{}");
  ask("snapshot", "POST /v1/snapshot", json, "{}");
  for (auto path : {"/v1/cluster", "/healthz", "/readyz", "/openapi.json", "/docs", "/"})
    ask("page" + std::to_string(std::string_view{path}.size()), "GET " + std::string(path), "", "");
  keep("http_request", "chunked",
       std::string("\7\0", 2) + "PUT /v1/kv/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                                "chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
                                "GET /healthz HTTP/1.0\r\n\r\n");
}

} // namespace

void make_text_seeds(const seed_sink& keep) {
  keep("cluster_file", "two-nodes", cluster_text());
  keep("cluster_file", "tls",
       cluster_text().substr(0, 260) + "[tls]\nca = \"ca.pem\"\ncertificate = \"n.pem\"\nkey = \"k\"\n");
  keep("start_line", "flags",
       "127.0.0.1\n8000\n\n7000\nn1\nhttp://127.0.0.1:8001,http://[::1]:8002?peer_port=7\n./"
       "d\ninfo\n\n\n\n\n150ms\n64MiB\n"
       "[::1]:7000");
  keep("start_line", "variables",
       "\n\n\n\n\n\n\n\n8000\n./d\nn1\nhttp://localhost:8001\n7d\n1TiB\nlocalhost:1");
  make_request_seeds(keep);
  keep("http_text", "json",
       std::string(1, '\0') + R"({"items":[{"key":"a","value":{"base64":"AP8="},"vector":[1,2e1]}]})");
  keep("http_text", "value", "\1{\"a\":[1,\"\xc3\xa4\"]}");
  keep("http_text", "base64", "\2AP8=");
  const auto cursor = net::write_cursor({revision_t{7}, "a", "b", true, 9});
  auto bytes = net::from_base64url(cursor).value_or("");
  keep("http_text", "cursor", '\3' + bytes.substr(0, bytes.size() - 4));
  keep("http_text", "target", "\4/v1/kv/a%2Fb?a=1&b=%20+&a");
  keep("embedder_answer", "two",
       "\1\1"
       R"({"data":[{"index":1,"embedding":[0.5,-1]},{"index":0,"embedding":[1e1,2]}]})");
  keep("embedder_answer", "one",
       std::string("\0\2", 2) + R"({"object":"list","data":[{"embedding":[1,2,3]}],"usage":{}})");
}

} // namespace troupe::fuzzing
