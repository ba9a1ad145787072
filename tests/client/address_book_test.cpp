#include "client/address_book.hpp"

#include <gtest/gtest.h>

namespace troupe::client {

namespace {

const address a{"a", 1};
const address b{"b", 2};
const address c{"c", 3};

TEST(address, is_host_and_port) {
  EXPECT_EQ(*parse_address("node-1.example:7000"), (address{"node-1.example", 7000}));
  EXPECT_EQ(*parse_address("[::1]:7000"), (address{"::1", 7000}));
  EXPECT_EQ(parse_address("[::1]:7000")->to_string(), "[::1]:7000");
  EXPECT_EQ((address{"h", 1}).to_string(), "h:1");
}

TEST(address, refuses_anything_else) {
  for (auto* text : {"", "h", "h:", ":1", "h:0", "h:65536", "h:1x", "h: 1", "h:-1", "::1:7000", "[]:1"}) {
    auto parsed = parse_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().kind, failure_kind::invalid) << text;
  }
}

TEST(address_book, takes_turns_from_where_it_is_told) {
  address_book book({a, b, c}, 4);
  EXPECT_EQ(book.next(0), b);
  EXPECT_EQ(book.next(0), c);
  EXPECT_EQ(book.next(0), a);
}

TEST(address_book, leaves_failed_ones_alone_for_longer_each_time) {
  address_book book({a}, 0);
  std::int64_t now = 0;
  for (auto pause : {50, 100, 200, 400, 800, 1'600, 2'000, 2'000}) {
    book.failed(a, now);
    EXPECT_FALSE(book.next(now + pause - 1)) << pause;
    EXPECT_EQ(book.next(now + pause), a) << pause;
    now += pause;
  }
  book.succeeded(a);
  book.failed(a, now);
  EXPECT_EQ(book.next(now + 50), a);
}

TEST(address_book, prefers_the_leader_unless_it_failed) {
  address_book book({a, b}, 0);
  book.set_leader(c);
  EXPECT_EQ(book.next(0), c);
  book.failed(c, 0);
  EXPECT_EQ(book.next(0), a);
  EXPECT_EQ(book.next(0), b);
  EXPECT_EQ(book.next(50), c);
  book.set_leader(std::nullopt);
  EXPECT_EQ(book.next(50), c) << "learned for good, in its turn";
  EXPECT_EQ(book.next(50), a);
}

TEST(address_book, passes_over_what_it_is_told_to_and_what_is_slow) {
  address_book book({a, b, c}, 0);
  book.set_leader(a);
  EXPECT_EQ(book.next(0, {a}), b);
  EXPECT_EQ(book.next(0, {a, c}), b);
  EXPECT_FALSE(book.next(0, {a, b, c}));
  book.too_slow(a, 0);
  EXPECT_FALSE(book.usable(a, 1'999));
  EXPECT_NE(book.next(1'999), a);
  EXPECT_EQ(book.next(2'000), a);
}

TEST(address_book, is_bounded) {
  address_book book({a}, 0);
  for (int i = 0; i < 200; ++i)
    book.learn({"x", static_cast<std::uint16_t>(1'000 + i)});
  std::size_t others = 0;
  for (std::size_t i = 0; i < address_book::addresses_max; ++i)
    others += *book.next(0) == a ? 0 : 1;
  EXPECT_EQ(others, address_book::addresses_max - 1);
}

} // namespace

} // namespace troupe::client
