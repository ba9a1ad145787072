// Mutated requests: whatever comes is refused with a 4xx, or becomes a command that every node can decode.

#include "command/check_search.hpp"
#include "tests/net/http_api_fixture.hpp"

#include <cstdlib>
#include <random>

namespace troupe::net {
namespace {

using namespace test;

class mutator {
public:
  explicit mutator(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::string mutate(std::string text) {
    static constexpr std::string_view special = "{}[]\":,\\/%&=?.-+eE0 \n\x00\xff";
    for (auto changes = below(4); changes > 0; --changes) {
      if (text.empty()) text = "x";
      const auto place = below(text.size());
      switch (below(5)) {
      case 0: text[place] = static_cast<char>(random_()); break;
      case 1: text.erase(place, 1 + below(6)); break;
      case 2: text.insert(place, text.substr(below(text.size()), below(30))); break;
      default: text.insert(place, 1, special[below(special.size())]);
      }
    }
    return text;
  }

private:
  std::mt19937_64 random_;
};

TEST_F(http_api_test, refuses_or_understands_whatever_comes) {
  const char* given = std::getenv("TROUPE_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::printf("TROUPE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed));
  mutator change{seed};
  api_options takes_vectors;
  takes_vectors.vector_dimension = 3;
  const http_api api{takes_vectors};
  const std::string bulk = R"({"items":[{"key":"a","value":{"base64":"AP8=","x":[1,{"value":"q"}]}},
    {"key":"b","value":1.5e3}],"delete":["k"]})";
  const std::string txn = R"({"compare":[{"key":"a","target":"exists","op":"==","value":true}],
    "success":[{"put":{"key":"a","value":"\u00e4"}}],"failure":[{"get":{"key":"b"}}]})";
  const std::vector<http_request> seeds{
      post("/v1/bulk", bulk),
      post("/v1/txn", txn),
      put("/v1/kv/user%2F1", "{\"a\":[1,2]}", "application/json"),
      put("/v1/kv/k", "text", "text/plain; charset=utf-8"),
      get("/v1/kv/k?consistency=stale&revision=7"),
      get("/v1/search?q=a+%22b+c%22&mode=hybrid&limit=3&fields=a,b&facets=c:2&min_revision=4&timeout=2s"),
      post("/v1/search",
           R"({"q":"a","mode":"semantic","vector":[1,-2.5e-3,3],"facets":["a:2",{"field":"b","limit":4}]})"),
      post("/v1/bulk", R"({"items":[{"key":"a","value":"x","vector":[0.5,1,1e2]}]})"),
      get("/v1/kv?prefix=a&start=b&end=c&limit=5&keys_only=true&reverse=true"),
  };
  std::size_t understood = 0;
  for (int round = 0; round < 20'000; ++round) {
    auto request = seeds[change.below(seeds.size())];
    request.target = change.below(3) ? request.target : change.mutate(request.target);
    request.body = change.mutate(request.body);
    if (change.below(4) == 0) request.if_match = change.mutate("\"12\"");
    if (change.below(4) == 0) request.accept = change.mutate("text/html, application/json;q=0.5");
    if (change.below(4) == 0) request.idempotency_key = change.mutate("key");
    if (request.content_type && change.below(4) == 0)
      request.content_type = change.mutate(*request.content_type);
    auto translated = api.translate(std::move(request));
    if (auto* response = std::get_if<http_response>(&translated.outcome)) {
      ASSERT_GE(response->status, 200u);
      ASSERT_LT(response->status, 500u) << response->body.view();
      if (response->content_type == "application/problem+json") boost::json::parse(response->body.view());
      continue;
    }
    ++understood;
    const auto& call = std::get<http_call>(translated.outcome);
    if (auto* write = std::get_if<write_request>(&call.body)) {
      ASSERT_TRUE(decode_command(write->command.view()));
    } else if (auto* search = std::get_if<search_request>(&call.body)) {
      ASSERT_FALSE(check_search(*search));
    }
  }
  EXPECT_GT(understood, 1'000u);
}

} // namespace
} // namespace troupe::net
