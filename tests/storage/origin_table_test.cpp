// Proposals are applied once, however often they are proposed (Raft dissertation §6.3).

#include "command/codec.hpp"
#include "command/limits.hpp"
#include "storage/origin_table.hpp"
#include "storage/snapshot_loader.hpp"
#include "storage/state_machine.hpp"

#include <gtest/gtest.h>

namespace troupe::storage {

namespace {

constexpr std::uint64_t window = limits::origin_window;

origin from(std::uint64_t who, std::uint64_t number) {
  return {incarnation_t{who}, number};
}

TEST(origin_table, applies_a_proposal_once_in_any_order) {
  origin_table t;
  EXPECT_EQ(t.note(from(7, 2), 0), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(7, 1), 0), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(7, 2), 0), origin_verdict::repeated);
  EXPECT_EQ(t.note(from(7, 1), 0), origin_verdict::repeated);
  EXPECT_EQ(t.note(from(8, 1), 0), origin_verdict::fresh) << "another process has numbers of its own";
}

TEST(origin_table, refuses_what_it_no_longer_knows) {
  origin_table t;
  EXPECT_EQ(t.note(from(7, window + 1), 0), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(7, 2), 0), origin_verdict::fresh) << "the oldest number in the window";
  EXPECT_EQ(t.note(from(7, 1), 0), origin_verdict::forgotten);
}

TEST(origin_table, takes_no_bit_of_the_round_before) {
  origin_table t;
  for (std::uint64_t n = 1; n <= 64; ++n)
    ASSERT_EQ(t.note(from(7, n), 0), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(7, window + 10), 0), origin_verdict::fresh);
  for (std::uint64_t n = 11; n <= 64; ++n)
    ASSERT_EQ(t.note(from(7, n), 0), origin_verdict::repeated) << n;
  for (std::uint64_t n = 1; n < 10; ++n)
    ASSERT_EQ(t.note(from(7, window + n), 0), origin_verdict::fresh) << n;
  EXPECT_EQ(t.note(from(7, 5 * window), 0), origin_verdict::fresh);
  for (std::uint64_t n = 4 * window + 1; n < 4 * window + 100; ++n)
    ASSERT_EQ(t.note(from(7, n), 0), origin_verdict::fresh) << n;
}

TEST(origin_table, is_bounded_and_forgets_processes_that_are_gone) {
  origin_table t;
  for (std::uint64_t who = 1; who <= limits::origins_max; ++who)
    ASSERT_EQ(t.note(from(who, 1), 1'000), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(9'999, 1), 1'000), origin_verdict::full);
  EXPECT_EQ(t.note(from(1, 2), 2'000), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(9'999, 1), 1'000 + limits::session_idle_ms), origin_verdict::fresh);
  EXPECT_EQ(t.windows().size(), 2u) << "the one used since, and the new one";
}

TEST(origin_table, keeps_a_process_that_was_cut_off_while_there_is_room) {
  origin_table t;
  EXPECT_EQ(t.note(from(7, 1), 0), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(8, 1), 10 * limits::session_idle_ms), origin_verdict::fresh);
  EXPECT_EQ(t.note(from(7, 1), 10 * limits::session_idle_ms), origin_verdict::repeated);
}

TEST(origin_table, comes_back_from_a_snapshot_as_it_was) {
  origin_table t;
  t.note(from(7, 3), 10);
  t.note(from(7, 1), 20);
  origin_table restored;
  for (auto& [who, w] : t.windows())
    ASSERT_TRUE(restored.load(who, w, 20));
  EXPECT_EQ(restored.note(from(7, 3), 20), origin_verdict::repeated);
  EXPECT_EQ(restored.note(from(7, 2), 20), origin_verdict::fresh);

  auto w = t.windows().at(incarnation_t{7});
  EXPECT_FALSE(restored.load(incarnation_t{7}, w, 20)) << "twice";
  EXPECT_FALSE(restored.load(incarnation_t{9}, w, 19)) << "used in the future";
  w.bits.pop_back();
  EXPECT_FALSE(restored.load(incarnation_t{9}, w, 20)) << "a window of another size";
}

entry put_entry(std::uint64_t index, origin who, std::string value) {
  command c;
  transaction t;
  t.success.emplace_back(put_operation{"key", blob{value}, media_type::text});
  c.body = std::move(t);
  return {term_t{1}, index_t{index}, entry_kind::command, 1'000, who, encode_command(c)};
}

TEST(origin_table, keeps_the_state_from_applying_a_proposal_again_also_after_a_snapshot) {
  state_machine m;
  EXPECT_EQ(m.apply(put_entry(1, from(7, 1), "first")).code, outcome::applied);
  EXPECT_EQ(m.apply(put_entry(2, from(7, 2), "second")).code, outcome::applied);
  EXPECT_EQ(m.apply(put_entry(3, from(7, 1), "first")).code, outcome::repeated);
  EXPECT_EQ(m.revision(), revision_t{2});

  auto p = m.try_pin(0);
  snapshot_loader loader{p->meta()};
  while (!p->done())
    ASSERT_TRUE(loader.add(p->next_chunk()));
  auto restored = loader.finish();
  ASSERT_TRUE(restored);
  EXPECT_EQ(restored->digest(), m.digest());
  EXPECT_EQ(restored->apply(put_entry(4, from(7, 2), "second")).code, outcome::repeated);
  EXPECT_EQ(restored->revision(), revision_t{2});
}

} // namespace

} // namespace troupe::storage
