// The server over real sockets: order, connections that stay, half-closed clients, draining.

#include "tests/net/http_server_fixture.hpp"

namespace troupe::net {
namespace {

using namespace test;
using ::testing::HasSubstr;

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

// What a failed event loop left in its queue runs after the next start, when the server of before is gone.
TEST_F(http_server_test, leaves_nothing_behind_that_needs_it) {
  start();
  http_client client{server->port()};
  client.send(get("/hold/1"));
  auto held = handler.take(1);
  on_server([&] {
    server->complete(held[0].second, {200, "text/plain", {}, held[0].first}); // its write is queued
    context.stop();
  });
  thread.join();
  server.reset();
  EXPECT_TRUE(client.ended());
  work.reset();
  context.restart();
  EXPECT_GT(context.run(), 0u);
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

} // namespace
} // namespace troupe::net
