// At most once: sessions, idempotency keys, their bounds and their ends.

#include "command/limits.hpp"
#include "storage/idempotency_table.hpp"
#include "storage/state_machine_memory.hpp"
#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

session_id open(driver& d) {
  auto r = d.apply({{}, {}, open_session{}});
  EXPECT_EQ(r.code, outcome::applied);
  EXPECT_EQ(r.session.value, d.m.applied().value);
  return r.session;
}

command stamped(command c, session_id session, std::uint64_t sequence, std::uint64_t lowest = 1) {
  c.session = session_stamp{session, sequence_t{sequence}, sequence_t{lowest}};
  return c;
}

command keyed(command c, std::string key, std::uint64_t fingerprint = 7) {
  c.idempotency = idempotency_stamp{std::move(key), fingerprint, ~fingerprint};
  return c;
}

/// Every test runs on one machine throughout, and on one that is replaced by its own snapshot before each
/// command.
class at_most_once : public ::testing::TestWithParam<bool> {
protected:
  command_result apply(const command& c) {
    if (GetParam()) {
      auto digest = d.m.digest();
      auto copy = copy_of(d.m, 100);
      EXPECT_TRUE(copy) << copy.error().detail;
      d.m = std::move(*copy);
      EXPECT_EQ(d.m.digest(), digest);
    }
    return d.apply(c);
  }
  driver d;
};
INSTANTIATE_TEST_SUITE_P(snapshots, at_most_once, ::testing::Bool());

TEST_P(at_most_once, a_repeated_sequence_number_gets_the_first_answer) {
  auto s = open(d);
  auto counting = command_of({{{"k", compare_target::exists, compare_op::equal, {}, 0}},
                              {put_of("k", "first"), get_operation{"k"}},
                              {put_of("k", "second")}});
  auto first = apply(stamped(counting, s, 1));
  EXPECT_TRUE(first.succeeded);
  EXPECT_EQ(first.revision.value, 1u);
  auto again = apply(stamped(counting, s, 1));
  EXPECT_TRUE(again.replayed);
  again.replayed = false;
  EXPECT_EQ(again, first);
  EXPECT_EQ(d.get("k"), "first");
  EXPECT_FALSE(apply(stamped(counting, s, 2)).succeeded);
  EXPECT_EQ(d.m.revision().value, 2u);
}

TEST_P(at_most_once, numbers_may_arrive_in_any_order) {
  auto s = open(d);
  for (std::uint64_t n : {5, 2, 9, 1, 3})
    EXPECT_FALSE(apply(stamped(putting("k", "v"), s, n)).replayed);
  for (std::uint64_t n : {1, 2, 3, 5, 9})
    EXPECT_TRUE(apply(stamped(putting("k", "v"), s, n)).replayed);
  EXPECT_FALSE(apply(stamped(putting("k", "v"), s, 4)).replayed);
  EXPECT_EQ(d.m.revision().value, 6u);
}

TEST_P(at_most_once, what_is_no_longer_outstanding_is_forgotten) {
  auto s = open(d);
  for (std::uint64_t n = 1; n <= 5; ++n)
    apply(stamped(putting("k", "v"), s, n));
  apply(stamped(putting("k", "v"), s, 6, 4));
  for (std::uint64_t n = 1; n <= 3; ++n)
    EXPECT_EQ(apply(stamped(putting("k", "v"), s, n)).code, outcome::sequence_forgotten);
  EXPECT_TRUE(apply(stamped(putting("k", "v"), s, 4)).replayed);
  // The mark does not go back, and a number below its own mark is none.
  EXPECT_EQ(apply(stamped(putting("k", "v"), s, 2, 1)).code, outcome::sequence_forgotten);
  EXPECT_EQ(apply(stamped(putting("k", "v"), s, 7, 8)).code, outcome::sequence_forgotten);
  EXPECT_EQ(apply(stamped(putting("k", "v"), s, 0, 0)).code, outcome::sequence_forgotten);
  EXPECT_EQ(d.m.revision().value, 6u);
}

TEST_P(at_most_once, outstanding_numbers_are_bounded) {
  auto s = open(d);
  auto far = limits::session_results_max;
  EXPECT_EQ(apply(stamped(putting("k", "v"), s, far + 1)).code, outcome::too_many_outstanding);
  EXPECT_EQ(apply(stamped(putting("k", "v"), s, far)).code, outcome::applied);
  EXPECT_EQ(apply(stamped(putting("k", "v"), s, far + 1, 2)).code, outcome::applied);
}

TEST_P(at_most_once, unknown_and_closed_sessions_are_refused) {
  EXPECT_EQ(apply(stamped(putting("k", "v"), session_id{1}, 1)).code, outcome::session_unknown);
  auto s = open(d);
  EXPECT_EQ(apply({{}, {}, close_session{s}}).code, outcome::applied);
  EXPECT_EQ(apply({{}, {}, close_session{s}}).code, outcome::session_unknown);
  EXPECT_EQ(apply(stamped(putting("k", "v"), s, 1)).code, outcome::session_unknown);
  auto own = open(d);
  EXPECT_EQ(apply(stamped({{}, {}, close_session{own}}, own, 1)).code, outcome::applied);
  EXPECT_EQ(apply(stamped({{}, {}, close_session{own}}, own, 1)).code, outcome::session_unknown);
  EXPECT_EQ(d.m.sessions(), 0u);
  EXPECT_EQ(d.m.revision().value, 0u);
}

TEST_P(at_most_once, sessions_expire_by_the_time_in_the_log) {
  auto idle = open(d);
  auto busy = open(d);
  d.time_ms += limits::session_idle_ms - 1;
  EXPECT_EQ(apply(stamped(putting("k", "v"), busy, 1)).code, outcome::applied);
  // A clock that goes back (a new leader's) ages nobody and saves nobody.
  d.time_ms += 1;
  EXPECT_EQ(apply(stamped(putting("k", "v"), idle, 1)).code, outcome::session_unknown);
  d.time_ms -= 1'000'000;
  EXPECT_EQ(apply(stamped(putting("k", "v"), idle, 1)).code, outcome::session_unknown);
  EXPECT_EQ(apply(stamped(putting("k", "v"), busy, 2)).code, outcome::applied);
  // Other entries carry time as well.
  d.time_ms += 1'000'000 + limits::session_idle_ms;
  d.m.apply(d.next(entry_kind::noop, {}));
  EXPECT_EQ(d.m.sessions(), 0u);
}

TEST_P(at_most_once, an_idempotency_key_is_used_once) {
  auto first = apply(keyed(putting("k", "v"), "key-1"));
  EXPECT_EQ(first.code, outcome::applied);
  auto again = apply(keyed(putting("k", "v"), "key-1"));
  EXPECT_TRUE(again.replayed);
  again.replayed = false;
  EXPECT_EQ(again, first);
  EXPECT_EQ(apply(keyed(putting("k", "other"), "key-1", 8)).code, outcome::idempotency_conflict);
  EXPECT_EQ(apply(keyed(putting("k", "v"), "key-2")).revision.value, 2u);
  EXPECT_EQ(d.m.idempotency_keys(), 2u);
}

TEST_P(at_most_once, an_idempotency_key_is_remembered_for_the_window) {
  apply(keyed(putting("k", "v"), "key"));
  d.time_ms += limits::idempotency_window_ms - 1;
  EXPECT_TRUE(apply(keyed(putting("k", "v"), "key")).replayed);
  d.time_ms += 1;
  EXPECT_FALSE(apply(keyed(putting("k", "w"), "key", 9)).replayed);
  EXPECT_TRUE(apply(keyed(putting("k", "w"), "key", 9)).replayed);
  EXPECT_EQ(d.m.idempotency_keys(), 1u);
  EXPECT_EQ(d.get("k"), "w");
}

TEST_P(at_most_once, a_refused_command_does_not_use_up_its_idempotency_key) {
  EXPECT_EQ(apply(keyed({{}, {}, close_session{session_id{99}}}, "key")).code, outcome::session_unknown);
  EXPECT_EQ(apply(keyed({{}, {}, open_session{}}, "key")).code, outcome::applied);
}

TEST_P(at_most_once, both_stamps_work_together) {
  auto s = open(d);
  auto c = keyed(putting("k", "v"), "key");
  EXPECT_FALSE(apply(stamped(c, s, 1)).replayed);
  // Forwarded again by a gateway, and sent again by its client through another gateway.
  EXPECT_TRUE(apply(stamped(c, s, 1)).replayed);
  EXPECT_TRUE(apply(stamped(c, open(d), 1)).replayed);
  // A refusal is the answer to its number as well.
  auto conflict = keyed(putting("k", "other"), "key", 1);
  EXPECT_EQ(apply(stamped(conflict, s, 2)).code, outcome::idempotency_conflict);
  d.time_ms += limits::session_idle_ms - 1;
  apply(stamped(putting("x", "y"), s, 3));
  d.time_ms += 2;
  EXPECT_EQ(apply(stamped(conflict, s, 2)).code, outcome::idempotency_conflict);
  EXPECT_EQ(d.get("k"), "v");
}

TEST_P(at_most_once, large_answers_are_remembered_without_their_results) {
  auto s = open(d);
  apply(putting("big", std::string(limits::remembered_result_bytes_max, 'v')));
  auto c = command_of({{}, {get_operation{"big"}, put_of("k", "v")}, {}});
  auto first = apply(keyed(stamped(c, s, 1), "key"));
  EXPECT_FALSE(first.truncated);
  EXPECT_EQ(first.results.size(), 2u);
  for (auto& repeat : {stamped(c, s, 1), keyed(c, "key")}) {
    auto again = apply(repeat);
    EXPECT_TRUE(again.replayed && again.truncated && again.succeeded && again.results.empty());
    EXPECT_EQ(again.revision, first.revision);
  }
}

TEST(at_most_once_budget, small_answers_are_remembered_whole_when_nothing_is_left) {
  command_result put;
  put.succeeded = true;
  put.revision = revision_t{7};
  put.results = {put_result{true}};
  for (std::size_t left : {0, 10, 1'000}) {
    auto again = recall(remember(put, left));
    EXPECT_FALSE(again.truncated) << left;
    ASSERT_EQ(again.results.size(), 1u) << left;
    EXPECT_TRUE(std::get<put_result>(again.results.front()).created);
  }
  command_result many = put;
  many.results.assign(100, delete_result{true});
  EXPECT_EQ(recall(remember(many, 1'000)).results.size(), 100u);
  auto without = recall(remember(many, 100));
  EXPECT_TRUE(without.truncated && without.succeeded && without.results.empty());
  EXPECT_EQ(without.revision, revision_t{7});
}

TEST(at_most_once_pins, see_sessions_and_keys_as_they_were) {
  driver d;
  std::vector<session_id> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(open(d));
  std::uint64_t sequence = 0;
  auto use_everything = [&] {
    ++sequence;
    for (auto s : all) {
      auto key = std::to_string(s.value) + "/" + std::to_string(sequence);
      auto lowest = sequence > 3 ? sequence - 3 : 1;
      EXPECT_EQ(d.apply(keyed(stamped(putting("k", "v"), s, sequence, lowest), key)).code, outcome::applied);
    }
  };
  for (int i = 0; i < 60; ++i)
    use_everything();
  auto digest = d.m.digest();
  auto held = *d.m.try_pin(0);
  std::vector<std::string> chunks;
  while (!held.done()) {
    chunks.push_back(held.next_chunk(500));
    if (chunks.size() < 50) use_everything();
    if (chunks.size() == 60) {
      d.apply({{}, {}, close_session{all[0]}});
      d.time_ms += limits::session_idle_ms + limits::idempotency_window_ms;
      d.m.apply(d.next(entry_kind::noop, {}));
      while (d.m.compact_some(100)) {
      }
    }
  }
  EXPECT_GT(chunks.size(), 60u);
  EXPECT_EQ(d.m.sessions() + d.m.idempotency_keys(), 0u);
  auto restored = restore(held.meta(), chunks);
  ASSERT_TRUE(restored) << restored.error().detail;
  EXPECT_EQ(restored->digest(), digest);
  EXPECT_EQ(restored->sessions(), 20u);
  EXPECT_EQ(restored->idempotency_keys(), 1'200u);
}

TEST(at_most_once_bounds, sessions) {
  driver d;
  auto first = open(d);
  d.time_ms += 1;
  for (std::size_t i = 1; i < limits::sessions_max; ++i)
    open(d);
  EXPECT_EQ(d.apply({{}, {}, open_session{}}).code, outcome::sessions_full);
  EXPECT_EQ(d.m.sessions(), limits::sessions_max);
  auto copy = copy_of(d.m);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->sessions(), limits::sessions_max);
  d.time_ms += limits::session_idle_ms - 1;
  auto next = open(d);
  EXPECT_EQ(d.apply(stamped(putting("k", "v"), first, 1)).code, outcome::session_unknown);
  d.time_ms += 1;
  EXPECT_EQ(d.apply(stamped(putting("k", "v"), next, 1)).code, outcome::applied);
  EXPECT_EQ(d.m.sessions(), 1u);
  while (d.m.compact_some(1)) {
  }
}

TEST(at_most_once_bounds, idempotency_keys) {
  constexpr std::size_t keys_max = 5'000;
  idempotency_table table{keys_max};
  std::int64_t now = 1'000'000;
  auto use = [&](std::size_t n) {
    idempotency_stamp stamp{std::to_string(n), n, n};
    table.expire(now);
    auto admitted = table.admit(stamp);
    if (admitted.code == outcome::applied && !admitted.replay) table.remember_result(stamp, {}, now);
    return admitted;
  };
  for (std::size_t i = 0; i < keys_max; ++i) {
    if (i == 1'000) now += 5;
    ASSERT_FALSE(use(i).replay);
  }
  EXPECT_EQ(use(keys_max).code, outcome::idempotency_full);
  EXPECT_TRUE(use(500).replay);
  auto held = table.capture();
  now += limits::idempotency_window_ms - 5;
  EXPECT_EQ(use(keys_max).code, outcome::applied);
  EXPECT_EQ(table.size(), keys_max - 999);
  EXPECT_TRUE(use(1'000).replay);
  now += 5;
  EXPECT_FALSE(use(0).replay);
  EXPECT_EQ(table.size(), 2u);
  while (table.free_some(7)) {
  }
  EXPECT_TRUE(use(0).replay);
  EXPECT_TRUE(use(keys_max).replay);
  // What was captured has not changed.
  ASSERT_EQ(held.count, keys_max);
  for (std::size_t i = 0; i < held.count; ++i) {
    auto& segment = *held.segments.at((held.first + i) / idempotency_segment::entries_max);
    ASSERT_EQ(segment.entries.at((held.first + i) % idempotency_segment::entries_max).fingerprint_low, i);
  }
}

TEST(at_most_once_bounds, expired_keys_do_not_pile_up_unfreed) {
  // Nobody calls free_some; new keys alone must work the backlog off.
  idempotency_table table{1'000};
  std::int64_t now = 0;
  for (std::size_t round = 0; round < 50; ++round) {
    table.expire(now);
    for (std::size_t i = 0; i < 1'000; ++i) {
      idempotency_stamp stamp{std::to_string(i), round, i};
      ASSERT_FALSE(table.admit(stamp).replay);
      table.remember_result(stamp, {}, now);
    }
    ASSERT_EQ(table.size(), 1'000u);
    ASSERT_LE(table.capture().segments.size(), 2u);
    now += limits::idempotency_window_ms;
  }
  table.expire(now);
  EXPECT_EQ(table.size(), 0u);
  EXPECT_TRUE(table.free_some(10));
  EXPECT_FALSE(table.free_some(1'100));
}

} // namespace
} // namespace troupe::storage::testing
