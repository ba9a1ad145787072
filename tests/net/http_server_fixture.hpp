#pragma once

// A server on a free port with a handler that the test controls.

#include "net/http_server.hpp"

#include "tests/net/http_client.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

namespace troupe::net::test {

using namespace std::chrono_literals;

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
      EXPECT_THAT(response->head, ::testing::HasSubstr("Connection: close\r\n"));
    }
    return response ? response->status : 0;
  }

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
  fake_handler handler;
  std::unique_ptr<http_server> server;
  std::thread thread;
};

} // namespace troupe::net::test
