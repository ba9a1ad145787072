#pragma once

// The actors of all nodes under CAF's deterministic scheduler. Which actor that has something to do takes the
// next turn is chosen by the seed, so every interleaving of actors that a real node could show can come. A
// turn is one message.

#include "messages/type_ids.hpp"
#include "tests/sim/calendar.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/trace.hpp"

#include <caf/actor_companion.hpp>
#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::simulation {

enum class part : std::uint8_t {
  outside, ///< belongs to CAF
  supervisor,
  storage,
  log_reader,
  wal_writer,
  snapshotter,
  raft,
  formation,
  link,
  worker,
  embedder,
  indexer,
  endpoint,
};

struct stage_config : caf::actor_system_config {
  stage_config() {
    set("scheduler.policy", caf::atom("testing"));
    set("logger.inline-output", true);
    announce_network_messages(*this);
  }
};

class stage {
public:
  static constexpr unsigned nobody = ~0u;

  /// An actor: whose it is, and from when on it may go on. A disk that is slow, or a process that is, holds
  /// its actors back.
  struct player {
    unsigned owner = nobody;
    part what = part::outside;
    std::int64_t not_before = 0;
  };

  stage(dice& random, calendar& time, trace& log) : random_(random), time_(time), log_(log) {}
  ~stage() { run_all(); }
  stage(const stage&) = delete;

  template <class F, class... Ts>
  auto spawn(unsigned owner, part what, F f, Ts&&... xs) {
    auto handle = system.spawn(f, std::forward<Ts>(xs)...);
    enter(handle.id(), owner, what);
    return handle;
  }
  using look = std::function<void(const caf::type_erased_tuple&)>;
  /// Every message to it is shown, on the sender's turn, and then goes on to `to`, from the same sender, or
  /// as if from `answers`.
  template <class Handle>
  Handle tap(const Handle& to, look shown, caf::strong_actor_ptr answers = nullptr) {
    auto forward = [=, real = caf::actor_cast<caf::actor>(to)](caf::mailbox_element_ptr p) {
      shown(p->content());
      if (answers) p->sender = answers;
      real->enqueue(std::move(p), nullptr);
    };
    return caf::actor_cast<Handle>(companion(std::move(forward)));
  }
  /// The same for somebody who is only known when the message comes; null: the message is dropped.
  caf::strong_actor_ptr tap_later(std::function<caf::actor()> to, look shown) {
    auto forward = [=](caf::mailbox_element_ptr p) {
      auto real = to();
      if (!real) return;
      shown(p->content());
      real->enqueue(std::move(p), nullptr);
    };
    return caf::actor_cast<caf::strong_actor_ptr>(companion(std::move(forward)));
  }
  /// Stands for somebody outside: what it is sent is given to `take` at once.
  caf::actor listener(std::function<void(caf::message)> take) {
    return companion(
        [take = std::move(take)](caf::mailbox_element_ptr p) { take(p->move_content_to_message()); });
  }

  /// Turns until nobody can take one now. False: they do not come to rest.
  bool run();
  /// Turns of one owner's actors only, whatever holds them back.
  void run_owner(unsigned owner);
  /// One turn of this very actor, which has something to do.
  void run_first(const caf::actor& who);
  void advance(std::int64_t ms) { scheduler().advance_time(std::chrono::milliseconds(ms)); }

  /// A process that is stopped takes no turns.
  void pause(unsigned owner, bool paused);
  bool is_paused(unsigned owner) const { return owner < paused_.size() && paused_[owner]; }
  /// Nobody of this owner with this part goes on before `time`.
  void hold(unsigned owner, part what, std::int64_t time);

  /// Called after each turn; may hold the player back.
  std::function<void(player&)> turn_ended = [](player&) {};
  /// True: run() returns at once.
  std::function<bool()> interrupted = [] { return false; };
  std::uint64_t turns() const { return turns_; }

private:
  caf::scheduler::test_coordinator& scheduler() {
    return static_cast<caf::scheduler::test_coordinator&>(system.scheduler());
  }
  caf::actor companion(std::function<void(caf::mailbox_element_ptr)> take) {
    auto made = system.spawn<caf::actor_companion, caf::hidden>();
    static_cast<caf::actor_companion*>(caf::actor_cast<caf::abstract_actor*>(made))
        ->on_enqueue(std::move(take));
    return made;
  }
  void enter(caf::actor_id id, unsigned owner, part what);
  player& player_of(caf::resumable* job);
  bool may_go(const player& p) const {
    return p.owner == nobody || (!is_paused(p.owner) && p.not_before <= time_.now());
  }
  /// The place of a job that may go on, chosen evenly; jobs.size() when there is none.
  std::size_t choose();
  void take_turn(std::size_t place);
  void run_all();

  dice& random_;
  calendar& time_;
  trace& log_;
  std::vector<player> players_; ///< by actor id
  std::vector<bool> paused_;
  std::uint64_t turns_ = 0;
  stage_config config_;

public:
  caf::actor_system system{config_};
};

} // namespace troupe::simulation
