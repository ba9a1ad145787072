// An exchange against the real state machine, through a network that loses, delays and doubles, and nodes
// that refuse. Whatever happens: no write is applied twice, and what a call is told is true for ever.

#include "tests/client/talk.hpp"
#include "tests/storage/state_driver.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace troupe::client::testing {

namespace {

class world {
public:
  explicit world(std::uint64_t seed) : random_(seed) {}

  void run() {
    for (int step = 0; step < 400; ++step) {
      t_.now += roll(40);
      cluster_.time_ms += 20;
      // A new leader's clock may be far ahead: sessions expire.
      if (chance(200)) cluster_.time_ms += limits::session_idle_ms;
      change_links();
      if (chance(2)) submit();
      t_.x.expire(t_.now);
      for (auto& r : t_.x.take_requests(t_.now))
        arrive(std::move(r));
      deliver(2);
      t_.collect();
    }
    t_.after(10'000);
    t_.after(10'000);
    deliver(INT_MAX);
    check();
  }

  std::size_t count(bool (*matches)(const call_result&)) const {
    return static_cast<std::size_t>(
        std::count_if(t_.results.begin(), t_.results.end(), [&](auto& r) { return matches(r.second); }));
  }

private:
  /// A copy of a command on its way into the log, and who waits for its answer.
  struct copy {
    blob command;
    std::uint64_t request;
    exchange::link_id link;
    bool answered; ///< the node has answered for it already, or its link is lost
  };

  std::int64_t roll(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  bool chance(std::int64_t one_in) { return roll(one_in) == 0; }

  void change_links() {
    if (t_.x.link() && chance(15)) {
      for (auto& c : copies_)
        c.answered = c.answered || c.link == t_.x.link();
      t_.x.link_down(t_.x.link(), "lost by the test");
    }
    // Sometimes a better node while the one before still answers.
    if (t_.x.link() ? chance(30) : chance(3)) t_.x.link_up(++links_, t_.now);
  }

  void submit() {
    const auto key = "k" + std::to_string(keys_.size());
    keys_.emplace(t_.submit(put_of(key), static_cast<std::uint32_t>(100 + roll(1'500))), key);
  }

  /// What a node does with a write: refuses, takes it, takes it twice, or takes it and calls it unknown.
  void arrive(request r) {
    auto& write = std::get<write_request>(r.body);
    const auto link = t_.x.link();
    const auto fate = roll(10);
    if (fate == 0) return t_.refuse(r.id, refusal_kind::no_leader, 5);
    if (fate == 1) return t_.refuse(r.id, refusal_kind::overloaded, 5);
    copies_.push_back({write.command, r.id, link, false});
    if (fate == 2) copies_.push_back({write.command, r.id, link, true});
    if (fate == 3) {
      copies_.back().answered = true;
      t_.refuse(r.id, refusal_kind::outcome_unknown);
    }
  }

  /// Applies copies in any order; their answers may be lost.
  void deliver(int most) {
    while (!copies_.empty() && most-- > 0) {
      const auto place = copies_.begin() + roll(static_cast<std::int64_t>(copies_.size()));
      auto taken = *place;
      copies_.erase(place);
      auto result = cluster_.m.apply(cluster_.next(entry_kind::command, taken.command));
      if (!taken.answered && !chance(10)) t_.answer_to(taken.request, std::move(result));
    }
  }

  void check() {
    for (auto& [id, key] : keys_) {
      const auto found = cluster_.m.run(get_query{key, std::nullopt});
      const auto times = found.items.empty() ? 0 : found.items.front().version;
      ASSERT_LE(times, 1U) << key << " was applied twice";
      ASSERT_EQ(t_.results.count(id), 1U) << key << " has no result";
      const auto* failed = std::get_if<failure>(&t_.results.at(id));
      if (!failed) {
        EXPECT_EQ(times, 1U) << key << " was confirmed and is not there";
      } else if (failed->kind != failure_kind::outcome_unknown) {
        EXPECT_EQ(times, 0U) << key << " is there although it was " << to_string(failed->kind);
      }
    }
  }

  std::mt19937_64 random_;
  talk t_;
  storage::testing::driver cluster_;
  exchange::link_id links_ = 0;
  std::map<exchange::call_id, std::string> keys_;
  std::vector<copy> copies_;
};

TEST(exchange_world, no_write_is_applied_twice_and_no_answer_is_false) {
  const auto first = storage::testing::test_seed();
  std::size_t applied = 0;
  std::size_t unknown = 0;
  std::size_t unavailable = 0;
  for (std::uint64_t seed = first; seed < first + 200 && !HasFailure(); ++seed) {
    SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed));
    world w(seed);
    w.run();
    applied += w.count([](const call_result& r) { return std::holds_alternative<command_result>(r); });
    unknown += w.count([](const call_result& r) {
      auto* f = std::get_if<failure>(&r);
      return f && f->kind == failure_kind::outcome_unknown;
    });
    unavailable += w.count([](const call_result& r) {
      auto* f = std::get_if<failure>(&r);
      return f && f->kind == failure_kind::unavailable;
    });
  }
  std::cout << applied << " applied, " << unknown << " unknown, " << unavailable << " unavailable\n";
  // A test in which one of these never happens tests less than it says.
  EXPECT_GT(applied, 0U);
  EXPECT_GT(unknown, 0U);
  EXPECT_GT(unavailable, 0U);
}

} // namespace

} // namespace troupe::client::testing
