#include "tests/checkers/support.hpp"

namespace troupe::checkers {
namespace {

void good(const history& h) {
  expect_ok(check_accounts(h), h);
}

void bad(const history& h) {
  expect_violation(check_accounts(h), h, "accounts");
}

cell account(std::string key, std::string value) {
  return {.key = std::move(key), .value = std::move(value)};
}

history_builder opened() {
  return begin().accounts("a/", 100).ok(
      0, 1, make_txn({}, {account("a/1", "60 first"), account("a/2", "40 first")}));
}

TEST(accounts, keep_their_sum) {
  good(opened().ok(2, 3, make_snapshot({account("a/1", "60 first"), account("a/2", "40 first")})));
  good(opened().ok(2, 3,
                   make_snapshot({account("a/1", "-5 t1"), account("a/2", "105 t1"), account("b/1", "7")})));
}

TEST(accounts, do_not_keep_their_sum) {
  bad(opened().ok(2, 3, make_snapshot({account("a/1", "60 first"), account("a/2", "41 t1")})));
}

TEST(accounts, one_is_gone) {
  bad(opened().ok(2, 3, make_snapshot({account("a/1", "60 first"), {.key = "a/2"}})));
  bad(opened().ok(2, 3, make_snapshot({{.key = "a/1"}, {.key = "a/2"}})));
}

TEST(accounts, absent_before_they_are_opened) {
  good(begin()
           .accounts("a/", 100)
           .ok(0, 9, make_txn({}, {account("a/1", "60"), account("a/2", "40")}))
           .ok(2, 3, make_snapshot({{.key = "a/1"}, {.key = "a/2"}})));
}

TEST(accounts, a_part_of_them_tells_nothing) {
  good(opened().ok(2, 3, make_snapshot({account("a/1", "60 first")})));
}

TEST(accounts, no_number) {
  bad(opened().ok(2, 3, make_snapshot({account("a/1", "sixty"), account("a/2", "40 first")})));
  bad(opened().ok(2, 3, make_snapshot({account("a/1", "9223372036854775807"), account("a/2", "1")})));
}

TEST(accounts, final_read) {
  good(opened().ok(2, 3, make_final_read("n1", "", {account("a/1", "1"), account("a/2", "99")})));
  bad(opened().ok(2, 3, make_final_read("n1", "a/", {account("a/1", "1")})));
  good(opened().ok(2, 3, make_final_read("n1", "b/", {})));
}

} // namespace
} // namespace troupe::checkers
