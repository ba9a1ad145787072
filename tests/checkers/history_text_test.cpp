#include "tests/checkers/history_text.hpp"
#include "tests/checkers/support.hpp"

namespace troupe::checkers {
namespace {

history every_kind() {
  history h = begin()
                  .accounts("a/", -7)
                  .ok(-5, 1, make_get("k", std::nullopt), 3)
                  .ok(0, 1, make_get("k y", "value 100%=@!*", 9), 10)
                  .failed(2, 3, make_put("", ""))
                  .unknown(4, make_erase("k"))
                  .ok(5, 6, make_erase("k", false))
                  .ok(7, 8, make_cas("k", "a", "b", false))
                  .ok(7, 8,
                      make_txn({{.key = "x"}, {.key = "y", .anything = true}},
                               {{.key = "x"}, {.key = "z", .value = "\n"}}))
                  .ok(9, 10, make_transfer({}, {{.key = "a/1", .value = "4 t"}}))
                  .ok(9, 10, make_snapshot({{.key = "a/1", .value = "4 t", .revision = 8}, {.key = "a/2"}}))
                  .ok(11, 12, make_append("l", "e1"))
                  .ok(11, 12, make_list("l", {"e1", "", "e2"}))
                  .ok(11, 12, make_search("w", {{.key = "d", .revision = 5}, {.key = "e"}}))
                  .ok(13, 14, make_final_read("n1", "a/", {{.key = "a/1", .value = "4 t", .revision = 8}}));
  return h;
}

TEST(history_text, comes_back_as_it_was) {
  const auto h = every_kind();
  const auto read = parse_history(format_history(h));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(*read == h) << format_history(*read);
}

TEST(history_text, is_as_documented) {
  EXPECT_EQ(format_operation(every_kind().operations[7]), "transfer 7 ok 9 10 0 w:a/1=4%20t\n");
  const auto read =
      parse_history("troupe-history 1\n\n# remark\naccounts a/ 5\ncas 1 ok 0 9 4 c:k=! w:k=a n:n1\n");
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->operations.size(), 1u);
  EXPECT_EQ(read->operations[0].expected, (std::vector<cell>{{.key = "k"}}));
  EXPECT_EQ(read->operations[0].node, "n1");
}

TEST(history_text, names_the_line_at_fault) {
  const auto read = parse_history("troupe-history 1\nget 0 ok 0 1 0 r:k=!\nget 0 ok 0 1 0 r:k\n");
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().detail.find("line 3"), std::string::npos) << read.error().detail;
}

TEST(history_text, refuses_what_it_does_not_understand) {
  for (const std::string line : {"got 0 ok 0 1 0",
                                 "get",
                                 "get 0",
                                 "get -1 ok 0 1 0",
                                 "get 4294967296 ok 0 1 0",
                                 "get 0 fine 0 1 0",
                                 "get 0 ok 0 1",
                                 "get 0 ok x 1 0",
                                 "get 0 ok 0 9223372036854775808 0",
                                 "get 0 ok 0 1 -1",
                                 "get 0 ok 0 1 0 ",
                                 " get 0 ok 0 1 0",
                                 "get  0 ok 0 1 0",
                                 "get 0 ok 0 1 0  r:k=v",
                                 "get 0 ok 0 1 0 r:k",
                                 "get 0 ok 0 1 0 r:k=%4",
                                 "get 0 ok 0 1 0 r:k=%4g",
                                 "get 0 ok 0 1 0 r:k=*",
                                 "get 0 ok 0 1 0 r:k=v@0",
                                 "get 0 ok 0 1 0 r:k=v@",
                                 "get 0 ok 0 1 0 r:k=!@4",
                                 "get 0 ok 0 1 0 r:k=a=b",
                                 "get 0 ok 0 1 0 h:k",
                                 "get 0 ok 0 1 0 e:k",
                                 "get 0 ok 0 1 0 z:k",
                                 "get 0 ok 0 1 0 r",
                                 "put 0 ok 0 1 0 w:k=*",
                                 "put 0 ok 0 1 0 w:k=v@4",
                                 "put 0 ok 0 1 0 c:k=v@4",
                                 "search 0 ok 0 1 0 r:k=v",
                                 "list 0 ok 0 1 0 k:a k:b",
                                 "list 0 ok 0 1 0 n:a n:b",
                                 "cas 0 ok 0 1 0 unmatched unmatched",
                                 "accounts a/",
                                 "accounts a/ x",
                                 "accounts a/ 5 6",
                                 "accounts % 5"}) {
    history h;
    const auto read = parse_line(line, h);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error().code, errc::invalid_argument) << line;
    EXPECT_EQ(h, history{}) << line;
  }
}

TEST(history_text, refuses_a_text_that_was_cut_or_is_something_else) {
  EXPECT_FALSE(parse_history(""));
  EXPECT_FALSE(parse_history("troupe-history 2\n"));
  EXPECT_FALSE(parse_history("troupe-history 1\nget 0 ok 0 1 0 r:k=v"));
  history h;
  const auto read = parse_line(std::string(line_bytes_max + 1, 'x'), h);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, errc::too_large);
}

TEST(history_text, description_is_short) {
  auto op = make_snapshot(
      std::vector<cell>(1000, {.key = std::string(1000, 'k'), .value = std::string(1000, 'v')}));
  EXPECT_LE(describe(op).size(), 403u);
}

} // namespace
} // namespace troupe::checkers
