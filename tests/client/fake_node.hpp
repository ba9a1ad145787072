#pragma once

// A client endpoint without a node behind it: its answers come from a state machine that all fake nodes of a
// test share, unless the test says otherwise. Real sockets on loopback, and an actor system of its own.

#include "messages/client.hpp"
#include "messages/type_ids.hpp"
#include "tests/storage/state_driver.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace troupe::client::testing {

/// What all nodes of a test agree on. Locked by whoever touches it.
struct fake_cluster {
  std::mutex lock;
  storage::testing::driver state;
};

/// What happens to one request.
enum class fate {
  serve,
  refuse,        ///< no leader
  ignore,        ///< no answer, ever
  apply_and_die, ///< applied, and the node is gone before it can say so
};

class fake_node {
public:
  using script = std::function<fate(const request&)>;

  /// `decide` runs in the node's actor.
  fake_node(std::shared_ptr<fake_cluster> cluster, script decide)
      : shared_(std::make_shared<shared>()), system_(config_) {
    shared_->cluster = std::move(cluster);
    shared_->decide = std::move(decide);
    auto endpoint = system_.spawn(&fake_node::behave, shared_);
    auto bound = system_.middleman().publish(endpoint, 0, "127.0.0.1");
    if (!bound) throw std::runtime_error(system_.render(bound.error()));
    port_ = *bound;
    endpoint_ = caf::actor_cast<caf::strong_actor_ptr>(endpoint);
  }
  ~fake_node() { caf::anon_send_exit(caf::actor_cast<caf::actor>(endpoint_), caf::exit_reason::kill); }
  fake_node(const fake_node&) = delete;
  fake_node& operator=(const fake_node&) = delete;

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  /// What it tells about the cluster.
  void set_status(cluster_status status) {
    std::lock_guard hold{shared_->cluster->lock};
    shared_->status = std::move(status);
  }

private:
  struct config : caf::actor_system_config {
    config() {
      std::string name = "fake-node";
      char* argv[] = {name.data(), nullptr};
      parse(1, argv, "/dev/null");
      announce_network_messages(*this);
      load<caf::io::middleman>();
      set("scheduler.max-threads", std::size_t{1});
    }
  };
  struct shared {
    std::shared_ptr<fake_cluster> cluster;
    script decide;
    cluster_status status;
  };

  static client_port_actor::behavior_type behave(client_port_actor::pointer self, std::shared_ptr<shared> s) {
    return {[=](const client_requests& batch) {
      auto to = caf::actor_cast<client_actor>(self->current_sender());
      auto requests = decode_requests(batch.payload);
      if (!requests) return;
      std::vector<answer> answers;
      for (auto& r : *requests) {
        const auto what = s->decide(r);
        if (what == fate::ignore) continue;
        if (what == fate::refuse) {
          answers.push_back({r.id, refusal{refusal_kind::no_leader, 1, "the test refuses"}});
          continue;
        }
        answers.push_back({r.id, serve(*s, r)});
        if (what == fate::apply_and_die) return self->quit(caf::exit_reason::kill);
      }
      if (!answers.empty()) self->send(to, client_answers{encode_answers(answers)});
    }};
  }

  static decltype(answer::body) serve(shared& s, const request& r) {
    std::lock_guard hold{s.cluster->lock};
    auto& state = s.cluster->state;
    if (auto* w = std::get_if<write_request>(&r.body))
      return state.m.apply(state.next(entry_kind::command, w->command));
    if (auto* q = std::get_if<read_request>(&r.body)) return state.m.run(q->what);
    if (std::holds_alternative<status_request>(r.body)) return s.status;
    if (auto* asked = std::get_if<search_request>(&r.body)) return search(*asked);
    if (auto* t = std::get_if<transfer_request>(&r.body)) {
      if (t->target == node_id{"far"}) return refusal{refusal_kind::not_possible, 0, "far is not heard"};
      return transfer_result{t->target, term_t{2}};
    }
    if (auto* m = std::get_if<member_request>(&r.body)) {
      if (m->id == node_id{"far"}) return refusal{refusal_kind::not_possible, 0, "far has not caught up"};
      return member_result{m->action == member_action::add, index_t{4}, 3, 1};
    }
    return snapshot_result{index_t{3}, term_t{2}, 1};
  }

  /// Finds nothing, and says by its code what the query asks for.
  static search_result search(const search_request& asked) {
    search_result found;
    if (asked.query == "behind") found.code = search_outcome::not_yet;
    if (asked.query == "off") found.code = search_outcome::no_index;
    if (asked.query == "(") {
      found.code = search_outcome::bad_request;
      found.part = "q";
      found.detail = "no end";
      found.end = 1;
    }
    if (!asked.cursor.empty()) found.code = search_outcome::cursor_gone;
    found.total = asked.limit;
    found.indexed_revision = revision_t{5};
    return found;
  }

  config config_;
  std::shared_ptr<shared> shared_;
  caf::actor_system system_;
  std::uint16_t port_ = 0;
  caf::strong_actor_ptr endpoint_;
};

} // namespace troupe::client::testing
