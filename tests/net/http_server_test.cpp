// The server over real sockets: order, limits, time-outs, hostile bytes.

#include "net/http_server.hpp"

#include "tests/net/http_client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <mutex>
#include <random>
#include <thread>

namespace troupe::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;
using namespace std::chrono_literals;
using test::http_client;

/// Answers "/hold..." when the test says so, "/large" with a large shared value, and everything else at once
/// with what came.
class fake_handler : public http_handler {
public:
  void on_request(http_request&& request, request_token token) override {
    if (request.target.starts_with("/hold")) {
      std::lock_guard lock{mutex};
      held.emplace_back(request.target, token);
      changed.notify_all();
      return;
    }
    http_response response;
    response.content_type = "text/plain";
    if (request.target == "/large")
      response.body = large;
    else
      response.body = request.target + " " + request.body;
    server->complete(token, std::move(response));
  }

  /// Waits until `count` requests are held, and takes them.
  std::vector<std::pair<std::string, request_token>> take(std::size_t count) {
    std::unique_lock lock{mutex};
    EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return held.size() >= count; })) << held.size();
    return std::exchange(held, {});
  }

  http_server* server = nullptr;
  blob large{std::string(8 * 1024 * 1024, 'L')};
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::string, request_token>> held;
};

class http_server_test : public ::testing::Test {
protected:
  void start(server_limits limits = {}) {
    auto listening = http_server::listen(context, handler, "127.0.0.1", 0, limits);
    ASSERT_TRUE(listening) << listening.error().detail;
    server = std::move(*listening);
    handler.server = server.get();
    boost::asio::post(context, [this] { server->start(); });
    thread = std::thread{[this] { context.run(); }};
  }
  void TearDown() override {
    if (!thread.joinable()) return;
    on_server([this] { server->close(); });
    work.reset();
    context.stop();
    thread.join();
    server.reset();
  }
  template <class Action>
  void on_server(Action action) {
    std::promise<void> done;
    boost::asio::post(context, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }
  server_counters counters() {
    server_counters copy;
    on_server([&] { copy = server->counters(); });
    return copy;
  }
  void answer(const std::pair<std::string, request_token>& held) {
    on_server([&] { server->complete(held.second, {200, "text/plain", {}, held.first}); });
  }
  /// Waits until the server has seen what happened on the client's side.
  template <class Condition>
  bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (condition(counters())) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  }

  static std::string get(std::string_view target) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: test\r\n\r\n";
  }
  static std::string put(std::string_view target, std::string_view body) {
    return "PUT " + std::string{target} +
           " HTTP/1.1\r\nHost: test\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string{body};
  }
  /// Sends bytes on a new connection; the status of the answer, after which the connection must end. 0: no
  /// answer.
  unsigned refusal_of(std::string_view bytes) {
    http_client client{server->port()};
    client.send(bytes);
    const auto response = client.receive();
    EXPECT_TRUE(client.ended());
    if (response) {
      EXPECT_THAT(response->head, HasSubstr("Connection: close\r\n"));
    }
    return response ? response->status : 0;
  }

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  fake_handler handler;
  std::unique_ptr<http_server> server;
  std::thread thread;
};

TEST_F(http_server_test, keeps_a_connection_for_many_requests) {
  start();
  http_client client{server->port()};
  for (int i = 0; i < 100; ++i) {
    client.send(put("/k" + std::to_string(i), "body"));
    const auto response = client.receive();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 200u);
    EXPECT_EQ(response->body, "/k" + std::to_string(i) + " body");
    EXPECT_THAT(response->head, HasSubstr("\r\nDate: "));
  }
  EXPECT_EQ(counters().accepted, 1u);
}

TEST_F(http_server_test, answers_pipelined_requests_in_order) {
  start();
  http_client client{server->port()};
  client.send(get("/hold/1") + get("/fast") + get("/hold/2") + put("/hold/3", "x"));
  auto held = handler.take(3);
  ASSERT_EQ(held.size(), 3u);
  answer(held[2]);
  answer(held[1]);
  answer(held[0]);
  for (auto expected : {"/hold/1", "/fast ", "/hold/2", "/hold/3"})
    EXPECT_EQ(client.receive()->body, expected);
}

TEST_F(http_server_test, reads_no_further_than_the_pipeline_allows) {
  server_limits limits;
  limits.pipeline_max = 4;
  start(limits);
  http_client client{server->port()};
  std::string all;
  for (int i = 0; i < 10; ++i)
    all += get("/hold/" + std::to_string(i));
  client.send(all);
  auto held = handler.take(4);
  EXPECT_EQ(counters().in_flight, 4u);
  std::size_t answered = 0;
  while (answered < 10) {
    for (auto& one : held)
      answer(one);
    for (std::size_t i = 0; i < held.size(); ++i)
      EXPECT_EQ(client.receive()->body, "/hold/" + std::to_string(answered++));
    held = answered < 10 ? handler.take(std::min<std::size_t>(4, 10 - answered)) : decltype(held){};
    EXPECT_LE(held.size(), 4u);
  }
}

TEST_F(http_server_test, takes_requests_in_any_pieces) {
  start();
  http_client client{server->port()};
  for (char c : put("/slowly", "abc"))
    client.send({&c, 1});
  EXPECT_EQ(client.receive()->body, "/slowly abc");
  const std::string chunked = "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n";
  for (char c : chunked)
    client.send({&c, 1});
  EXPECT_EQ(client.receive()->body, "/c abcde");
  client.send(chunked + get("/next"));
  EXPECT_EQ(client.receive()->body, "/c abcde");
  EXPECT_EQ(client.receive()->body, "/next ");
}

TEST_F(http_server_test, knows_head_and_old_and_closing_clients) {
  start();
  http_client client{server->port()};
  client.send("HEAD /large HTTP/1.1\r\nHost: t\r\n\r\n" + get("/after"));
  const auto head = client.receive(true);
  EXPECT_THAT(head->head, HasSubstr("Content-Length: 8388608\r\n"));
  EXPECT_EQ(client.receive()->body, "/after ");
  client.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(client.receive()->head, HasSubstr("Connection: keep-alive\r\n"));
  client.send("GET /last HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n" + get("/never"));
  EXPECT_THAT(client.receive()->head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(client.ended());
  http_client old{server->port()};
  old.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.receive()->body, "/ ");
  EXPECT_TRUE(old.ended());
}

TEST_F(http_server_test, answers_a_client_that_has_closed_its_side) {
  start();
  http_client client{server->port()};
  client.send(get("/hold/1") + "GET /half");
  client.finish_sending();
  auto held = handler.take(1);
  answer(held[0]);
  EXPECT_EQ(client.receive()->body, "/hold/1");
  EXPECT_TRUE(client.ended());
}

TEST_F(http_server_test, says_continue_before_a_body_and_in_order) {
  start();
  http_client client{server->port()};
  client.send(get("/hold/1") +
              "PUT /k HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n");
  auto held = handler.take(1);
  answer(held[0]);
  EXPECT_EQ(client.receive()->body, "/hold/1");
  EXPECT_EQ(client.receive(true)->status, 100u);
  client.send("abc");
  EXPECT_EQ(client.receive()->body, "/k abc");
  EXPECT_EQ(refusal_of("PUT /k HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: tea\r\n\r\n"), 417u);
}

TEST_F(http_server_test, sends_large_values_whole) {
  start();
  http_client client{server->port()};
  client.send(get("/small") + get("/large") + get("/small") + get("/large"));
  EXPECT_EQ(client.receive()->body, "/small ");
  EXPECT_EQ(client.receive()->body, handler.large.view());
  EXPECT_EQ(client.receive()->body, "/small ");
  EXPECT_EQ(client.receive()->body, handler.large.view());
}

TEST_F(http_server_test, refuses_what_is_too_large) {
  server_limits limits;
  limits.header_bytes_max = 2'000;
  limits.body_bytes_max = 5'000;
  start(limits);
  EXPECT_EQ(refusal_of("GET /" + std::string(3'000, 'a')), 431u);
  EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\nHost: t\r\nX: " + std::string(3'000, 'a')), 431u);
  std::string many = "GET / HTTP/1.1\r\nHost: t\r\n";
  for (int i = 0; i < 300; ++i)
    many += "X" + std::to_string(i) + ": y\r\n";
  EXPECT_EQ(refusal_of(many), 431u);
  EXPECT_EQ(refusal_of("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 5001\r\n\r\n"), 413u);
  EXPECT_EQ(refusal_of("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 5001\r\n\r\n" + std::string(5'001, 'x')),
            413u);
  std::string chunks = "PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 6; ++i)
    chunks += "3e8\r\n" + std::string(1'000, 'x') + "\r\n";
  EXPECT_EQ(refusal_of(chunks), 413u);
  EXPECT_EQ(refusal_of("PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                       std::string(9'000, 'x')),
            400u);
  http_client client{server->port()};
  client.send(put("/k", std::string(5'000, 'x')));
  EXPECT_EQ(client.receive()->status, 200u);
}

TEST_F(http_server_test, a_long_header_is_refused_when_it_comes_line_by_line) {
  server_limits limits;
  limits.header_bytes_max = 2'000;
  start(limits);
  http_client client{server->port()};
  client.send("GET / HTTP/1.1\r\nHost: t\r\n");
  for (int i = 0; i < 300 && client.send("X: yyyyyyyyyyyyyyyy\r\n"); ++i)
    on_server([] {});
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(counters().bad, 1u);
}

TEST_F(http_server_test, refuses_what_is_not_http) {
  start();
  for (std::string bytes :
       {"\x16\x03\x01\x02\x01\x01\x01\xfc garbage\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/2.0\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: t\r\nBad Name: x\r\n\r\n",
        "GET / HTTP/1.1\nHost: t\n\n", "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: -1\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"})
    EXPECT_EQ(refusal_of(bytes), 400u) << bytes;
  EXPECT_EQ(refusal_of("PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip\r\n\r\n"), 501u);
  EXPECT_EQ(refusal_of("PUT / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 501u);
  // What came before the garbage is answered first.
  http_client client{server->port()};
  client.send(get("/hold/1") + "rubbish\r\n\r\n");
  auto held = handler.take(1);
  answer(held[0]);
  EXPECT_EQ(client.receive()->body, "/hold/1");
  EXPECT_EQ(client.receive()->status, 400u);
  EXPECT_TRUE(client.ended());
}

TEST_F(http_server_test, cuts_slow_and_idle_clients) {
  server_limits limits;
  limits.header_timeout = 50ms;
  limits.body_timeout = 50ms;
  limits.slowest_pace = 1'000'000;
  limits.idle_timeout = 50ms;
  start(limits);
  http_client idle{server->port()};
  EXPECT_TRUE(idle.ended());
  EXPECT_EQ(refusal_of("GET / HT"), 408u);
  EXPECT_EQ(refusal_of("PUT / HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nhalf"), 408u);
  EXPECT_EQ(counters().timed_out, 3u);
  // Waiting for an answer is not idleness.
  http_client patient{server->port()};
  patient.send(get("/hold/1"));
  auto held = handler.take(1);
  http_client other{server->port()};
  EXPECT_TRUE(other.ended());
  answer(held[0]);
  EXPECT_EQ(patient.receive()->body, "/hold/1");
}

TEST_F(http_server_test, cuts_a_client_that_does_not_read) {
  server_limits limits;
  limits.write_timeout = 50ms;
  limits.slowest_pace = 1'000'000'000;
  start(limits);
  http_client client{server->port()};
  client.shrink_receive_buffer();
  std::string all;
  for (int i = 0; i < 4; ++i)
    all += get("/large");
  client.send(all);
  EXPECT_TRUE(
      eventually([](const server_counters& now) { return now.timed_out == 1 && now.connections == 0; }));
}

TEST_F(http_server_test, serves_many_connections_and_refuses_more_than_allowed) {
  server_limits limits;
  limits.connections_max = 200;
  start(limits);
  std::vector<std::unique_ptr<http_client>> clients;
  for (int i = 0; i < 200; ++i) {
    clients.push_back(std::make_unique<http_client>(server->port()));
    clients.back()->send(get("/a"));
  }
  for (auto& client : clients)
    EXPECT_EQ(client->receive()->status, 200u);
  {
    http_client extra{server->port()};
    const auto refused = extra.receive();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->status, 503u);
    EXPECT_THAT(refused->head, HasSubstr("Retry-After: 1\r\n"));
    EXPECT_TRUE(extra.ended());
  }
  clients.resize(100);
  ASSERT_TRUE(eventually([](const server_counters& now) { return now.connections == 100; }));
  http_client late{server->port()};
  late.send(get("/b"));
  EXPECT_EQ(late.receive()->status, 200u);
}

TEST_F(http_server_test, refuses_requests_beyond_what_may_be_in_flight) {
  server_limits limits;
  limits.in_flight_max = 2;
  limits.memory_bytes_max = 10'000;
  start(limits);
  http_client client{server->port()};
  client.send(get("/hold/1") + get("/hold/2") + get("/3") + put("/4", "x"));
  auto held = handler.take(2);
  answer(held[0]);
  answer(held[1]);
  EXPECT_EQ(client.receive()->body, "/hold/1");
  EXPECT_EQ(client.receive()->body, "/hold/2");
  for (int i = 0; i < 2; ++i) {
    const auto refused = client.receive();
    EXPECT_EQ(refused->status, 503u);
    EXPECT_THAT(refused->head, HasSubstr("Retry-After: 1\r\n"));
  }
  client.send(put("/hold/5", std::string(6'000, 'x')));
  held = handler.take(1);
  EXPECT_EQ(refusal_of(put("/6", std::string(6'000, 'x'))), 503u);
  answer(held[0]);
  EXPECT_EQ(client.receive()->status, 200u);
  client.send(put("/7", std::string(9'000, 'x')));
  EXPECT_EQ(client.receive()->status, 200u);
}

TEST_F(http_server_test, an_answer_for_a_client_that_left_goes_nowhere) {
  start();
  std::vector<std::pair<std::string, request_token>> held;
  {
    http_client client{server->port()};
    client.send(get("/hold/1"));
    held = handler.take(1);
    client.send("rubbish\r\n\r\n"); // makes the server look at the connection again
  }
  answer(held[0]);
  ASSERT_TRUE(
      eventually([](const server_counters& now) { return now.connections == 0 && now.in_flight == 0; }));
  http_client next{server->port()}; // takes the same place in the table
  next.send(get("/hold/2"));
  held = handler.take(1);
  answer(held[0]);
  EXPECT_EQ(next.receive()->body, "/hold/2");
}

TEST_F(http_server_test, drains) {
  start();
  http_client idle{server->port()};
  http_client busy{server->port()};
  idle.send(get("/a"));
  EXPECT_TRUE(idle.receive());
  busy.send(get("/hold/1"));
  auto held = handler.take(1);
  on_server([this] { server->drain(); });
  EXPECT_TRUE(idle.ended());
  EXPECT_THROW(http_client{server->port()}, std::runtime_error);
  answer(held[0]);
  const auto last = busy.receive();
  EXPECT_EQ(last->body, "/hold/1");
  EXPECT_THAT(last->head, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(busy.ended());
  EXPECT_TRUE(eventually([](const server_counters& now) { return now.connections == 0; }));
}

TEST_F(http_server_test, names_the_port_that_is_in_use) {
  start();
  const auto second = http_server::listen(context, handler, "127.0.0.1", server->port(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::unavailable);
  EXPECT_EQ(second.error().detail,
            "the HTTP address 127.0.0.1:" + std::to_string(server->port()) + " is in use by another process");
  EXPECT_EQ(http_server::listen(context, handler, "no.such.host.invalid", 0, {}).error().code,
            errc::invalid_argument);
  EXPECT_EQ(http_server::listen(context, handler, "192.0.2.1", 0, {}).error().code, errc::unavailable);
}

/// Mutated requests and plain noise: whatever comes, the server answers or closes, and goes on serving
/// others.
TEST_F(http_server_test, survives_random_bytes) {
  const char* given = std::getenv("TROUPE_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed));
  std::printf("TROUPE_SEED=%llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random{seed};
  server_limits limits;
  limits.header_timeout = limits.body_timeout = limits.idle_timeout = limits.linger_timeout = 20ms;
  limits.header_bytes_max = 1'000;
  limits.body_bytes_max = 2'000;
  start(limits);
  const std::vector<std::string> seeds{
      get("/a") + put("/b", "hello") + get("/c"),
      "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\nExpect: "
      "100-continue\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nA: b\r\n\r\n",
      "PUT /d HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 4, 4\r\nIf-Match: \"1\"\r\n\r\nabcd" +
          get("/e")};
  for (int round = 0; round < 400; ++round) {
    std::string bytes = seeds[random() % seeds.size()];
    for (auto changes = random() % 6; changes > 0; --changes) {
      const auto place = random() % bytes.size();
      switch (random() % 4) {
      case 0: bytes[place] = static_cast<char>(random()); break;
      case 1: bytes.erase(place, 1 + random() % 8); break;
      case 2: bytes.insert(place, bytes.substr(random() % bytes.size(), random() % 40)); break;
      default: bytes.insert(place, std::string(1 + random() % 3, "\r\n :;,0"[random() % 7]));
      }
      if (bytes.empty()) bytes = "x";
    }
    http_client client{server->port()};
    const auto cut = random() % (bytes.size() + 1);
    client.send(std::string_view{bytes}.substr(0, cut));
    client.send(std::string_view{bytes}.substr(cut));
    if (random() % 2) client.finish_sending();
    if (random() % 4) {
      ASSERT_TRUE(client.ended()) << bytes;
    }
  }
  http_client client{server->port()};
  client.send(get("/alive"));
  EXPECT_EQ(client.receive()->body, "/alive ");
  EXPECT_TRUE(
      eventually([](const server_counters& now) { return now.in_flight == 0 && now.connections == 0; }));
}

} // namespace
} // namespace troupe::net
