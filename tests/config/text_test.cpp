#include "config/text.hpp"

#include <gtest/gtest.h>

namespace troupe::config {
namespace {

constexpr std::string_view words[] = {"heartbeat", "election_timeout_min", "election_timeout_max", "tick",
                                      "level"};

TEST(text, finds_the_word_that_was_meant) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"heartbeet", "heartbeat"},
      {"haertbeat", "heartbeat"},
      {"Heartbeat", "heartbeat"},
      {"heart_beat", "heartbeat"},
      {"election-timeout-min", "election_timeout_min"},
      {"election_timeout_mx", "election_timeout_max"},
      {"tik", "tick"},
      {"levle", "level"},
  };
  for (const auto& [typed, meant] : cases)
    EXPECT_EQ(nearest(typed, words), meant) << typed;
}

TEST(text, does_not_guess_wildly) {
  for (std::string_view typed : {"", "x", "banana", "snapshot_bytes", "lvl1", "kcit9"})
    EXPECT_EQ(nearest(typed, words), "") << typed;
  EXPECT_EQ(nearest(std::string(100'000, 'h'), words), "");
}

TEST(text, an_error_line_stays_one_line) {
  EXPECT_EQ(in_quotes("a\nb\x7f\x01"), "\"a?b??\"");
  EXPECT_EQ(in_quotes(std::string(61, 'a')), "\"" + std::string(60, 'a') + "...\"");
  EXPECT_EQ(printable(std::string(60, 'a'), 60), std::string(60, 'a'));
  EXPECT_EQ(printable("\xc3\xa9"), "\xc3\xa9");
}

} // namespace
} // namespace troupe::config
