#include "tests/checkers/support.hpp"

namespace troupe::checkers {
namespace {

void good(const history& h) {
  expect_ok(check_lists(h), h);
}

void bad(const history& h, const std::string& rule = "lists") {
  expect_violation(check_lists(h), h, rule);
}

history_builder two_appends() {
  return begin().ok(0, 1, make_append("l", "a")).ok(2, 3, make_append("l", "b"));
}

TEST(lists, grow_in_order) {
  good(two_appends().ok(4, 5, make_list("l", {"a", "b"})).ok(2, 3, make_list("l", {"a"})));
}

TEST(lists, twice) {
  bad(two_appends().ok(4, 5, make_list("l", {"a", "b", "a"})));
}

TEST(lists, invented_element) {
  bad(two_appends().ok(4, 5, make_list("l", {"a", "b", "c"})));
}

TEST(lists, failed_element) {
  bad(two_appends().failed(4, 5, make_append("l", "c")).ok(6, 7, make_list("l", {"a", "b", "c"})));
}

TEST(lists, unknown_element_may_be_there) {
  good(two_appends().unknown(4, make_append("l", "c")).ok(6, 7, make_list("l", {"a", "b", "c"})));
  good(two_appends().unknown(4, make_append("l", "c")).ok(6, 7, make_list("l", {"a", "b"})));
}

TEST(lists, no_prefix) {
  bad(begin()
          .ok(0, 9, make_append("l", "a"))
          .ok(0, 9, make_append("l", "b"))
          .ok(1, 8, make_list("l", {"b"}))
          .ok(1, 8, make_list("l", {"a", "b"})));
}

TEST(lists, against_real_time) {
  bad(two_appends().ok(4, 5, make_list("l", {"b", "a"})));
}

TEST(lists, read_goes_back) {
  bad(begin().ok(0, 9, make_append("l", "a")).ok(1, 2, make_list("l", {"a"})).ok(3, 4, make_list("l", {})));
}

TEST(lists, read_before_the_call) {
  bad(begin().ok(0, 1, make_list("l", {"a"})).ok(5, 6, make_append("l", "a")));
}

TEST(lists, acknowledged_element_missing_at_the_end) {
  bad(two_appends().ok(4, 5, make_list("l", {"a"})), "lost");
}

TEST(lists, acknowledged_element_missing_for_a_while) {
  bad(two_appends().ok(4, 5, make_list("l", {"a"})).ok(6, 7, make_list("l", {"a", "b"})));
}

TEST(lists, only_element_missing) {
  bad(begin().ok(0, 1, make_append("l", "a")).ok(4, 5, make_list("l", {})), "lost");
}

TEST(lists, nobody_looked_after_the_last) {
  good(two_appends().ok(0, 2, make_list("l", {"a"})));
}

TEST(lists, same_element_appended_twice_cannot_be_judged) {
  bad(begin().ok(0, 1, make_append("l", "a")).ok(2, 3, make_append("l", "a")));
}

TEST(lists, are_apart_from_each_other) {
  good(two_appends().ok(4, 5, make_append("m", "a")).ok(6, 7, make_list("m", {"a"})));
}

} // namespace
} // namespace troupe::checkers
