// When the memory alarm goes on and off.

#include "actors/memory_policy.hpp"

#include <gtest/gtest.h>

namespace troupe::test {
namespace {

TEST(memory_policy, raises_at_the_quota_and_clears_well_below_it) {
  memory_policy p{1'000};
  EXPECT_FALSE(p.alarms(999, false));
  EXPECT_TRUE(p.alarms(1'000, false));
  EXPECT_TRUE(p.alarms(900, true));
  EXPECT_FALSE(p.alarms(899, true));
  EXPECT_FALSE(p.alarms(899, false));
}

TEST(memory_policy, warns_first_and_then_gives_up_history) {
  memory_policy p{1'000};
  EXPECT_FALSE(p.warns(799));
  EXPECT_TRUE(p.warns(800));
  EXPECT_FALSE(p.sheds_history(899, false));
  EXPECT_TRUE(p.sheds_history(900, false));
  EXPECT_TRUE(p.sheds_history(1, true));
}

TEST(memory_policy, is_exact_for_quotas_of_any_size) {
  memory_policy small{101};
  EXPECT_FALSE(small.warns(79));
  EXPECT_TRUE(small.warns(80));
  memory_policy large{UINT64_MAX};
  EXPECT_FALSE(large.warns(UINT64_MAX / 100 * 80 - 100));
  EXPECT_TRUE(large.warns(UINT64_MAX / 100 * 80 + 100));
  EXPECT_TRUE(large.alarms(UINT64_MAX, false));
}

} // namespace
} // namespace troupe::test
