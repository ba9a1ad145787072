#include "net/http_embedder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace troupe::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;

using request = http::request<http::string_body>;
using response = http::response<http::string_body>;

response answer(unsigned status, std::string body) {
  response r;
  r.version(11);
  r.result(status);
  r.body() = std::move(body);
  return r;
}

/// Vectors of the wanted dimension for each input, made of the input's length and place; the last one first.
response vectors_for(const request& asked, std::size_t dimension) {
  json::array data;
  const auto body = json::parse(asked.body());
  const auto& inputs = body.at("input").as_array();
  for (std::size_t i = inputs.size(); i-- > 0;) {
    json::array vector;
    for (std::size_t d = 0; d < dimension; ++d)
      vector.emplace_back(static_cast<double>(inputs[i].as_string().size()) + static_cast<double>(d) / 4);
    data.push_back({{"object", "embedding"}, {"index", i}, {"embedding", std::move(vector)}});
  }
  return answer(200, json::serialize(json::object{{"object", "list"}, {"data", std::move(data)}}));
}

/// A service on a port of this machine that does what the test says, one request after the other, and the
/// last thing again and again. Serves one connection a request.
class service {
public:
  /// Nothing: the request stays without an answer until the client gives up.
  using script = std::function<std::optional<response>(const request&)>;

  explicit service(std::deque<script> scripts)
      : scripts_(std::move(scripts)), acceptor_(context_, {asio::ip::make_address("127.0.0.1"), 0}),
        port_(acceptor_.local_endpoint().port()), thread_([this] { serve(); }) {}

  ~service() {
    stopping_ = true;
    // Wakes the thread out of accept().
    asio::ip::tcp::socket last{context_};
    boost::system::error_code ignored;
    last.connect({asio::ip::make_address("127.0.0.1"), port_}, ignored);
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::vector<request> requests() const {
    std::lock_guard lock{mutex_};
    return requests_;
  }

private:
  void serve() {
    for (;;) {
      boost::system::error_code failed;
      auto socket = acceptor_.accept(failed);
      if (failed || stopping_) return;
      beast::flat_buffer buffer;
      request asked;
      http::read(socket, buffer, asked, failed);
      if (failed) continue;
      {
        std::lock_guard lock{mutex_};
        requests_.push_back(asked);
      }
      const auto now = scripts_.front();
      if (scripts_.size() > 1) scripts_.pop_front();
      auto says = now(asked);
      if (!says) {
        request none;
        http::read(socket, buffer, none, failed); // until the client hangs up
        continue;
      }
      says->keep_alive(false);
      says->prepare_payload();
      http::write(socket, *says, failed);
    }
  }

  std::deque<script> scripts_;
  asio::io_context context_;
  asio::ip::tcp::acceptor acceptor_;
  unsigned short port_;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<request> requests_;
  std::thread thread_;
};

service::script says(unsigned status, const std::string& body) {
  return [=](const request&) { return answer(status, body); };
}

service::script gives_vectors(std::size_t dimension) {
  return [=](const request& asked) { return vectors_for(asked, dimension); };
}

service::script hangs() {
  return [](const request&) { return std::optional<response>{}; };
}

class http_embedder_test : public ::testing::Test {
protected:
  http_embedder_options options(const service& s) {
    http_embedder_options o;
    o.url = s.url() + "/";
    o.model = "some-model";
    o.dimension = 3;
    o.tries = 3;
    o.backoff = std::chrono::milliseconds{100};
    o.backoff_max = std::chrono::milliseconds{150};
    o.wait = [this](std::chrono::milliseconds time) { waits_.push_back(time.count()); };
    return o;
  }

  result<search::embedded_text> embed(const service& s, std::string_view text = "hello") {
    auto embedder = http_embedder::make(options(s));
    EXPECT_TRUE(embedder);
    return (*embedder)->embed(text);
  }

  std::vector<std::int64_t> waits_;
};

TEST_F(http_embedder_test, asks_and_understands) {
  service s{{gives_vectors(3)}};
  auto o = options(s);
  o.key = "secret";
  auto embedder = http_embedder::make(o);
  ASSERT_TRUE(embedder);
  EXPECT_EQ((*embedder)->dimension(), 3U);
  const auto made = (*embedder)->embed("\"quoted\" text");
  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(made->passages, (std::vector<search::passage>{{0, 13}}));
  EXPECT_EQ(made->vectors, (std::vector<float>{13, 13.25F, 13.5F}));
  ASSERT_TRUE((*embedder)->embed("again"));
  const auto asked = s.requests();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[0].method(), http::verb::post);
  EXPECT_EQ(asked[0].target(), "/v1/embeddings");
  EXPECT_EQ(asked[0][http::field::authorization], "Bearer secret");
  EXPECT_EQ(asked[0][http::field::content_type], "application/json");
  EXPECT_EQ(json::parse(asked[0].body()),
            json::parse(R"({"model":"some-model","input":["\"quoted\" text"]})"));
}

TEST_F(http_embedder_test, sends_a_long_text_in_passages_and_batches) {
  service s{{gives_vectors(3)}};
  std::string text;
  while (text.size() < 20 * http_embedder_passage_bytes)
    text += "Some words of a sentence that is not short. ";
  const auto made = embed(s, text);
  ASSERT_TRUE(made) << made.error().detail;
  ASSERT_GT(made->passages.size(), http_embedder_inputs_max);
  EXPECT_EQ(s.requests().size(), 2U);
  EXPECT_EQ(s.requests()[0][http::field::authorization], "");
  for (std::size_t i = 0; i < made->passages.size(); ++i) {
    const auto size = made->passages[i].end - made->passages[i].begin;
    EXPECT_LE(size, http_embedder_passage_bytes);
    // Each vector stands at its passage although the service answers in another order.
    EXPECT_EQ(made->vectors[3 * i], static_cast<float>(size));
  }
}

TEST_F(http_embedder_test, has_nothing_to_ask_about_blanks) {
  service s{{gives_vectors(3)}};
  EXPECT_EQ(embed(s, " \n").error().code, errc::invalid_argument);
  EXPECT_TRUE(s.requests().empty());
}

TEST_F(http_embedder_test, tries_again_with_growing_pauses) {
  service s{{says(500, "oh"), says(429, "slowly"), gives_vectors(3)}};
  EXPECT_TRUE(embed(s));
  EXPECT_THAT(waits_, ::testing::ElementsAre(100, 150));
}

TEST_F(http_embedder_test, gives_up_after_some_tries) {
  service s{{says(503, "busy")}};
  const auto made = embed(s);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, errc::unavailable);
  EXPECT_THAT(made.error().detail, ::testing::HasSubstr("status 503: busy"));
  EXPECT_EQ(s.requests().size(), 3U);
}

TEST_F(http_embedder_test, a_silent_service_is_unavailable) {
  service s{{hangs()}};
  auto o = options(s);
  o.timeout = std::chrono::milliseconds{100};
  o.tries = 2;
  auto embedder = http_embedder::make(o);
  ASSERT_TRUE(embedder);
  EXPECT_EQ((*embedder)->embed("hello").error().code, errc::unavailable);
  EXPECT_EQ(waits_.size(), 1U);
}

TEST_F(http_embedder_test, an_absent_service_is_unavailable) {
  http_embedder_options o;
  {
    service s{{gives_vectors(3)}};
    o = options(s);
  }
  auto embedder = http_embedder::make(o);
  ASSERT_TRUE(embedder);
  EXPECT_EQ((*embedder)->embed("hello").error().code, errc::unavailable);
  EXPECT_EQ(waits_.size(), 2U);
}

TEST_F(http_embedder_test, tells_a_refused_text_from_a_refused_caller) {
  for (const unsigned status : {400, 413, 422}) {
    service s{{says(status, "no")}};
    EXPECT_EQ(embed(s).error().code, errc::io_error) << status;
    EXPECT_EQ(s.requests().size(), 1U);
  }
  for (const unsigned status : {401, 403, 404, 302}) {
    service s{{says(status, "no")}};
    EXPECT_EQ(embed(s).error().code, errc::unavailable) << status;
    EXPECT_EQ(s.requests().size(), 1U);
  }
}

TEST_F(http_embedder_test, refuses_what_it_does_not_understand) {
  for (const char* body : {"",
                           "garbage",
                           "[]",
                           "{}",
                           R"({"data":{}})",
                           R"({"data":[]})",
                           R"({"data":[1]})",
                           R"({"data":[{"index":0}]})",
                           R"({"data":[{"index":1,"embedding":[1,2,3]}]})",
                           R"({"data":[{"index":-1,"embedding":[1,2,3]}]})",
                           R"({"data":[{"index":"0","embedding":[1,2,3]}]})",
                           R"({"data":[{"embedding":[1,2]}]})",
                           R"({"data":[{"embedding":[1,2,3,4]}]})",
                           R"({"data":[{"embedding":[1,2,"3"]}]})",
                           R"({"data":[{"embedding":[1,2,null]}]})",
                           R"({"data":[{"embedding":[1,2,1e39]}]})",
                           R"({"data":[{"embedding":[1,2,1e400]}]})",
                           R"({"data":[{"embedding":[1,2,NaN]}]})",
                           R"({"data":[{"embedding":"AACAPwAAgD8="}]})",
                           R"({"data":[{"embedding":[1,2,3]},{"embedding":[1,2,3]}]})",
                           "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]"}) {
    service s{{says(200, body)}};
    const auto made = embed(s);
    ASSERT_FALSE(made) << body;
    EXPECT_EQ(made.error().code, errc::unavailable) << body;
    EXPECT_EQ(s.requests().size(), 1U) << body;
  }
}

TEST_F(http_embedder_test, names_both_dimensions) {
  service s{{gives_vectors(4)}};
  EXPECT_THAT(embed(s).error().detail, ::testing::HasSubstr("has dimension 4, configured is 3"));
}

TEST_F(http_embedder_test, stops_reading_a_huge_answer) {
  service s{{says(200, std::string(4 * 1024 * 1024, ' '))}};
  const auto made = embed(s);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, errc::unavailable);
  EXPECT_THAT(made.error().detail, ::testing::HasSubstr("bytes"));
}

TEST_F(http_embedder_test, refuses_options_that_make_no_sense) {
  service s{{gives_vectors(3)}};
  const auto refused = [&](auto change) {
    auto o = options(s);
    change(o);
    const auto made = http_embedder::make(o);
    return !made && made.error().code == errc::invalid_argument;
  };
  EXPECT_TRUE(refused([](auto& o) { o.url = "ftp://example.com"; }));
  EXPECT_TRUE(refused([](auto& o) { o.url = "file:///etc/passwd"; }));
  EXPECT_TRUE(refused([](auto& o) { o.url = "http://a\r\nb"; }));
  EXPECT_TRUE(refused([](auto& o) { o.model = ""; }));
  EXPECT_TRUE(refused([](auto& o) { o.dimension = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.dimension = http_embedder_dimension_max + 1; }));
  EXPECT_TRUE(refused([](auto& o) { o.key = "a\r\nX-Other: b"; }));
  EXPECT_TRUE(refused([](auto& o) { o.tries = 0; }));
  EXPECT_TRUE(refused([](auto& o) { o.timeout = std::chrono::milliseconds{0}; }));
}

} // namespace
} // namespace troupe::net
