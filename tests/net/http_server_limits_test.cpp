// The server under hostile and slow clients: limits, time-outs, bytes that are no HTTP.

#include "tests/net/http_server_fixture.hpp"

#include <cstdlib>
#include <random>

namespace troupe::net {
namespace {

using namespace test;
using ::testing::HasSubstr;

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
        "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
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
  EXPECT_EQ(counters().overloaded, 2u);
  client.send(put("/hold/5", std::string(6'000, 'x')));
  held = handler.take(1);
  EXPECT_EQ(refusal_of(put("/6", std::string(6'000, 'x'))), 503u);
  answer(held[0]);
  EXPECT_EQ(client.receive()->status, 200u);
  client.send(put("/7", std::string(9'000, 'x')));
  EXPECT_EQ(client.receive()->status, 200u);
}

TEST_F(http_server_test, reads_no_further_while_answers_wait_to_be_taken) {
  server_limits limits;
  limits.unwritten_bytes_max = 1'000'000;
  start(limits);
  http_client client{server->port()};
  constexpr int count = 6; // far more than the kernel holds for us
  std::string all;
  for (int i = 0; i < count; ++i)
    all += get("/large");
  client.send(all);
  // One answer is more than may wait, so the next request is not read before it is on its way.
  EXPECT_TRUE(eventually([](const server_counters& now) { return now.memory_bytes > 0; }));
  for (int i = 0; i < count; ++i) {
    EXPECT_LE(counters().memory_bytes, handler.large.size());
    const auto answered = client.receive();
    ASSERT_TRUE(answered);
    EXPECT_EQ(answered->body.size(), handler.large.size());
  }
  EXPECT_TRUE(eventually([](const server_counters& now) { return now.memory_bytes == 0; }));
}

TEST_F(http_server_test, refuses_bodies_and_large_answers_while_those_of_others_fill_the_memory) {
  server_limits limits;
  limits.memory_bytes_max = 6 * 1024 * 1024;
  start(limits);
  {
    http_client slow{server->port()};
    slow.shrink_receive_buffer();
    slow.send(get("/large"));
    ASSERT_TRUE(eventually([](const server_counters& now) { return now.memory_bytes > 0; }));
    bool fits = true;
    on_server([&] { fits = server->can_hold(http_server::small_answer + 1); });
    EXPECT_FALSE(fits);
    EXPECT_EQ(refusal_of(put("/a", "x")), 503u);
    http_client other{server->port()};
    other.send(get("/a"));
    EXPECT_EQ(other.receive()->status, 200u) << "what is small goes on: health, metrics";
  }
  EXPECT_TRUE(eventually([](const server_counters& now) { return now.memory_bytes == 0; }))
      << "what a client leaves behind counts no more";
  http_client late{server->port()};
  late.send(put("/a", "x"));
  EXPECT_EQ(late.receive()->status, 200u);
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
