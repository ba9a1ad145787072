// The parts of the core by themselves: log, durability, the queues of reads and of entries to apply, the
// encoding of messages.

#include "base/entry_archive.hpp"
#include "raft/apply_queue.hpp"
#include "raft/durability.hpp"
#include "raft/log.hpp"
#include "raft/message_archive.hpp"
#include "raft/read_queue.hpp"
#include "raft/snapshot_receiver.hpp"

#include <gtest/gtest.h>

namespace troupe::raft {
namespace {

membership members(const std::string& only) {
  return {{1, 1}, {{node_id{only}, {1, 1}, only, only, true}}};
}

entry make(std::uint64_t index, std::uint64_t term, std::size_t bytes = 0) {
  return {term_t{term}, index_t{index}, entry_kind::command, 0, {}, blob{std::string(bytes, 'x')}};
}

entry members_entry(std::uint64_t index, std::uint64_t term, const membership& m) {
  return {term_t{term}, index_t{index}, entry_kind::membership, 0, {}, blob{encode(m)}};
}

/// Entries 1.. of these terms after an empty snapshot.
log log_of(const std::vector<std::uint64_t>& terms, std::size_t tail_bytes_max = 1 << 20) {
  recovered r;
  r.snapshot.members = members("n1");
  log l(r, tail_bytes_max);
  for (std::size_t i = 0; i < terms.size(); ++i)
    l.append(make(i + 1, terms[i]));
  return l;
}

TEST(log, knows_the_term_of_every_entry) {
  auto l = log_of({1, 1, 3, 3, 7});
  EXPECT_EQ(l.term(index_t{0}), term_t{0});
  EXPECT_EQ(l.term(index_t{2}), term_t{1});
  EXPECT_EQ(l.term(index_t{3}), term_t{3});
  EXPECT_EQ(l.term(index_t{5}), term_t{7});
  EXPECT_FALSE(l.term(index_t{6}));
  EXPECT_EQ(l.last_term(), term_t{7});
}

TEST(log, steps_back_over_whole_terms) {
  auto l = log_of({1, 1, 3, 3, 7, 7});
  EXPECT_EQ(l.last_not_after(index_t{6}, term_t{7}), index_t{6});
  EXPECT_EQ(l.last_not_after(index_t{9}, term_t{7}), index_t{6});
  EXPECT_EQ(l.last_not_after(index_t{6}, term_t{6}), index_t{4});
  EXPECT_EQ(l.last_not_after(index_t{6}, term_t{2}), index_t{2});
  EXPECT_EQ(l.last_not_after(index_t{3}, term_t{3}), index_t{3});
  EXPECT_EQ(l.last_not_after(index_t{6}, term_t{0}), index_t{0});
}

TEST(log, truncation_falls_back_to_the_membership_before) {
  auto l = log_of({1});
  l.append(members_entry(2, 2, members("n2")));
  l.append(members_entry(3, 2, members("n3")));
  EXPECT_EQ(l.members(), members("n3"));
  l.truncate(index_t{3});
  EXPECT_EQ(l.members(), members("n2"));
  EXPECT_EQ(l.members_index(), index_t{2});
  l.truncate(index_t{2});
  EXPECT_EQ(l.members(), members("n1"));
  EXPECT_EQ(l.last_index(), index_t{1});
}

TEST(log, compaction_keeps_the_term_before_the_first_entry) {
  auto l = log_of({1, 1, 3, 3, 7});
  l.compact({index_t{4}, term_t{3}, members("n1")}, index_t{3});
  EXPECT_EQ(l.first_index(), index_t{3});
  EXPECT_EQ(l.term(index_t{2}), term_t{1});
  EXPECT_FALSE(l.term(index_t{1}));
  EXPECT_EQ(l.tail_first(), index_t{3});
  l.compact({index_t{5}, term_t{7}, members("n1")}, index_t{6});
  EXPECT_EQ(l.first_index(), index_t{6});
  EXPECT_EQ(l.last_index(), index_t{5});
  EXPECT_EQ(l.last_term(), term_t{7});
  l.append(make(6, 7));
  EXPECT_TRUE(l.matches(index_t{6}, term_t{7}));
}

TEST(log, memory_is_bounded_by_what_is_durable) {
  auto l = log_of({1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 3 * 64);
  EXPECT_EQ(l.tail_first(), index_t{1}) << "nothing is durable yet";
  l.evict(index_t{4});
  EXPECT_EQ(l.tail_first(), index_t{5});
  l.evict(index_t{10});
  EXPECT_EQ(l.tail_first(), index_t{8});
  EXPECT_EQ(l.term(index_t{1}), term_t{1}) << "terms stay";
}

TEST(log, a_slice_is_bounded_but_never_empty) {
  auto l = log_of({1, 1, 1, 1});
  EXPECT_EQ(l.slice(index_t{1}, index_t{4}, 1).size(), 1u);
  EXPECT_EQ(l.slice(index_t{1}, index_t{4}, 3 * 64).size(), 3u);
  EXPECT_EQ(l.slice(index_t{2}, index_t{3}, 1 << 20).size(), 2u);
}

TEST(log, recovers_with_a_log_that_begins_before_its_snapshot) {
  recovered r;
  r.snapshot = {index_t{5}, term_t{3}, members("n1")};
  r.terms = {{index_t{3}, term_t{2}}, {index_t{5}, term_t{3}}};
  r.last_index = index_t{6};
  r.tail = {make(6, 3)};
  log l(r, 1 << 20);
  EXPECT_EQ(l.first_index(), index_t{3});
  EXPECT_FALSE(l.term(index_t{2})) << "known to nobody any more";
  EXPECT_EQ(l.term(index_t{4}), term_t{2});
  EXPECT_EQ(l.tail_first(), index_t{6});
}

TEST(log_death, refuses_what_cannot_be) {
  EXPECT_DEATH(log_of({3, 1}), "never fall");
  recovered r;
  r.snapshot.members = members("n1");
  r.last_index = index_t{3};
  EXPECT_DEATH(log(r, 1), "entries without terms");
}

TEST(durability, a_late_notice_for_a_truncated_suffix_does_not_count) {
  durability d(index_t{0});
  for (std::uint64_t i = 1; i <= 5; ++i)
    d.append(make(i, 1));
  auto first = d.take();
  d.truncate(index_t{3});
  d.append(make(3, 2));
  auto second = d.take();
  ASSERT_EQ(second->truncate_from, index_t{3});
  d.persisted(first->number, first->number);
  EXPECT_EQ(d.durable_index(), index_t{2});
  d.persisted(second->number, second->number);
  EXPECT_EQ(d.durable_index(), index_t{3});
}

TEST(durability, what_was_never_handed_out_needs_no_truncation) {
  durability d(index_t{0});
  d.append(make(1, 1));
  d.append(make(2, 1));
  d.truncate(index_t{2});
  d.append(make(2, 2));
  auto batch = d.take();
  EXPECT_FALSE(batch->truncate_from);
  ASSERT_EQ(batch->entries.size(), 2u);
  EXPECT_EQ(batch->entries[1].term, term_t{2});
}

TEST(durability, truncating_durable_entries_takes_them_back) {
  durability d(index_t{8});
  d.truncate(index_t{5});
  EXPECT_EQ(d.durable_index(), index_t{4});
  d.append(make(5, 2));
  auto batch = d.take();
  EXPECT_EQ(batch->truncate_from, index_t{5});
  d.persisted(batch->number, batch->number);
  EXPECT_EQ(d.durable_index(), index_t{5});
}

TEST(durability, state_is_durable_with_its_own_batch) {
  durability d(index_t{0});
  EXPECT_TRUE(d.state_is_durable());
  d.append(make(1, 1));
  auto entries = d.take();
  d.set_state({term_t{2}, node_id{"n1"}});
  auto state = d.take();
  d.persisted(entries->number, entries->number);
  EXPECT_FALSE(d.state_is_durable());
  d.persisted(state->number, state->number);
  d.persisted(entries->number, entries->number); // late and out of order
  EXPECT_TRUE(d.state_is_durable());
}

TEST(durability, a_state_can_be_durable_ahead_of_the_entries_before_it_which_are_not) {
  durability d(index_t{0});
  d.append(make(1, 1));
  auto entries = d.take();
  d.set_state({term_t{2}, node_id{"n1"}});
  d.append(make(2, 1));
  auto state = d.take();
  d.persisted(0, state->number);
  EXPECT_TRUE(d.state_is_durable());
  EXPECT_EQ(d.durable_index(), index_t{0});
  d.set_state({term_t{3}, {}});
  auto later = d.take();
  EXPECT_FALSE(d.state_is_durable()) << "a newer one is on its way";
  d.persisted(entries->number, state->number);
  EXPECT_EQ(d.durable_index(), index_t{1});
  EXPECT_FALSE(d.state_is_durable());
  d.persisted(later->number, 0);
  EXPECT_EQ(d.durable_index(), index_t{2});
  EXPECT_TRUE(d.state_is_durable());
}

TEST(apply_queue, hands_out_no_more_than_agreed) {
  auto l = log_of({1, 1, 1, 1, 1, 1});
  apply_queue q(index_t{0}, 3 * 64);
  output out;
  q.fill(out, l, index_t{5});
  EXPECT_EQ(out.apply.size(), 3u);
  out = {};
  q.fill(out, l, index_t{5});
  EXPECT_TRUE(out.apply.empty());
  q.applied(index_t{3});
  q.fill(out, l, index_t{5});
  EXPECT_EQ(out.apply.size(), 2u) << "and nothing that is not committed";
}

TEST(apply_queue, an_entry_over_the_limit_passes_alone) {
  auto l = log_of({1});
  l.append(make(2, 1, 1000));
  apply_queue q(index_t{0}, 200);
  output out;
  q.fill(out, l, index_t{2});
  EXPECT_EQ(out.apply.size(), 1u);
  out = {};
  q.fill(out, l, index_t{2});
  EXPECT_TRUE(out.apply.empty());
  q.applied(index_t{1});
  q.fill(out, l, index_t{2});
  EXPECT_EQ(out.apply.size(), 1u);
}

TEST(apply_queue, asks_once_for_what_is_not_in_memory) {
  auto l = log_of({1, 1, 1, 1, 1}, 64);
  l.evict(index_t{5});
  apply_queue q(index_t{0}, 1 << 20);
  output out;
  q.fill(out, l, index_t{5});
  q.fill(out, l, index_t{5});
  ASSERT_EQ(out.load.size(), 1u);
  EXPECT_EQ(out.load[0].hi, index_t{4});
  q.loaded(out.load[0], {make(1, 1), make(2, 1)});
  out = {};
  q.fill(out, l, index_t{5});
  EXPECT_EQ(out.apply.size(), 2u);
  out = {};
  q.fill(out, l, index_t{5});
  ASSERT_EQ(out.load.size(), 1u);
  EXPECT_EQ(out.load[0].lo, index_t{3});
  q.reset(index_t{9});
  q.loaded(out.load[0], {make(3, 1)});
  EXPECT_EQ(q.handed_index(), index_t{9});
}

TEST(read_rounds, a_newer_question_replaces_a_waiting_one) {
  read_rounds r;
  r.add_question(node_id{"n2"}, 5);
  r.add_question(node_id{"n2"}, 6);
  r.start(index_t{3});
  auto done = r.take_confirmed(1);
  ASSERT_EQ(done.size(), 1u);
  ASSERT_EQ(done[0].groups.size(), 1u);
  EXPECT_EQ(done[0].groups[0].number, 6u);
}

TEST(read_questions, an_answer_to_another_question_fits_nothing) {
  read_questions q(100);
  q.add({1, 2});
  auto number = q.ask();
  ASSERT_TRUE(number);
  EXPECT_FALSE(q.ask());
  EXPECT_TRUE(q.answered(*number - 1).empty());
  q.add({3});
  EXPECT_EQ(q.answered(*number), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_TRUE(q.answered(*number).empty());
  EXPECT_NE(q.ask(), number);
}

TEST(snapshot_receiver, takes_chunks_in_order_and_one_at_a_time) {
  using verdict = snapshot_receiver::verdict;
  snapshot_meta meta{index_t{5}, term_t{1}, members("n1")};
  auto chunk = [&](std::uint64_t offset, std::string bytes, bool done = false) {
    return install_snapshot{term_t{1}, meta, 9, offset, std::move(bytes), done};
  };
  snapshot_receiver r;
  EXPECT_EQ(r.receive(chunk(3, "def")), verdict::answer);
  EXPECT_EQ(r.next_offset(), 0u);
  EXPECT_EQ(r.receive(chunk(0, "abc")), verdict::store);
  EXPECT_EQ(r.receive(chunk(0, "abc")), verdict::ignore);
  EXPECT_FALSE(r.stored(meta, 2));
  EXPECT_EQ(r.stored(meta, 3), 3u);
  EXPECT_EQ(r.receive(chunk(0, "abc")), verdict::answer) << "a repeated chunk";
  EXPECT_EQ(r.receive(chunk(3, "def")), verdict::store);
  EXPECT_EQ(r.stored(meta, 6), 6u);
  EXPECT_EQ(r.receive(chunk(6, "ghi", true)), verdict::store);
  EXPECT_TRUE(r.installing());
  EXPECT_EQ(r.receive(chunk(0, "abc")), verdict::ignore);
  EXPECT_TRUE(r.finish(meta));
  EXPECT_FALSE(r.installing());
}

TEST(message_archive, every_kind_survives_and_no_damage_passes) {
  snapshot_meta meta{index_t{5}, term_t{1}, members("n1")};
  std::vector<message> all{
      pre_vote_request{term_t{1}, index_t{2}, term_t{3}},
      pre_vote_response{term_t{1}, true},
      vote_request{term_t{1}, index_t{2}, term_t{3}, true},
      vote_response{term_t{1}, true},
      append_request{term_t{1}, index_t{2}, term_t{3}, index_t{4}, 5, false, {make(3, 1, 10), make(4, 1)}},
      append_response{term_t{1}, false, index_t{2}, index_t{3}, term_t{4}, 5},
      install_snapshot{term_t{1}, meta, 10, 5, "bytes", true},
      install_snapshot_response{term_t{1}, index_t{2}, 3, install_status::rejected},
      read_index_request{term_t{1}, 2},
      read_index_response{term_t{1}, 2, true, index_t{3}},
      timeout_now{term_t{1}},
  };
  ASSERT_EQ(all.size(), std::variant_size_v<message>);
  for (auto& m : all) {
    auto bytes = encode(m);
    EXPECT_EQ(decode<message>(bytes, "message").value(), m);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(decode<message>(std::string_view(bytes).substr(0, size), "message").has_value());
    EXPECT_FALSE(decode<message>(bytes + "x", "message").has_value());
    for (std::size_t i = 0; i < bytes.size(); ++i) { // never a crash, whatever it decodes to
      auto damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x80);
      (void)decode<message>(damaged, "message");
    }
  }
}

} // namespace
} // namespace troupe::raft
