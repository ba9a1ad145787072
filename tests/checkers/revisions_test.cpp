#include "tests/checkers/support.hpp"

namespace troupe::checkers {
namespace {

void good(const history& h) {
  expect_ok(check_revisions(h), h);
}

void bad(const history& h) {
  expect_violation(check_revisions(h), h, "revisions");
}

history_builder two_writes() {
  return begin().ok(0, 1, make_put("k", "a"), 1).ok(2, 3, make_put("k", "b"), 2);
}

TEST(revisions, grow) {
  good(two_writes()
           .ok(4, 5, make_get("k", "b", 2), 2)
           .ok(6, 7, make_erase("k"), 3)
           .ok(8, 9, make_erase("k", false), 3));
}

TEST(revisions, same_for_two_writes) {
  bad(begin().ok(0, 9, make_put("k", "a"), 1).ok(0, 9, make_put("l", "b"), 1));
}

TEST(revisions, against_real_time) {
  bad(begin().ok(0, 1, make_put("k", "a"), 2).ok(2, 3, make_put("l", "b"), 1));
  good(begin().ok(0, 3, make_put("k", "a"), 2).ok(2, 3, make_put("l", "b"), 1));
}

TEST(revisions, read_is_older_than_what_was_acknowledged) {
  bad(two_writes().ok(4, 5, make_get("x", std::nullopt), 1));
}

TEST(revisions, read_goes_back) {
  bad(begin().ok(0, 1, make_get("x", std::nullopt), 5).ok(2, 3, make_get("x", std::nullopt), 4));
}

TEST(revisions, write_is_not_newer_than_an_earlier_read) {
  bad(begin().ok(0, 1, make_get("x", std::nullopt), 5).ok(2, 3, make_put("k", "a"), 5));
}

TEST(revisions, mod_revision_is_of_another_write) {
  bad(two_writes().ok(4, 5, make_get("k", "b", 1), 2));
  bad(begin().ok(0, 1, make_put("k", "a"), 1).ok(4, 5, make_get("l", "a", 1), 1));
  bad(begin().ok(0, 1, make_put("k", "a"), 1).ok(4, 5, make_get("k", "a", 2), 2));
}

TEST(revisions, mod_revision_is_newer_than_the_read) {
  bad(two_writes().ok(2, 5, make_get("k", "b", 2), 1));
}

TEST(revisions, read_at_a_revision_misses_a_write) {
  const auto writes = two_writes().ok(2, 9, make_put("l", "c"), 3);
  bad(history_builder(writes).ok(2, 9, make_get("k", "a", 1), 3));
  good(history_builder(writes).ok(2, 9, make_get("k", "a", 1), 1));
  bad(history_builder(writes).ok(2, 9, make_get("l", std::nullopt), 3));
  good(history_builder(writes).ok(2, 9, make_get("l", std::nullopt), 2));
  good(history_builder(writes).unknown(3, make_erase("l")).ok(4, 9, make_get("l", std::nullopt), 4));
}

TEST(revisions, unknown_write_applied_twice) {
  const auto unknown = begin().unknown(0, make_put("k", "a"));
  bad(history_builder(unknown).ok(1, 2, make_get("k", "a", 1)).ok(3, 4, make_get("k", "a", 2)));
  good(history_builder(unknown).ok(1, 2, make_get("k", "a", 1)).ok(3, 4, make_get("k", "a", 1)));
}

TEST(revisions, hit_of_a_search_names_the_write) {
  const auto document = begin().ok(0, 1, make_put("d", "red round"), 1);
  good(history_builder(document).ok(2, 3, make_search("red", {{.key = "d", .revision = 1}}), 1));
  bad(history_builder(document).ok(2, 3, make_search("blue", {{.key = "d", .revision = 1}}), 1));
}

TEST(revisions, transaction_that_only_deletes_may_take_none) {
  const std::vector<cell> deletes{{.key = "x"}};
  good(two_writes().ok(4, 5, make_txn({}, deletes), 2).ok(6, 7, make_txn({}, deletes), 3));
}

} // namespace
} // namespace troupe::checkers
