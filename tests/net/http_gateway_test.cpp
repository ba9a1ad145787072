// The gateway as an actor: batches out, batches in, lost answers, an orderly end.

#include "net/http_gateway.hpp"

#include "tests/net/http_client.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <condition_variable>
#include <map>
#include <mutex>

namespace troupe::net {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;
using test::http_client;

/// What the fake node saw; shared with the test's own thread.
struct node_log {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::size_t> batches; ///< their sizes
  answer_sink_actor sink;
  std::vector<request> held; ///< not answered: those for keys that begin with "hold"

  std::vector<request> take(std::size_t count) {
    std::unique_lock lock{mutex};
    EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return held.size() >= count; }));
    return std::exchange(held, {});
  }
};

std::string key_of(const request& asked) {
  if (auto* read = std::get_if<read_request>(&asked.body))
    if (auto* get = std::get_if<get_query>(&read->what)) return get->key;
  if (auto* write = std::get_if<write_request>(&asked.body)) {
    auto decoded = decode_command(write->command.view());
    auto& first = std::get<transaction>(decoded.value().body).success.at(0);
    if (auto* put = std::get_if<put_operation>(&first)) return put->key;
  }
  return {};
}

/// A key space of one actor, without a log.
front_actor::behavior_type fake_node(front_actor::pointer self, std::shared_ptr<node_log> log) {
  auto values = std::make_shared<std::map<std::string, blob>>();
  return {[=](request_batch& batch, const answer_sink_actor& sink) {
    answer_batch answers;
    std::lock_guard lock{log->mutex};
    log->batches.push_back(batch.requests.size());
    log->sink = sink;
    for (auto& asked : batch.requests) {
      const auto key = key_of(asked);
      if (key.starts_with("hold")) {
        log->held.push_back(std::move(asked));
      } else if (auto* write = std::get_if<write_request>(&asked.body)) {
        const auto decoded = decode_command(write->command.view());
        const auto& put = std::get<put_operation>(std::get<transaction>(decoded.value().body).success.at(0));
        (*values)[key] = put.value;
        command_result result;
        result.succeeded = true;
        result.revision = revision_t{values->size()};
        result.results = {put_result{true}};
        answers.answers.push_back({asked.id, std::move(result)});
      } else if (std::holds_alternative<read_request>(asked.body)) {
        query_result result;
        if (auto it = values->find(key); it != values->end()) {
          key_value found;
          found.key = key;
          found.value = it->second;
          result.items.push_back(found);
        }
        answers.answers.push_back({asked.id, std::move(result)});
      } else {
        answers.answers.push_back({asked.id, refusal{refusal_kind::no_leader, 100, "none"}});
      }
    }
    log->changed.notify_all();
    if (!answers.answers.empty()) self->send(sink, std::move(answers));
  }};
}

class http_gateway_test : public ::testing::Test {
protected:
  void start(api_options api = {}) {
    http_gateway_options options;
    options.port = 0;
    options.api = std::move(api);
    auto bound = http_gateway::bind(std::move(options), std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(bound) << bound.error().detail;
    gateway = std::move(*bound);
    node = system.spawn(fake_node, log);
    actor = gateway->start(system, node);
  }
  void TearDown() override {
    if (gateway) stop();
    caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
    log->sink = nullptr;
  }
  /// Ends the gateway; how long it took.
  std::chrono::milliseconds stop() {
    const auto begin = std::chrono::steady_clock::now();
    caf::scoped_actor self{system};
    self->monitor(actor);
    self->send_exit(actor, caf::exit_reason::user_shutdown);
    bool down = false;
    self->receive([&](const caf::down_msg&) { down = true; }, caf::after(10s) >> [] {});
    EXPECT_TRUE(down);
    gateway->join();
    const auto took = std::chrono::steady_clock::now() - begin;
    actor = nullptr;
    gateway.reset();
    return std::chrono::duration_cast<std::chrono::milliseconds>(took);
  }
  static std::string get(std::string_view target) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: t\r\n\r\n";
  }
  static std::string put(std::string_view target, std::string_view body) {
    return "PUT " + std::string{target} +
           " HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string{body};
  }

  caf::actor_system_config config;
  caf::actor_system system{config};
  std::shared_ptr<node_log> log = std::make_shared<node_log>();
  std::unique_ptr<http_gateway> gateway;
  front_actor node;
  caf::actor actor;
};

TEST_F(http_gateway_test, carries_requests_to_the_node_and_answers_back) {
  start();
  http_client client{gateway->port()};
  client.send(put("/v1/kv/greeting", "hello") + get("/v1/kv/greeting") + get("/v1/kv/absent") +
              get("/healthz") + get("/v1/cluster") + get("/nothing"));
  EXPECT_EQ(client.receive()->body, "{\"key\":\"greeting\",\"revision\":1,\"created\":true}\n");
  EXPECT_EQ(client.receive()->body, "hello");
  EXPECT_EQ(client.receive()->status, 404u);
  EXPECT_EQ(client.receive()->status, 200u);
  EXPECT_EQ(client.receive()->status, 503u);
  EXPECT_EQ(client.receive()->status, 404u);
  std::lock_guard lock{log->mutex};
  EXPECT_EQ(log->batches, (std::vector<std::size_t>{4})) << "what was parsed in one turn is one message";
}

TEST_F(http_gateway_test, serves_many_clients_at_once) {
  start();
  std::vector<std::unique_ptr<http_client>> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(std::make_unique<http_client>(gateway->port()));
    for (int k = 0; k < 20; ++k) {
      const auto key = "/v1/kv/k" + std::to_string(i) + "-" + std::to_string(k);
      clients.back()->send(put(key, key) + get(key));
    }
  }
  for (int i = 0; i < 50; ++i)
    for (int k = 0; k < 20; ++k) {
      EXPECT_EQ(clients[i]->receive()->status, 201u);
      EXPECT_EQ(clients[i]->receive()->body, "/v1/kv/k" + std::to_string(i) + "-" + std::to_string(k));
    }
}

TEST_F(http_gateway_test, gives_up_on_an_answer_that_never_comes) {
  api_options api;
  api.timeout_ms = 100;
  start(api);
  http_client client{gateway->port()};
  client.send(put("/v1/kv/hold", "x") + get("/v1/kv/hold") + get("/v1/kv/other"));
  const auto write = client.receive();
  EXPECT_EQ(write->status, 504u);
  EXPECT_THAT(write->body, HasSubstr("urn:troupe:problem:outcome-unknown"));
  const auto read = client.receive();
  EXPECT_EQ(read->status, 504u);
  EXPECT_THAT(read->body, HasSubstr("urn:troupe:problem:timed-out"));
  EXPECT_EQ(client.receive()->status, 404u);
  // The answers come after all, twice, and some that nobody asked for: nothing happens.
  auto held = log->take(2);
  EXPECT_EQ(held[0].timeout_ms, 100u);
  answer_batch late;
  for (auto& one : held)
    for (int i = 0; i < 2; ++i)
      late.answers.push_back({one.id, refusal{}});
  late.answers.push_back({UINT64_MAX, refusal{}});
  late.answers.push_back({0, refusal{}});
  caf::anon_send(log->sink, std::move(late));
  client.send(get("/v1/kv/other"));
  EXPECT_EQ(client.receive()->status, 404u);
}

TEST_F(http_gateway_test, counts_what_it_does) {
  start();
  http_client client{gateway->port()};
  client.send(put("/v1/kv/a", "x") + get("/v1/kv/a") + get("/v1/kv/b"));
  for (int i = 0; i < 3; ++i)
    client.receive();
  client.send(get("/metrics"));
  const auto metrics = client.receive();
  EXPECT_EQ(metrics->status, 200u);
  EXPECT_THAT(metrics->body, HasSubstr("troupe_http_requests_total{code=\"2xx\",route=\"kv\"} 2"));
  EXPECT_THAT(metrics->body, HasSubstr("troupe_http_requests_total{code=\"4xx\",route=\"kv\"} 1"));
  EXPECT_THAT(metrics->body, HasSubstr("troupe_http_request_duration_seconds_count{route=\"kv\"} 3"));
  EXPECT_THAT(metrics->body, HasSubstr("troupe_http_connections 1"));
}

TEST_F(http_gateway_test, answers_what_is_open_when_it_stops) {
  start();
  http_client writer{gateway->port()};
  http_client reader{gateway->port()};
  http_client idle{gateway->port()};
  writer.send(put("/v1/kv/hold", "x"));
  log->take(1);
  reader.send(get("/v1/kv/hold"));
  log->take(1);
  EXPECT_LT(stop(), 2s); // half a second, and what a busy machine adds
  const auto write = writer.receive();
  EXPECT_EQ(write->status, 504u);
  EXPECT_THAT(write->body, HasSubstr("outcome-unknown"));
  EXPECT_EQ(reader.receive()->status, 503u);
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(writer.ended());
}

TEST_F(http_gateway_test, still_delivers_answers_while_it_stops) {
  start();
  http_client client{gateway->port()};
  client.send(get("/v1/kv/hold"));
  const auto held = log->take(1);
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  answer_batch answers;
  answers.answers.push_back({held[0].id, query_result{}});
  caf::anon_send(log->sink, std::move(answers));
  EXPECT_EQ(client.receive()->status, 404u);
}

TEST_F(http_gateway_test, can_be_dropped_before_it_starts_and_while_it_runs) {
  {
    http_gateway_options options;
    options.port = 0;
    auto unused = http_gateway::bind(options, std::make_shared<prometheus::Registry>());
    ASSERT_TRUE(unused);
  }
  start();
  http_client client{gateway->port()};
  client.send(get("/v1/kv/hold"));
  log->take(1);
  gateway.reset();
  EXPECT_TRUE(client.ended());
  actor = nullptr;
}

TEST_F(http_gateway_test, starts_again_on_the_same_port_after_it_ended) {
  start();
  const auto port = gateway->port();
  {
    http_client client{port};
    client.send(get("/v1/kv/hold"));
    log->take(1);
    caf::scoped_actor self{system};
    self->monitor(actor);
    self->send_exit(actor, caf::exit_reason::kill); // ends it at once
    self->receive([](const caf::down_msg&) {});
    EXPECT_TRUE(client.ended());
  }
  actor = gateway->start(system, node);
  EXPECT_EQ(gateway->port(), port);
  http_client client{port};
  client.send(put("/v1/kv/a", "x") + get("/v1/kv/a"));
  EXPECT_EQ(client.receive()->status, 201u);
  EXPECT_EQ(client.receive()->body, "x");
}

TEST_F(http_gateway_test, says_in_one_sentence_that_the_port_is_taken) {
  start();
  http_gateway_options options;
  options.port = gateway->port();
  const auto second = http_gateway::bind(options, std::make_shared<prometheus::Registry>());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().detail,
            "the HTTP address 127.0.0.1:" + std::to_string(options.port) + " is in use by another process");
}

} // namespace
} // namespace troupe::net
