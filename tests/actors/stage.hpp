#pragma once

// Actors under CAF's deterministic scheduler: nothing runs until run(), nothing looks at a clock or a socket.
// A probe stands for every actor that the one under test talks to.

#include "base/archive.hpp"
#include "messages/tick.hpp"
#include "messages/type_ids.hpp"

#include <caf/actor_companion.hpp>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

struct stage_config : caf::actor_system_config {
  stage_config() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.inline-output", true);
    announce_network_messages(*this);
  }
};

/// An actor system, and the actors of one test, which end with it.
class stage {
public:
  stage() { spdlog::set_level(spdlog::level::off); }
  ~stage() { end_all(); }
  stage(const stage&) = delete;
  stage& operator=(const stage&) = delete;

  /// Spawns and lets it run its first turn.
  template <class F, class... Ts>
  auto spawn(F f, Ts&&... xs) {
    auto handle = system.spawn(f, std::forward<Ts>(xs)...);
    own(handle);
    run();
    return handle;
  }
  template <class Handle>
  void own(const Handle& handle) {
    owned_.push_back(caf::actor_cast<caf::actor>(handle));
  }
  void run() { scheduler().run(); }
  /// One turn of one actor; false when nobody has anything to do.
  bool step() { return scheduler().try_run_once(); }
  void advance(std::chrono::milliseconds time) {
    scheduler().advance_time(time);
    run();
  }
  void end_all() {
    for (auto& a : owned_)
      caf::anon_send_exit(a, caf::exit_reason::kill);
    owned_.clear();
    run();
  }

private:
  caf::scheduler::test_coordinator& scheduler() {
    return dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }

  stage_config config_;

public:
  caf::actor_system system{config_};

private:
  std::vector<caf::actor> owned_;
};

/// Records what it is sent, at the moment it is sent, and answers only when told to.
class probe {
public:
  struct received {
    caf::message content;
    caf::strong_actor_ptr sender;
    caf::message_id id;

    template <class T>
    bool is() const {
      return content.size() > 0 && content.match_element<T>(0);
    }
    template <class T>
    const T& as() const {
      return content.get_as<T>(0);
    }
  };

  explicit probe(stage& s) : handle_(s.system.spawn<caf::actor_companion, caf::hidden>()) {
    companion().on_enqueue([log = log_](caf::mailbox_element_ptr p) {
      log->push_back({p->move_content_to_message(), p->sender, p->mid});
    });
  }
  /// What it was sent may hold actors that hold this probe: together they would stay for ever.
  ~probe() {
    companion().on_enqueue([](const caf::mailbox_element_ptr&) {});
    log_->clear();
  }
  probe(const probe&) = delete;
  probe& operator=(const probe&) = delete;

  template <class Handle>
  Handle as() const {
    return caf::actor_cast<Handle>(handle_);
  }
  caf::strong_actor_ptr pointer() const { return caf::actor_cast<caf::strong_actor_ptr>(handle_); }

  /// Sends in this probe's name; answers come back to it as messages.
  template <class Handle, class... Ts>
  void tell(const Handle& to, Ts... xs) const {
    caf::actor_cast<caf::actor>(to)->enqueue(pointer(), caf::make_message_id(),
                                             caf::make_message(std::move(xs)...), nullptr);
  }
  template <class... Ts>
  void reply(const received& r, Ts... xs) const {
    caf::actor_cast<caf::actor>(r.sender)->enqueue(pointer(), r.id.response_id(),
                                                   caf::make_message(std::move(xs)...), nullptr);
  }

  std::vector<received>& log() const { return *log_; }
  void clear() const { log_->clear(); }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> out;
    for (auto& r : *log_)
      if (r.is<T>()) out.push_back(r.as<T>());
    return out;
  }
  template <class T>
  std::size_t count() const {
    std::size_t n = 0;
    for (auto& r : *log_)
      n += r.is<T>();
    return n;
  }
  /// Those of one type, which are then forgotten.
  template <class T>
  std::vector<T> take() const {
    auto out = all<T>();
    std::erase_if(*log_, [](auto& r) { return r.template is<T>(); });
    return out;
  }
  /// The newest of a type. Fails the test when there is none.
  template <class T>
  T last() const {
    auto found = all<T>();
    if (found.empty()) {
      ADD_FAILURE() << "no such message among " << log_->size();
      return T{};
    }
    return found.back();
  }

private:
  caf::actor_companion& companion() const {
    return *static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(handle_));
  }

  std::shared_ptr<std::vector<received>> log_ = std::make_shared<std::vector<received>>();
  caf::actor handle_;
};

inline tick at_ms(std::int64_t ms) {
  return {ms};
}

} // namespace troupe::test
