// Shared immutable bytes: what actors on several threads hold at once.

#include "base/blob.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace troupe {
namespace {

TEST(blob, copies_share_the_bytes) {
  std::string bytes = "some bytes";
  blob one{bytes};
  blob two = one;
  bytes = "others";
  EXPECT_EQ(one.view(), "some bytes");
  EXPECT_EQ(two.view().data(), one.view().data());
  one = blob{bytes};
  EXPECT_EQ(two.view(), "some bytes");
  EXPECT_EQ(one.view(), "others");
}

TEST(blob, is_equal_by_content) {
  EXPECT_EQ(blob{"x"}, blob{"x"});
  EXPECT_NE(blob{"x"}, blob{"y"});
  EXPECT_EQ(blob{}, blob{""});
  EXPECT_NE(blob{}, blob{std::string(1, '\0')});
}

TEST(blob, stays_when_it_is_assigned_to_itself_and_is_empty_when_moved_from) {
  blob one{"kept"};
  auto& same = one;
  one = same;
  EXPECT_EQ(one.view(), "kept");
  blob two = std::move(one);
  EXPECT_TRUE(one.empty());
  EXPECT_EQ(two.view(), "kept");
}

/// Under the thread sanitizer this says that the last holder, on whichever thread, may free the bytes.
TEST(blob, is_held_by_several_threads_at_once) {
  constexpr int threads = 4;
  constexpr int rounds = 200;
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::thread> running;
    blob shared{std::string(100, 'x')};
    for (int i = 0; i < threads; ++i)
      running.emplace_back([mine = shared] {
        auto other = mine;
        EXPECT_EQ(other.view(), std::string(100, 'x'));
      });
    shared = {};
    for (auto& t : running)
      t.join();
  }
}

} // namespace
} // namespace troupe
