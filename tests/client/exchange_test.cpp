#include "tests/client/talk.hpp"

#include <gmock/gmock.h>

namespace troupe::client::testing {

namespace {

using ::testing::ElementsAre;

TEST(exchange, a_read_needs_no_session_and_travels_in_the_batch_of_its_turn) {
  talk t;
  t.x.link_up(1, t.now);
  const auto a = t.submit(read_of("a"));
  const auto b = t.submit(read_of("b"));
  const auto batch = t.sent();
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[0].timeout_ms, 1'000U);
  EXPECT_EQ(std::get<get_query>(std::get<read_request>(batch[1].body).what).key, "b");
  EXPECT_TRUE(t.sent().empty());
  t.answer_to(batch[1].id, query_result{});
  EXPECT_EQ(t.results.count(b), 1U);
  EXPECT_EQ(t.results.count(a), 0U);
}

TEST(exchange, writes_wait_for_one_session_and_are_stamped_in_order) {
  talk t;
  t.x.link_up(1, t.now);
  t.submit(put_of("a"));
  t.submit(put_of("b"));
  t.open_session(7);
  const auto batch = t.sent();
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(t.command_in(batch[0]).session, (session_stamp{session_id{7}, sequence_t{1}, sequence_t{1}}));
  EXPECT_EQ(t.command_in(batch[1]).session, (session_stamp{session_id{7}, sequence_t{2}, sequence_t{1}}));
  t.apply(batch[1].id);
  t.submit(put_of("c"));
  EXPECT_EQ(t.command_in(t.one()).session, (session_stamp{session_id{7}, sequence_t{3}, sequence_t{1}}));
  t.apply(batch[0].id);
  t.submit(put_of("d"));
  EXPECT_EQ(t.command_in(t.one()).session, (session_stamp{session_id{7}, sequence_t{4}, sequence_t{3}}));
}

TEST(exchange, a_lost_connection_repeats_the_same_bytes_elsewhere) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"));
  t.open_session();
  const auto first = t.one();
  t.x.link_down(1, "lost");
  EXPECT_TRUE(t.sent().empty());
  t.after(100);
  t.x.link_up(2, t.now);
  const auto again = t.one();
  EXPECT_NE(again.id, first.id);
  EXPECT_EQ(again.timeout_ms, 900U);
  EXPECT_EQ(std::get<write_request>(again.body).command, std::get<write_request>(first.body).command);
  t.apply(first.id);
  EXPECT_FALSE(t.applied(call)) << "an answer from a lost connection belongs to nothing";
  t.apply(again.id);
  EXPECT_TRUE(t.applied(call));
}

TEST(exchange, a_write_refused_for_certain_every_time_is_unavailable) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"));
  t.open_session();
  t.refuse(t.one().id, refusal_kind::no_leader, 20);
  EXPECT_TRUE(t.x.take_distrust());
  EXPECT_TRUE(t.sent().empty()) << "the node said when to come back";
  t.after(500);
  t.refuse(t.one().id, refusal_kind::overloaded);
  EXPECT_FALSE(t.x.take_distrust());
  t.after(500);
  EXPECT_EQ(t.failure_of(call), failure_kind::unavailable);
}

TEST(exchange, one_lost_copy_makes_a_later_certain_refusal_unknown) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"));
  t.open_session();
  t.one();
  t.x.link_down(1, "lost");
  t.x.link_up(2, t.now);
  t.refuse(t.one().id, refusal_kind::stopping);
  t.after(1'000);
  EXPECT_EQ(t.failure_of(call), failure_kind::outcome_unknown);
}

TEST(exchange, a_write_without_an_answer_is_unknown_after_deadline_and_grace) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"));
  t.open_session();
  t.one();
  t.after(1'000);
  EXPECT_EQ(t.results.count(call), 0U) << "the node's own answer may be on its way";
  t.after(199);
  EXPECT_EQ(t.results.count(call), 0U);
  t.after(1);
  EXPECT_EQ(t.failure_of(call), failure_kind::outcome_unknown);
  t.submit(put_of("b"));
  EXPECT_EQ(t.command_in(t.one()).session->lowest_outstanding, sequence_t{2}) << "a straggler is forgotten";
}

TEST(exchange, what_was_never_sent_is_unavailable_at_its_deadline) {
  talk t;
  t.x.no_link("nobody there");
  const auto write = t.submit(put_of("a"));
  const auto read = t.submit(read_of("a"));
  t.after(1'000);
  EXPECT_EQ(t.failure_of(write), failure_kind::unavailable);
  EXPECT_EQ(t.failure_of(read), failure_kind::unavailable);
  EXPECT_EQ(std::get<failure>(t.results.at(write)).detail, "nobody there");
}

TEST(exchange, a_read_that_was_sent_times_out) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(read_of("a"));
  t.one();
  t.after(1'200);
  EXPECT_EQ(t.failure_of(call), failure_kind::timed_out);
}

TEST(exchange, an_expired_session_is_unknown_for_what_was_sent_and_new_for_the_rest) {
  talk t({.window_requests = 1});
  t.x.link_up(1, t.now);
  const auto sent = t.submit(put_of("a"));
  const auto waiting = t.submit(put_of("b"));
  t.open_session(7);
  command_result unknown;
  unknown.code = outcome::session_unknown;
  t.answer_to(t.one().id, unknown);
  EXPECT_EQ(t.failure_of(sent), failure_kind::outcome_unknown);
  t.open_session(9);
  const auto second = t.one();
  EXPECT_EQ(t.command_in(second).session, (session_stamp{session_id{9}, sequence_t{1}, sequence_t{1}}));
  t.apply(second.id);
  EXPECT_TRUE(t.applied(waiting));
}

TEST(exchange, a_session_left_alone_is_replaced_before_the_cluster_forgets_it) {
  talk t({.session_idle_ms = 10'000});
  t.x.link_up(1, t.now);
  t.submit(put_of("a"));
  t.open_session(7);
  t.apply(t.one().id);
  t.after(10'001);
  t.submit(put_of("b"));
  t.open_session(8);
  EXPECT_EQ(t.command_in(t.one()).session->session, session_id{8});
}

TEST(exchange, opening_a_session_is_tried_again_while_writes_wait) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"), 2'000);
  t.refuse(t.one().id, refusal_kind::no_leader, 100);
  EXPECT_TRUE(t.x.take_distrust());
  t.after(100);
  command_result full;
  full.code = outcome::sessions_full;
  t.answer_to(t.one().id, full);
  t.after(500);
  t.open_session();
  t.apply(t.one().id);
  EXPECT_TRUE(t.applied(call));
}

TEST(exchange, no_session_in_time_is_unavailable) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"));
  t.one();
  t.after(1'000);
  EXPECT_EQ(t.failure_of(call), failure_kind::unavailable);
}

TEST(exchange, outstanding_numbers_never_span_more_than_the_cluster_remembers) {
  talk t({.window_requests = 1'000'000});
  t.x.link_up(1, t.now);
  for (std::size_t i = 0; i < limits::session_results_max + 10; ++i)
    t.submit(put_of("k" + std::to_string(i)));
  t.open_session();
  const auto batch = t.sent();
  ASSERT_EQ(batch.size(), limits::session_results_max);
  for (std::size_t i = 1; i < batch.size(); ++i)
    t.apply(batch[i].id);
  EXPECT_TRUE(t.sent().empty()) << "the oldest still waits";
  t.apply(batch[0].id);
  EXPECT_EQ(t.sent().size(), 10U);
}

TEST(exchange, windows_bound_requests_and_bytes) {
  talk t({.window_requests = 3, .window_bytes = 10'000, .batch_bytes = 5'000});
  t.x.link_up(1, t.now);
  for (int i = 0; i < 4; ++i)
    t.submit(put_of("k" + std::to_string(i), std::string(4'000, 'v')));
  t.open_session();
  const auto first = t.one();
  EXPECT_EQ(t.sent().size(), 1U);
  EXPECT_TRUE(t.sent().empty()) << "a third would be more than 10,000 bytes";
  t.apply(first.id);
  EXPECT_EQ(t.sent().size(), 1U);
  for (int i = 0; i < 5; ++i)
    t.submit(read_of("k"));
  EXPECT_EQ(t.sent().size(), 1U) << "three requests in all";
}

TEST(exchange, open_calls_are_bounded) {
  talk t({.calls_max = 2});
  t.submit(read_of("a"));
  t.submit(read_of("b"));
  const auto third = t.submit(read_of("c"));
  t.collect();
  EXPECT_EQ(t.failure_of(third), failure_kind::unavailable);
}

TEST(exchange, what_no_node_would_take_is_refused_at_once) {
  talk t;
  const auto empty_key = t.submit(put_of(""));
  const auto large = t.submit(put_of("k", std::string(limits::command_bytes_max, 'v')));
  t.collect();
  EXPECT_EQ(t.failure_of(empty_key), failure_kind::invalid);
  EXPECT_EQ(t.failure_of(large), failure_kind::invalid);
}

TEST(exchange, a_full_disk_and_a_wrong_request_are_not_repeated) {
  talk t;
  t.x.link_up(1, t.now);
  const auto full = t.submit(put_of("a"));
  const auto wrong = t.submit(put_of("b"));
  t.open_session();
  const auto batch = t.sent();
  ASSERT_EQ(batch.size(), 2U);
  t.refuse(batch[0].id, refusal_kind::disk_full);
  t.refuse(batch[1].id, refusal_kind::invalid);
  EXPECT_EQ(t.failure_of(full), failure_kind::unavailable);
  EXPECT_EQ(t.failure_of(wrong), failure_kind::invalid);
}

TEST(exchange, a_better_node_does_not_repeat_what_the_old_one_still_has) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(read_of("a"));
  const auto first = t.one();
  t.x.link_up(2, t.now);
  EXPECT_TRUE(t.sent().empty());
  t.answer_to(first.id, query_result{});
  EXPECT_EQ(t.results.count(call), 1U);
}

TEST(exchange, a_node_that_does_not_tell_its_status_is_distrusted) {
  talk t;
  t.x.link_up(1, t.now);
  t.x.ask_status();
  const auto asked = t.one();
  EXPECT_TRUE(std::holds_alternative<status_request>(asked.body));
  t.after(3'199);
  EXPECT_FALSE(t.x.take_distrust());
  t.after(1);
  EXPECT_TRUE(t.x.take_distrust());
  t.answer_to(asked.id, cluster_status{});
  EXPECT_FALSE(t.x.take_status());
}

call_body search_for(const std::string& query, const std::string& cursor = {}) {
  search_request s;
  s.query = query;
  s.cursor = cursor;
  return s;
}

TEST(exchange, a_search_is_repeated_elsewhere_but_not_one_that_goes_on) {
  talk t;
  t.x.link_up(1, t.now);
  const auto first = t.submit(search_for("a"));
  const auto next = t.submit(search_for("", "c"));
  const auto batch = t.sent();
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(std::get<search_request>(batch[1].body).cursor, "c");
  t.x.link_down(1, "lost");
  t.collect();
  EXPECT_EQ(t.failure_of(next), failure_kind::cursor_gone);
  t.x.link_up(2, t.now);
  const auto again = t.one();
  EXPECT_EQ(std::get<search_request>(again.body).query, "a");
  search_result found;
  found.total = 3;
  t.answer_to(again.id, found);
  EXPECT_EQ(std::get<search_result>(t.results.at(first)).total, 3U);
}

TEST(exchange, a_change_of_members_is_unknown_only_if_a_node_may_have_made_it) {
  const member_request wish{member_action::remove, node_id{"n3"}, {}};
  talk t;
  t.x.link_up(1, t.now);
  const auto nobody_led = t.submit(wish);
  t.refuse(t.one().id, refusal_kind::no_leader);
  t.after(1'000);
  EXPECT_EQ(t.failure_of(nobody_led), failure_kind::unavailable);
  for (const call_body& body : {call_body{wish}, call_body{transfer_request{node_id{"n3"}}}}) {
    const auto lost = t.submit(body);
    t.one();
    t.x.link_down(1, "lost");
    t.x.link_up(1, t.now);
    t.refuse(t.one().id, refusal_kind::no_leader);
    t.after(1'000);
    EXPECT_EQ(t.failure_of(lost), failure_kind::outcome_unknown) << "the first copy";
  }
  const auto impossible = t.submit(wish);
  t.refuse(t.one().id, refusal_kind::not_possible);
  EXPECT_EQ(t.failure_of(impossible), failure_kind::conflict);
}

TEST(exchange, a_node_that_is_not_ready_is_left) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(read_of("a"));
  t.refuse(t.one().id, refusal_kind::not_ready, 900);
  EXPECT_TRUE(t.x.take_distrust());
  t.x.link_up(2, t.now);
  t.answer_to(t.one().id, query_result{});
  EXPECT_EQ(t.results.count(call), 1U) << "without the pause that the first node asked for";
}

TEST(exchange, has_patience_with_one_node_for_a_quarter_of_the_time) {
  talk t;
  t.x.link_up(1, t.now);
  const auto read = t.submit(read_of("a"));
  const auto snapshot = t.submit(snapshot_now_request{});
  const auto first = t.sent();
  ASSERT_EQ(first.size(), 2U);
  t.after(249);
  EXPECT_FALSE(t.x.impatient(t.now));
  t.after(1);
  EXPECT_TRUE(t.x.impatient(t.now));
  t.x.link_up(2, t.now);
  EXPECT_FALSE(t.x.impatient(t.now)) << "the other node has its own time";
  t.x.move_calls(1);
  const auto again = t.one();
  EXPECT_TRUE(std::holds_alternative<read_request>(again.body));
  EXPECT_EQ(again.timeout_ms, 750U);
  EXPECT_TRUE(t.x.waits_on(1)) << "a snapshot is slow, and of one node";
  t.answer_to(first[0].id, query_result{});
  EXPECT_EQ(t.results.count(read), 0U) << "an answer that comes too late is no answer to the new copy";
  t.answer_to(again.id, query_result{});
  EXPECT_EQ(t.results.count(read), 1U);
  t.answer_to(first[1].id, snapshot_result{});
  EXPECT_EQ(t.results.count(snapshot), 1U);
  EXPECT_FALSE(t.x.waits_on(1));
}

TEST(exchange, a_node_that_answers_others_is_busy_and_not_gone) {
  talk t;
  t.x.link_up(1, t.now);
  t.submit(read_of("a"));
  t.one();
  t.after(200);
  t.submit(read_of("b"));
  t.answer_to(t.one().id, query_result{});
  t.after(200);
  EXPECT_FALSE(t.x.impatient(t.now));
  t.after(50);
  EXPECT_TRUE(t.x.impatient(t.now));
}

TEST(exchange, a_moved_write_is_applied_once_and_opening_a_session_is_hurried_too) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"));
  t.one();
  t.after(250);
  EXPECT_TRUE(t.x.impatient(t.now)) << "no session yet";
  t.x.link_up(2, t.now);
  t.x.move_calls(1);
  t.open_session();
  const auto first = t.one();
  t.after(250);
  ASSERT_TRUE(t.x.impatient(t.now));
  t.x.link_up(3, t.now);
  t.x.move_calls(2);
  const auto again = t.one();
  EXPECT_EQ(t.command_in(again).session, t.command_in(first).session) << "the same stamp";
  t.refuse(again.id, refusal_kind::no_leader);
  t.after(500);
  EXPECT_EQ(t.failure_of(call), failure_kind::outcome_unknown) << "the copy that was left behind";
}

TEST(exchange, a_search_may_be_answered_by_a_refusal) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(search_for("a"));
  t.refuse(t.one().id, refusal_kind::timed_out);
  t.after(1'000);
  EXPECT_EQ(t.failure_of(call), failure_kind::timed_out);
}

TEST(exchange, a_write_says_whether_it_is_to_be_embedded) {
  talk t;
  t.x.link_up(1, t.now);
  t.x.submit({put_of("a"), 1'000, true}, t.now);
  t.submit(put_of("b"));
  t.open_session();
  const auto batch = t.sent();
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_TRUE(std::get<write_request>(batch[0].body).embed);
  EXPECT_FALSE(std::get<write_request>(batch[1].body).embed);
}

TEST(exchange, closing_ends_calls_and_the_session) {
  talk t;
  t.x.link_up(1, t.now);
  const auto call = t.submit(put_of("a"));
  t.open_session(7);
  t.one();
  t.x.close(t.now);
  t.collect();
  EXPECT_EQ(t.failure_of(call), failure_kind::outcome_unknown);
  EXPECT_FALSE(t.x.idle());
  const auto last = t.one();
  EXPECT_EQ(std::get<close_session>(t.command_in(last).body).session, session_id{7});
  EXPECT_FALSE(t.x.idle());
  t.apply(last.id);
  EXPECT_TRUE(t.x.idle());
}

TEST(exchange, closing_without_a_session_has_nothing_to_wait_for) {
  talk t;
  t.x.link_up(1, t.now);
  t.x.close(t.now);
  EXPECT_TRUE(t.x.idle());
  EXPECT_TRUE(t.sent().empty());
}

} // namespace

} // namespace troupe::client::testing
