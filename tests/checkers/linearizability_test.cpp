#include "tests/checkers/support.hpp"

namespace troupe::checkers {
namespace {

void good(const history& h) {
  expect_ok(check_linearizability(h), h);
}

void bad(const history& h) {
  expect_violation(check_linearizability(h), h, "linearizability");
}

TEST(registers, empty_history_is_fine) {
  good(begin());
}

TEST(registers, sequence_is_as_it_was_told) {
  good(begin()
           .ok(0, 1, make_get("k", std::nullopt))
           .ok(2, 3, make_put("k", "a"))
           .ok(4, 5, make_get("k", "a"))
           .ok(6, 7, make_cas("k", "a", "b"))
           .ok(8, 9, make_cas("k", "a", "c", false))
           .ok(10, 11, make_erase("k"))
           .ok(12, 13, make_erase("k", false))
           .ok(14, 15, make_get("k", std::nullopt)));
}

TEST(registers, stale_read) {
  bad(begin().ok(0, 1, make_put("k", "a")).ok(2, 3, make_put("k", "b")).ok(4, 5, make_get("k", "a")));
}

TEST(registers, overlapping_read_may_see_either_value) {
  const auto writes = begin().ok(0, 1, make_put("k", "a")).ok(2, 10, make_put("k", "b"));
  good(history_builder(writes).ok(3, 4, make_get("k", "a")));
  good(history_builder(writes).ok(3, 4, make_get("k", "b")));
}

TEST(registers, value_does_not_go_back) {
  bad(begin()
          .ok(0, 1, make_put("k", "a"))
          .ok(2, 10, make_put("k", "b"))
          .ok(3, 4, make_get("k", "b"))
          .ok(5, 6, make_get("k", "a")));
}

TEST(registers, equal_times_overlap) {
  good(begin().ok(0, 5, make_put("k", "a")).ok(5, 6, make_get("k", std::nullopt)));
  bad(begin().ok(0, 5, make_put("k", "a")).ok(6, 7, make_get("k", std::nullopt)));
}

TEST(registers, read_of_a_value_that_nobody_wrote) {
  bad(begin().ok(0, 1, make_put("k", "a")).ok(2, 3, make_get("k", "z")));
}

TEST(registers, failed_write_is_never_seen) {
  bad(begin().failed(0, 1, make_put("k", "a")).ok(2, 3, make_get("k", "a")));
  good(begin().failed(0, 1, make_put("k", "a")).ok(2, 3, make_get("k", std::nullopt)));
}

TEST(registers, unknown_write_may_come_late_or_never) {
  const auto writes = begin().unknown(0, make_put("k", "a")).ok(2, 3, make_put("k", "b"));
  good(history_builder(writes).ok(4, 5, make_get("k", "b")));
  good(history_builder(writes).ok(4, 5, make_get("k", "b")).ok(6, 7, make_get("k", "a")));
}

TEST(registers, unknown_write_takes_effect_once) {
  bad(begin()
          .unknown(0, make_put("k", "a"))
          .ok(1, 2, make_get("k", "a"))
          .ok(3, 4, make_put("k", "b"))
          .ok(5, 6, make_get("k", "b"))
          .ok(7, 8, make_get("k", "a")));
}

TEST(registers, unknown_write_is_not_seen_before_its_call) {
  bad(begin().ok(0, 1, make_get("k", "a")).unknown(5, make_put("k", "a")));
}

TEST(registers, two_compare_and_sets_cannot_both_win) {
  const auto start = begin().ok(0, 1, make_put("k", "a"));
  bad(history_builder(start).ok(2, 9, make_cas("k", "a", "b")).ok(2, 9, make_cas("k", "a", "c")));
  good(history_builder(start).ok(2, 9, make_cas("k", "a", "b")).ok(2, 9, make_cas("k", "b", "c")));
  good(history_builder(start).ok(2, 9, make_cas("k", "a", "b")).ok(2, 9, make_cas("k", "a", "c", false)));
}

TEST(registers, failed_compare_needs_another_value) {
  bad(begin().ok(0, 1, make_put("k", "a")).ok(2, 3, make_cas("k", "a", "b", false)));
}

TEST(registers, what_nobody_saw_may_explain_a_failed_compare) {
  good(begin()
           .ok(0, 1, make_put("k", "a"))
           .unknown(2, make_put("k", "x"))
           .ok(3, 4, make_cas("k", "a", "b", false)));
}

TEST(registers, unknown_erase_may_explain_an_absence) {
  good(
      begin().ok(0, 1, make_put("k", "a")).unknown(2, make_erase("k")).ok(3, 4, make_get("k", std::nullopt)));
  bad(begin()
          .ok(0, 1, make_put("k", "a"))
          .unknown(2, make_erase("k"))
          .ok(3, 4, make_get("k", std::nullopt))
          .ok(5, 6, make_get("k", "a")));
}

TEST(registers, chain_of_unknown_writes_is_settled_by_who_saw_the_last) {
  const auto chain = begin()
                         .ok(0, 1, make_put("k", "a"))
                         .unknown(2, make_cas("k", "a", "b"))
                         .unknown(3, make_cas("k", "b", "c"))
                         .ok(4, 5, make_get("k", "c"));
  good(chain);
  bad(history_builder(chain).ok(6, 7, make_get("k", "b")));
}

TEST(registers, equal_values_of_two_unknown_writes) {
  good(begin()
           .unknown(0, make_put("k", "a"))
           .unknown(0, make_put("k", "a"))
           .ok(1, 2, make_get("k", "a"))
           .ok(3, 4, make_put("k", "b"))
           .ok(5, 6, make_get("k", "b"))
           .ok(7, 8, make_get("k", "a")));
}

TEST(registers, keys_do_not_disturb_each_other) {
  good(begin().ok(0, 1, make_put("k", "a")).ok(0, 1, make_put("l", "b")).ok(2, 3, make_get("l", "b")));
}

TEST(multi_key, snapshot_sees_one_state) {
  const auto writes = begin()
                          .ok(0, 1, make_txn({}, {{.key = "x", .value = "0"}, {.key = "y", .value = "0"}}))
                          .ok(2, 9, make_txn({}, {{.key = "x", .value = "1"}, {.key = "y", .value = "1"}}));
  good(history_builder(writes).ok(3, 4,
                                  make_snapshot({{.key = "x", .value = "1"}, {.key = "y", .value = "1"}})));
  bad(history_builder(writes).ok(3, 4,
                                 make_snapshot({{.key = "x", .value = "1"}, {.key = "y", .value = "0"}})));
}

TEST(multi_key, strict_serializability_spans_keys) {
  // Each key by itself is in order; both together are not: two snapshots see two writes in opposite orders.
  bad(begin()
          .ok(0, 9, make_put("x", "1"))
          .ok(0, 9, make_put("y", "1"))
          .ok(1, 8, make_snapshot({{.key = "x", .value = "1"}, {.key = "y"}}))
          .ok(1, 8, make_snapshot({{.key = "x"}, {.key = "y", .value = "1"}})));
}

TEST(multi_key, half_applied_unknown_transaction) {
  const auto unknown =
      begin().unknown(0, make_txn({}, {{.key = "x", .value = "1"}, {.key = "y", .value = "1"}}));
  bad(history_builder(unknown).ok(1, 2, make_get("x", "1")).ok(3, 4, make_get("y", std::nullopt)));
  good(history_builder(unknown).ok(1, 2, make_get("x", std::nullopt)).ok(3, 4, make_get("y", "1")));
}

TEST(multi_key, transaction_compares_all) {
  const auto start = begin().ok(0, 1, make_txn({}, {{.key = "x", .value = "0"}, {.key = "y", .value = "0"}}));
  const std::vector<cell> expected{{.key = "x", .value = "0"}, {.key = "y", .value = "1"}};
  bad(history_builder(start).ok(2, 3, make_txn(expected, {{.key = "x", .value = "2"}})));
  good(history_builder(start).ok(2, 3, make_txn(expected, {{.key = "x", .value = "2"}}, false)));
}

TEST(multi_key, final_read_does_not_tie_keys_together) {
  history_builder h;
  for (int i = 0; i < 50; ++i)
    h.unknown(0, make_erase(std::to_string(i)));
  good(h.ok(5, 6, make_final_read("n1", "", {{.key = "1"}, {.key = "2"}, {.key = "3"}})));
}

TEST(witness, names_the_answer_that_nothing_explains) {
  const history h = begin()
                        .ok(0, 1, make_put("k", "a"))
                        .ok(2, 3, make_put("k", "b"))
                        .ok(4, 5, make_get("k", "a"))
                        .ok(6, 7, make_put("k", "c"));
  const auto r = check_linearizability(h);
  ASSERT_EQ(r.findings.size(), 1u);
  EXPECT_EQ(r.findings[0].operations, (std::vector<std::size_t>{0, 1, 2})) << describe(r, h);
  EXPECT_NE(r.findings[0].what.find("'k' = 'b'"), std::string::npos) << r.findings[0].what;
}

TEST(limits, a_search_that_is_cut_short_is_undecided) {
  history_builder h;
  // Every subset of these erasures and rewrites has to be tried before the last read is refuted.
  for (int i = 0; i < 14; ++i)
    h.ok(0, 100, make_put("k", "v" + std::to_string(i)));
  h.ok(200, 201, make_get("k", "z"));
  const auto all = check_linearizability(h);
  EXPECT_EQ(all.result, verdict::violation);
  for (const check_limits& limits : {check_limits{.steps_max = 1000, .states_max = 1'000'000},
                                     check_limits{.steps_max = 1'000'000, .states_max = 100}}) {
    const auto cut = check_linearizability(h, limits);
    EXPECT_EQ(cut.result, verdict::undecided);
    ASSERT_EQ(cut.findings.size(), 1u);
    EXPECT_EQ(cut.findings[0].rule, "limit");
  }
}

} // namespace
} // namespace troupe::checkers
