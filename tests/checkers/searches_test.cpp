#include "tests/checkers/support.hpp"

namespace troupe::checkers {
namespace {

void good(const history& h) {
  expect_ok(check_searches(h), h);
}

void bad(const history& h) {
  expect_violation(check_searches(h), h, "search");
}

history_builder one_document() {
  return begin().ok(0, 1, make_put("d", "red round"));
}

TEST(searches, find_what_was_acknowledged) {
  good(one_document().ok(2, 3, make_search("red", {{.key = "d"}})));
  bad(one_document().ok(2, 3, make_search("red", {})));
}

TEST(searches, words_are_whole) {
  good(one_document().ok(2, 3, make_search("re", {})));
  bad(one_document().ok(2, 3, make_search("re", {{.key = "d"}})));
}

TEST(searches, forget_what_was_overwritten_or_deleted) {
  const auto changed = one_document().ok(2, 3, make_put("d", "blue"));
  good(history_builder(changed).ok(4, 5, make_search("red", {})));
  bad(history_builder(changed).ok(4, 5, make_search("red", {{.key = "d"}})));
  bad(one_document().ok(2, 3, make_erase("d")).ok(4, 5, make_search("red", {{.key = "d"}})));
}

TEST(searches, may_go_either_way_during_a_write) {
  for (const auto& other : {make_put("d", "blue"), make_erase("d")}) {
    const auto during = one_document().ok(2, 9, other);
    good(history_builder(during).ok(4, 5, make_search("red", {{.key = "d"}})));
    good(history_builder(during).ok(4, 5, make_search("red", {})));
  }
  const auto unknown = one_document().unknown(2, make_put("d", "blue"));
  good(history_builder(unknown).ok(4, 5, make_search("red", {{.key = "d"}})));
  good(history_builder(unknown).ok(4, 5, make_search("red", {})));
}

TEST(searches, every_possible_value_has_the_word) {
  bad(one_document().ok(2, 9, make_put("d", "red square")).ok(4, 5, make_search("red", {})));
}

TEST(searches, failed_write_is_not_found) {
  bad(begin().failed(0, 1, make_put("d", "red")).ok(2, 3, make_search("red", {{.key = "d"}})));
}

TEST(searches, later_write_is_not_found) {
  bad(begin().ok(0, 1, make_search("red", {{.key = "d"}})).ok(2, 3, make_put("d", "red")));
}

TEST(searches, nothing_is_found_twice) {
  bad(one_document().ok(2, 3, make_search("red", {{.key = "d"}, {.key = "d"}})));
}

} // namespace
} // namespace troupe::checkers
