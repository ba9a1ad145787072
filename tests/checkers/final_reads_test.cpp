#include "tests/checkers/support.hpp"

namespace troupe::checkers {
namespace {

void good(const history& h) {
  expect_ok(check_final_reads(h), h);
}

void bad(const history& h, const std::string& rule) {
  expect_violation(check_final_reads(h), h, rule);
}

cell holds(std::string key, std::string value, std::uint64_t revision = 0) {
  return {.key = std::move(key), .value = std::move(value), .revision = revision};
}

operation final_of(std::string node, std::vector<cell> reads) {
  return make_final_read(std::move(node), "", std::move(reads));
}

TEST(final_reads, acknowledged_writes_are_there) {
  good(begin()
           .ok(0, 1, make_put("k", "a"))
           .ok(2, 3, make_put("k", "b"))
           .ok(2, 3, make_erase("l"))
           .ok(8, 9, final_of("n1", {holds("k", "b")})));
}

TEST(final_reads, lost) {
  bad(begin().ok(0, 1, make_put("k", "a")).ok(8, 9, final_of("n1", {})), "lost");
  bad(begin()
          .ok(0, 1, make_put("k", "a"))
          .ok(2, 3, make_put("k", "b"))
          .ok(8, 9, final_of("n1", {holds("k", "a")})),
      "lost");
}

TEST(final_reads, deleted_value_is_back) {
  bad(begin()
          .ok(0, 1, make_put("k", "a"))
          .ok(2, 3, make_erase("k"))
          .ok(8, 9, final_of("n1", {holds("k", "a")})),
      "lost");
}

TEST(final_reads, overlapping_writes_leave_one_of_them) {
  const auto both = begin().ok(0, 5, make_put("k", "a")).ok(1, 4, make_put("k", "b"));
  good(history_builder(both).ok(8, 9, final_of("n1", {holds("k", "a")})));
  good(history_builder(both).ok(8, 9, final_of("n1", {holds("k", "b")})));
  bad(history_builder(both).ok(8, 9, final_of("n1", {})), "lost");
}

TEST(final_reads, unknown_and_failed_writes) {
  const auto writes = begin().ok(2, 3, make_put("k", "a")).unknown(0, make_put("k", "b"));
  good(history_builder(writes).ok(8, 9, final_of("n1", {holds("k", "a")})));
  good(history_builder(writes).ok(8, 9, final_of("n1", {holds("k", "b")})));
  bad(history_builder(writes).failed(4, 5, make_put("k", "c")).ok(8, 9, final_of("n1", {holds("k", "c")})),
      "lost");
}

TEST(final_reads, nobody_wrote_it) {
  bad(begin().ok(8, 9, final_of("n1", {holds("k", "a")})), "lost");
}

TEST(final_reads, cover_their_prefix_only) {
  good(begin().ok(0, 1, make_put("k", "a")).ok(8, 9, make_final_read("n1", "x/", {})));
}

TEST(final_reads, nodes_differ) {
  const auto unknown = begin().unknown(0, make_put("k", "a"));
  bad(history_builder(unknown).ok(8, 9, final_of("n1", {holds("k", "a")})).ok(8, 9, final_of("n2", {})),
      "diverged");
  bad(history_builder(unknown)
          .ok(8, 9, final_of("n1", {holds("k", "a", 1)}))
          .ok(8, 9, final_of("n2", {holds("k", "a", 2)})),
      "diverged");
  good(history_builder(unknown)
           .ok(8, 9, final_of("n1", {holds("k", "a", 1)}))
           .ok(8, 9, final_of("n2", {holds("k", "a", 1)})));
}

TEST(recording, refuses_what_no_client_can_have_seen) {
  history h = begin().ok(5, 4, make_put("k", "a"));
  expect_violation(check_all(h), h, "history");
  h = begin().ok(0, 5, make_put("k", "a")).ok(2, 6, make_put("l", "a"));
  h.operations[1].client = h.operations[0].client;
  expect_violation(check_all(h), h, "history");
  h = begin().ok(0, 5, make_final_read("", "", {}));
  expect_violation(check_all(h), h, "history");
}

} // namespace
} // namespace troupe::checkers
