// What the actors keep their books with.

#include "actors/answer_collector.hpp"
#include "actors/history_policy.hpp"
#include "actors/pending_reads.hpp"
#include "actors/pending_writes.hpp"
#include "actors/waiting_reads.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

pending_write write_of(std::size_t bytes) {
  pending_write w;
  w.id = bytes;
  w.command = blob{std::string(bytes, 'x')};
  w.no_leader_at_ms = 100;
  w.deadline_ms = 1'000;
  return w;
}

TEST(pending_writes, numbers_grow_and_are_never_reused) {
  pending_writes p{10, 1'000};
  auto first = p.add(write_of(1));
  auto second = p.add(write_of(2));
  ASSERT_TRUE(first && second);
  EXPECT_GT(*first, 0u) << "0 in an origin means that nobody waits";
  EXPECT_GT(*second, *first);
  EXPECT_TRUE(p.take(*second));
  EXPECT_GT(*p.add(write_of(3)), *second);
}

TEST(pending_writes, a_write_is_taken_once) {
  pending_writes p{10, 1'000};
  auto n = *p.add(write_of(5));
  ASSERT_NE(p.find(n), nullptr);
  EXPECT_EQ(p.take(n)->id, 5u);
  EXPECT_FALSE(p.take(n));
  EXPECT_EQ(p.find(n), nullptr);
}

TEST(pending_writes, count_is_bounded) {
  pending_writes p{2, 1'000};
  auto n = *p.add(write_of(1));
  EXPECT_TRUE(p.add(write_of(1)));
  EXPECT_FALSE(p.add(write_of(1)));
  p.take(n);
  EXPECT_TRUE(p.add(write_of(1)));
}

TEST(pending_writes, bytes_are_bounded_and_given_back) {
  pending_writes p{10, 100};
  auto n = *p.add(write_of(60));
  EXPECT_FALSE(p.add(write_of(41)));
  EXPECT_TRUE(p.add(write_of(40)));
  p.take(n);
  EXPECT_TRUE(p.add(write_of(60)));
  EXPECT_EQ(p.overdue(1'000).size(), 2u);
  EXPECT_TRUE(p.add(write_of(100)));
}

TEST(pending_writes, one_write_above_the_bound_passes_alone) {
  pending_writes p{10, 100};
  EXPECT_TRUE(p.add(write_of(500)));
  EXPECT_FALSE(p.add(write_of(1)));
}

TEST(pending_writes, waiting_writes_come_in_order) {
  pending_writes p{1'000, 100'000};
  std::vector<std::uint64_t> expected;
  for (int i = 0; i < 500; ++i)
    expected.push_back(*p.add(write_of(1)));
  p.find(expected[3])->where = pending_write::phase::proposed;
  expected.erase(expected.begin() + 3);
  EXPECT_EQ(p.waiting(), expected);
}

TEST(pending_writes, without_their_leader_all_wait_again) {
  pending_writes p{10, 1'000};
  auto first = *p.add(write_of(1));
  auto second = *p.add(write_of(2));
  p.find(first)->where = pending_write::phase::forwarded;
  p.find(second)->where = pending_write::phase::proposed;
  EXPECT_TRUE(p.waiting().empty());
  p.leader_lost();
  EXPECT_EQ(p.waiting(), (std::vector{first, second}));
}

TEST(pending_writes, what_nobody_took_is_certainly_not_applied) {
  pending_writes p{10, 1'000};
  p.add(write_of(1));
  EXPECT_TRUE(p.overdue(99).empty());
  auto over = p.overdue(100);
  ASSERT_EQ(over.size(), 1u);
  EXPECT_TRUE(over[0].certain);
  EXPECT_EQ(p.size(), 0u);
}

TEST(pending_writes, what_was_once_sent_is_unknown_at_its_deadline) {
  pending_writes p{10, 1'000};
  auto n = *p.add(write_of(1));
  p.find(n)->doubts = 1;
  p.find(n)->where = pending_write::phase::forwarded;
  p.leader_lost();
  EXPECT_TRUE(p.overdue(999).empty()) << "it waits for its outcome, not for a leader";
  auto over = p.overdue(1'000);
  ASSERT_EQ(over.size(), 1u);
  EXPECT_FALSE(over[0].certain);
}

routed_query read_of(std::uint64_t id, std::int64_t deadline_ms = 1'000) {
  return {answer_sink_actor{}, id, get_query{"k", {}}, deadline_ms};
}
std::vector<std::uint64_t> ids_of(const std::vector<routed_query>& reads) {
  std::vector<std::uint64_t> out;
  for (auto& q : reads)
    out.push_back(q.id);
  return out;
}
using ids = std::vector<std::uint64_t>;

TEST(pending_reads, those_that_arrive_together_share_one_question) {
  pending_reads<routed_query> p{10, 1, 1};
  EXPECT_EQ(p.ask(), 0u);
  p.gather(read_of(1));
  p.gather(read_of(2));
  auto first = p.ask();
  p.gather(read_of(3));
  auto second = p.ask();
  EXPECT_NE(first, second);
  EXPECT_EQ(p.ask(), 0u);
  EXPECT_EQ(ids_of(p.take(second)), ids{3});
  EXPECT_EQ(ids_of(p.take(first)), (ids{1, 2}));
  EXPECT_TRUE(p.take(first).empty());
}

TEST(pending_reads, a_failed_question_is_asked_again) {
  pending_reads<routed_query> p{2, 1, 1};
  p.gather(read_of(1));
  p.gather(read_of(2));
  auto id = p.ask();
  p.failed(id);
  EXPECT_TRUE(p.full());
  EXPECT_TRUE(p.take(id).empty());
  EXPECT_EQ(ids_of(p.take(p.ask())), (ids{1, 2}));
  EXPECT_FALSE(p.full());
}

TEST(pending_reads, overdue_ones_leave_asked_or_not_and_make_room) {
  pending_reads<routed_query> p{3, 1, 1};
  p.gather(read_of(1, 100));
  p.gather(read_of(2, 200));
  auto id = p.ask();
  p.gather(read_of(3, 100));
  EXPECT_TRUE(p.full());
  EXPECT_TRUE(p.overdue(99).empty());
  EXPECT_EQ(p.overdue(100).size(), 2u);
  EXPECT_FALSE(p.full());
  EXPECT_EQ(ids_of(p.take(id)), ids{2});
  EXPECT_EQ(p.ask(), 0u);
}

TEST(waiting_reads, come_out_when_index_or_revision_is_reached) {
  waiting_reads w;
  w.until_index(index_t{5}, read_of(1));
  w.until_index(index_t{6}, read_of(2));
  w.until_revision(revision_t{3}, read_of(3));
  w.until_revision(revision_t{4}, read_of(4));
  EXPECT_TRUE(w.ready(index_t{4}, revision_t{2}).empty());
  EXPECT_EQ(ids_of(w.ready(index_t{5}, revision_t{3})), (ids{1, 3}));
  EXPECT_EQ(ids_of(w.ready(index_t{100}, revision_t{100})), (ids{2, 4}));
  EXPECT_TRUE(w.ready(index_t{100}, revision_t{100}).empty());
}

TEST(waiting_reads, overdue_ones_leave) {
  waiting_reads w;
  w.until_index(index_t{5}, read_of(1, 100));
  w.until_revision(revision_t{3}, read_of(2, 200));
  EXPECT_TRUE(w.overdue(99).empty());
  EXPECT_EQ(ids_of(w.overdue(100)), ids{1});
  EXPECT_EQ(ids_of(w.overdue(200)), ids{2});
  EXPECT_TRUE(w.ready(index_t{9}, revision_t{9}).empty());
}

TEST(history_policy, young_history_stays) {
  history_policy h{1'000, 1'000};
  for (std::int64_t t = 0; t < 1'000; t += 50)
    EXPECT_FALSE(h.due(t, revision_t{static_cast<std::uint64_t>(t)}, revision_t{}));
}

TEST(history_policy, what_is_older_than_the_time_goes) {
  history_policy h{1'000, 1'000'000};
  EXPECT_FALSE(h.due(0, revision_t{10}, revision_t{}));
  EXPECT_FALSE(h.due(500, revision_t{20}, revision_t{}));
  EXPECT_EQ(h.due(1'000, revision_t{30}, revision_t{}), revision_t{10});
  EXPECT_FALSE(h.due(1'001, revision_t{30}, revision_t{10}));
  EXPECT_EQ(h.due(1'500, revision_t{30}, revision_t{10}), revision_t{20});
}

TEST(history_policy, keeps_every_revision_that_was_current_within_the_time) {
  history_policy h{10'000, 1'000'000};
  revision_t compacted;
  for (std::int64_t t = 0; t < 60'000; t += 100) {
    auto current = static_cast<std::uint64_t>(t / 10);
    if (auto target = h.due(t, revision_t{current}, compacted)) {
      EXPECT_GT(*target, compacted);
      // The revision that was current ten seconds ago can still be read.
      EXPECT_LE(target->value, static_cast<std::uint64_t>((t - 10'000) / 10));
      compacted = *target;
    }
  }
  EXPECT_GT(compacted.value, 4'500u) << "history is not compacted in time";
}

TEST(history_policy, too_many_revisions_go_in_steps) {
  history_policy h{1'000'000, 100};
  EXPECT_FALSE(h.due(0, revision_t{100}, revision_t{}));
  EXPECT_FALSE(h.due(1, revision_t{105}, revision_t{}));
  EXPECT_EQ(h.due(2, revision_t{150}, revision_t{}), revision_t{50});
  EXPECT_FALSE(h.due(3, revision_t{155}, revision_t{50}));
}

TEST(answer_collector, one_message_an_asker) {
  stage s;
  probe a{s};
  probe b{s};
  probe self{s};
  answer_collector c;
  c.add(a.as<answer_sink_actor>(), answer{1, snapshot_result{}});
  c.refuse(b.as<answer_sink_actor>(), 2, refusal{refusal_kind::no_leader, 0, ""});
  c.add(a.as<answer_sink_actor>(), answer{3, snapshot_result{}});
  caf::scoped_actor sender{s.system};
  c.flush(sender.ptr());
  c.flush(sender.ptr());
  ASSERT_EQ(a.count<answer_batch>(), 1u);
  ASSERT_EQ(b.count<answer_batch>(), 1u);
  auto to_a = a.last<answer_batch>().answers;
  ASSERT_EQ(to_a.size(), 2u);
  EXPECT_EQ(to_a[0].id, 1u);
  EXPECT_EQ(to_a[1].id, 3u);
  EXPECT_EQ(b.last<answer_batch>().answers[0].id, 2u);
}

} // namespace
} // namespace troupe::test
