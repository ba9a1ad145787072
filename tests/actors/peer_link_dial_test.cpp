// A link that dials: back-off, late answers, and what answers in another name.

#include "tests/actors/link_stage.hpp"

namespace troupe::test {
namespace {

/// How the side that usually waits numbers its dials.
std::uint64_t from_waiting_side(std::uint64_t number) {
  return number | std::uint64_t{1} << 63;
}

class dialing : public link_stage {
protected:
  void SetUp() override { start(true); }
  /// Through dial and hello.
  void connect() {
    dial_answered();
    remote.reply(remote.log().back(), hello(remote.last<link_hello>().connection), remote.pointer());
    s.run();
  }
};

TEST_F(dialing, asks_the_dialer_says_hello_and_is_up) {
  tick_to(0);
  ASSERT_EQ(dialer.count<dial_request>(), 1u);
  EXPECT_EQ(dialer.last<dial_request>().host, "10.0.0.2");
  EXPECT_EQ(dialer.last<dial_request>().port, 7000);
  tick_to(1'000);
  EXPECT_EQ(dialer.count<dial_request>(), 1u) << "one dial at a time";
  connect();
  EXPECT_EQ(remote.last<link_hello>().from, "10.0.0.1:7000");
  EXPECT_EQ(states(), bools{true});
  tick_to(5'000);
  EXPECT_EQ(dialer.count<dial_request>(), 1u);
}

TEST_F(dialing, backs_off_while_nobody_answers) {
  std::vector<std::int64_t> times;
  for (std::int64_t t = 0; t < 5'000; t += 5) {
    tick_to(t);
    if (dialer.log().empty()) continue;
    times.push_back(t);
    dialer.reply(dialer.log().back(), caf::make_error(caf::sec::cannot_connect_to_node));
    dialer.clear();
    s.run();
  }
  ASSERT_GT(times.size(), 8u);
  for (std::size_t i = 1; i < times.size(); ++i) {
    EXPECT_GE(times[i] - times[i - 1], 25);
    EXPECT_LE(times[i] - times[i - 1], 505);
  }
  EXPECT_LE(times[1] - times[0], 55);
  EXPECT_GE(times.back() - times[times.size() - 2], 250) << "the wait grows";
}

TEST_F(dialing, dials_again_soon_after_the_link_broke) {
  tick_to(0);
  connect();
  states();
  remote_down();
  EXPECT_EQ(states(), bools{false});
  dialer.clear();
  tick_to(now + 55);
  EXPECT_EQ(dialer.count<dial_request>(), 1u);
  auto first = remote.last<link_hello>().connection;
  connect();
  EXPECT_GT(remote.last<link_hello>().connection, first);
  EXPECT_EQ(states(), bools{true});
}

TEST_F(dialing, refuses_what_answers_in_another_name) {
  tick_to(0);
  dial_answered();
  auto other = hello(remote.last<link_hello>().connection);
  other.from = "10.0.0.3:7000";
  remote.reply(remote.log().back(), other, remote.pointer());
  s.run();
  EXPECT_TRUE(states().empty());
  dialer.clear();
  tick_to(1'000);
  EXPECT_EQ(dialer.count<dial_request>(), 1u) << "and tries again";
}

TEST_F(dialing, an_answer_for_another_connection_is_not_taken) {
  tick_to(0);
  dial_answered();
  remote.reply(remote.log().back(), hello(remote.last<link_hello>().connection + 1), remote.pointer());
  s.run();
  EXPECT_TRUE(states().empty());
}

TEST_F(dialing, a_late_answer_to_an_earlier_dial_is_ignored) {
  tick_to(0);
  auto early = dialer.log().back();
  s.advance(std::chrono::seconds(5)); // the dial times out
  tick_to(5'000);
  ASSERT_EQ(dialer.count<dial_request>(), 2u);
  dialer.reply(early, remote.pointer());
  s.run();
  EXPECT_EQ(remote.count<link_hello>(), 0u);
  connect();
  EXPECT_EQ(states(), bools{true});
}

TEST_F(dialing, a_hello_that_nobody_answers_ends_the_try) {
  tick_to(0);
  dial_answered();
  auto unanswered = remote.log().back();
  s.advance(std::chrono::seconds(3));
  dialer.clear();
  tick_to(3'000);
  EXPECT_EQ(dialer.count<dial_request>(), 1u);
  remote.reply(unanswered, hello(1), remote.pointer());
  s.run();
  EXPECT_TRUE(states().empty());
}

TEST_F(dialing, takes_the_dial_of_the_other_side_while_its_own_reaches_nobody) {
  tick_to(0);
  auto early = dialer.log().back();
  accept(hello(from_waiting_side(1)));
  EXPECT_EQ(states(), bools{true});
  dialer.reply(early, remote.pointer());
  s.run();
  EXPECT_EQ(remote.count<link_hello>(), 1u) << "the answer that it gave; its own dial is forgotten";
  tick_to(4'000);
  EXPECT_EQ(dialer.count<dial_request>(), 1u) << "nobody dials while there is a link";
}

TEST_F(dialing, of_two_dials_that_meet_its_own_counts) {
  tick_to(0);
  dial_answered();
  auto own = remote.log().back();
  accept(hello(from_waiting_side(1)));
  EXPECT_EQ(remote.count<caf::error>(), 1u);
  EXPECT_TRUE(states().empty());
  remote.reply(own, hello(own.as<link_hello>().connection), remote.pointer());
  s.run();
  EXPECT_EQ(states(), bools{true});
  accept(hello(from_waiting_side(2)));
  EXPECT_EQ(remote.count<caf::error>(), 2u) << "its own connection is open";
  EXPECT_TRUE(states().empty());
}

TEST_F(dialing, takes_the_dial_of_a_process_that_was_restarted) {
  tick_to(0);
  connect();
  states();
  auto again = hello(from_waiting_side(1));
  again.incarnation = theirs + 1;
  accept(again);
  EXPECT_EQ(states(), (bools{false, true}));
}

TEST_F(dialing, a_number_of_the_wrong_side_is_refused) {
  tick_to(0);
  accept(hello(1));
  EXPECT_EQ(remote.count<caf::error>(), 1u);
  EXPECT_TRUE(states().empty());
}

class waiting : public link_stage {
protected:
  void SetUp() override { start(false); }
};

TEST_F(waiting, dials_only_after_a_while_without_a_link) {
  for (std::int64_t t = 0; t < 3'000; t += 25)
    tick_to(t);
  EXPECT_EQ(dialer.count<dial_request>(), 0u);
  tick_to(3'000);
  ASSERT_EQ(dialer.count<dial_request>(), 1u);
  dial_answered();
  auto number = remote.last<link_hello>().connection;
  EXPECT_EQ(number, from_waiting_side(1));
  remote.reply(remote.log().back(), hello(number), remote.pointer());
  s.run();
  EXPECT_EQ(states(), bools{true});
}

TEST_F(waiting, waits_again_after_each_link) {
  tick_to(0);
  accept(hello(1));
  remote_down();
  for (std::int64_t t = 25; t < 3'000; t += 25)
    tick_to(t);
  EXPECT_EQ(dialer.count<dial_request>(), 0u);
  tick_to(3'100);
  EXPECT_EQ(dialer.count<dial_request>(), 1u);
}

TEST_F(waiting, of_two_dials_that_meet_the_other_one_counts) {
  tick_to(0);
  tick_to(3'000);
  dial_answered();
  auto own = remote.log().back();
  accept(hello(1));
  EXPECT_EQ(states(), bools{true});
  remote.reply(own, hello(own.as<link_hello>().connection), remote.pointer());
  s.run();
  EXPECT_TRUE(states().empty()) << "its own is forgotten";
}

TEST_F(waiting, a_dial_of_the_other_side_replaces_its_own_connection) {
  tick_to(0);
  tick_to(3'000);
  dial_answered();
  auto number = remote.last<link_hello>().connection;
  remote.reply(remote.log().back(), hello(number), remote.pointer());
  s.run();
  states();
  accept(hello(1));
  EXPECT_EQ(states(), (bools{false, true}));
  accept(hello(1));
  EXPECT_TRUE(states().empty()) << "the same once more is refused";
}

} // namespace
} // namespace troupe::test
