#pragma once

// An exchange with a person's hands: what it sends is kept, and answered by the test.

#include "client/exchange.hpp"
#include "command/codec.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace troupe::client::testing {

inline transaction put_of(const std::string& key, const std::string& value = "v") {
  transaction t;
  t.success.emplace_back(put_operation{key, blob{value}, media_type::text});
  return t;
}

inline call_body read_of(const std::string& key) {
  return read_request{get_query{key, std::nullopt}, consistency::linearizable};
}

struct talk {
  exchange x;
  std::int64_t now = 1'000;
  std::map<exchange::call_id, call_result> results;

  explicit talk(exchange_options o = {}) : x(o) {}

  exchange::call_id submit(call_body body, std::uint32_t timeout_ms = 1'000) {
    return x.submit({std::move(body), timeout_ms}, now);
  }
  std::vector<request> sent() { return x.take_requests(now); }
  /// Precondition: exactly one request is to be sent.
  request one() {
    auto batch = sent();
    EXPECT_EQ(batch.size(), 1U);
    return batch.empty() ? request{} : std::move(batch.front());
  }
  void answer_to(std::uint64_t id, decltype(answer::body) body) {
    std::vector<answer> batch;
    batch.push_back({id, std::move(body)});
    x.receive(std::move(batch), now);
    collect();
  }
  void refuse(std::uint64_t id, refusal_kind kind, std::uint32_t retry_after_ms = 0) {
    answer_to(id, refusal{kind, retry_after_ms, "refused by the test"});
  }
  void apply(std::uint64_t id, std::uint64_t revision = 1) {
    command_result r;
    r.succeeded = true;
    r.revision = revision_t{revision};
    answer_to(id, r);
  }
  void after(std::int64_t ms) {
    now += ms;
    x.expire(now);
    collect();
  }
  void collect() {
    for (auto& f : x.take_finished())
      EXPECT_TRUE(results.emplace(f.id, std::move(f.result)).second) << "two results of one call";
  }
  /// Connects, and opens the session that the first write asks for.
  void open_session(std::uint64_t session = 7) {
    const auto asked = one();
    EXPECT_TRUE(std::holds_alternative<troupe::open_session>(command_in(asked).body));
    command_result r;
    r.session = session_id{session};
    answer_to(asked.id, r);
  }
  static command command_in(const request& r) {
    const auto* w = std::get_if<write_request>(&r.body);
    EXPECT_NE(w, nullptr);
    if (!w) return {};
    auto decoded = decode_command(w->command.view());
    EXPECT_TRUE(decoded);
    return decoded ? std::move(*decoded) : command{};
  }
  failure_kind failure_of(exchange::call_id id) const {
    const auto place = results.find(id);
    EXPECT_NE(place, results.end()) << "no result yet";
    if (place == results.end()) return failure_kind::invalid;
    const auto* f = std::get_if<failure>(&place->second);
    EXPECT_NE(f, nullptr) << "no failure";
    return f ? f->kind : failure_kind::invalid;
  }
  bool applied(exchange::call_id id) const {
    const auto place = results.find(id);
    return place != results.end() && std::holds_alternative<command_result>(place->second);
  }
};

} // namespace troupe::client::testing
