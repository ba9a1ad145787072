// The storage actor: whose results it reports, which reads wait and for what, pins and their leases.

#include "actors/storage.hpp"
#include "messages/raft.hpp"
#include "storage/snapshot_loader.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

constexpr incarnation_t mine{77};

class storage_actor_test : public testing::Test {
protected:
  void SetUp() override {
    storage_options o;
    o.incarnation = mine;
    o.pin_lease_ms = 1'000;
    actor = s.spawn(storage_keeper, machine, o);
    tick_to(100);
  }
  void tick_to(std::int64_t ms) {
    raft.tell(actor, at_ms(ms));
    s.run();
  }
  void apply(std::vector<entry> entries) {
    raft.tell(actor, apply_batch{std::move(entries)});
    s.run();
  }
  void put_many(std::uint64_t first, std::uint64_t count, std::size_t bytes = 10) {
    std::vector<entry> batch;
    for (std::uint64_t i = first; i < first + count; ++i)
      batch.push_back(put_entry(i, "k" + std::to_string(i), std::string(bytes, 'v')));
    apply(std::move(batch));
  }
  void read(std::uint64_t id, std::string key, std::uint64_t index, std::optional<revision_t> at = {},
            std::int64_t deadline_ms = 1'000) {
    query_batch b{index_t{index}, {}};
    b.queries.push_back({sink.as<answer_sink_actor>(), id, get_query{std::move(key), at}, deadline_ms});
    raft.tell(actor, std::move(b));
    s.run();
  }
  std::vector<answer> answers() {
    std::vector<answer> out;
    for (auto& b : sink.take<answer_batch>())
      out.insert(out.end(), b.answers.begin(), b.answers.end());
    return out;
  }
  pin_ticket pin() {
    asker.tell(actor, pin_request{});
    s.run();
    return asker.last<pin_ticket>();
  }
  pin_chunk pull(std::uint64_t number) {
    asker.tell(actor, pin_pull{number});
    s.run();
    return asker.last<pin_chunk>();
  }

  stage s;
  probe raft{s};
  probe sink{s};
  probe asker{s};
  std::shared_ptr<storage::state_machine> machine = std::make_shared<storage::state_machine>();
  storage_actor actor;
};

TEST_F(storage_actor_test, reports_results_of_this_process_only) {
  apply({put_entry(1, "a", "1", {mine, 5}), put_entry(2, "b", "2", {incarnation_t{78}, 6}),
         put_entry(3, "c", "3", {mine, 0}), put_entry(4, "d", "4", {mine, 9})});
  auto notice = raft.last<applied_notice>();
  ASSERT_EQ(notice.results.size(), 2u);
  EXPECT_EQ(notice.results[0].first, 5u);
  EXPECT_EQ(notice.results[0].second.revision, revision_t{1});
  EXPECT_EQ(notice.results[1].first, 9u);
  EXPECT_EQ(notice.results[1].second.revision, revision_t{4});
  EXPECT_EQ(notice.facts.applied, index_t{4});
  EXPECT_EQ(notice.facts.keys, 4u);
}

TEST_F(storage_actor_test, entries_that_are_applied_already_are_skipped) {
  apply({put_entry(1, "a", "1"), put_entry(2, "a", "2")});
  apply({put_entry(2, "a", "2", {mine, 3}), put_entry(3, "a", "3", {mine, 4})});
  auto notice = raft.last<applied_notice>();
  EXPECT_EQ(notice.facts.revision, revision_t{3});
  ASSERT_EQ(notice.results.size(), 1u);
  EXPECT_EQ(notice.results[0].first, 4u);
}

TEST_F(storage_actor_test, a_pin_that_is_older_than_the_clock_has_a_whole_lease) {
  auto fresh = s.spawn(storage_keeper, std::make_shared<storage::state_machine>(), storage_options{});
  asker.tell(fresh, pin_request{});
  s.run();
  raft.tell(fresh, at_ms(10'000'000));
  s.run();
  asker.tell(fresh, pin_pull{asker.last<pin_ticket>().number});
  s.run();
  EXPECT_TRUE(asker.last<pin_chunk>().ok);
}

TEST_F(storage_actor_test, a_read_waits_for_its_index) {
  apply({put_entry(1, "a", "old")});
  read(7, "a", 2);
  EXPECT_TRUE(answers().empty());
  apply({put_entry(2, "a", "new")});
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].id, 7u);
  EXPECT_EQ(value_in(got[0]), "new");
}

TEST_F(storage_actor_test, a_read_of_a_reached_index_is_answered_at_once) {
  apply({put_entry(1, "a", "x")});
  read(7, "a", 1);
  read(8, "absent", 0);
  auto got = answers();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(value_in(got[0]), "x");
  EXPECT_EQ(value_in(got[1]), std::nullopt);
  EXPECT_TRUE(std::holds_alternative<query_result>(got[1].body));
}

TEST_F(storage_actor_test, a_read_of_a_future_revision_waits_for_it) {
  apply({put_entry(1, "a", "1")});
  read(7, "a", 1, revision_t{3});
  apply({put_entry(2, "a", "2")});
  EXPECT_TRUE(answers().empty());
  apply({put_entry(3, "a", "3"), put_entry(4, "a", "4")});
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(value_in(got[0]), "3");
}

TEST_F(storage_actor_test, a_read_can_wait_for_an_index_and_then_for_a_revision) {
  read(7, "a", 1, revision_t{2});
  apply({put_entry(1, "a", "1")});
  EXPECT_TRUE(answers().empty());
  apply({put_entry(2, "a", "2")});
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(value_in(got[0]), "2");
}

TEST_F(storage_actor_test, waiting_reads_end_at_their_deadline) {
  read(7, "a", 5, {}, 300);
  read(8, "a", 0, revision_t{9}, 400);
  tick_to(299);
  EXPECT_TRUE(answers().empty());
  tick_to(300);
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].id, 7u);
  EXPECT_EQ(refusal_in(got[0]), refusal_kind::timed_out);
  tick_to(400);
  got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_NE(std::get<refusal>(got[0].body).detail.find("revision 9"), std::string::npos);
  put_many(1, 9);
  EXPECT_TRUE(answers().empty()) << "answered twice";
}

TEST_F(storage_actor_test, a_pin_is_one_state_while_writes_go_on) {
  put_many(1, 30);
  auto ticket = pin();
  ASSERT_NE(ticket.number, 0u);
  EXPECT_EQ(ticket.meta.index, index_t{30});
  auto digest = machine->digest();
  storage::snapshot_loader loader{ticket.meta};
  for (std::uint64_t next = 31;; ++next) {
    apply({put_entry(next, "k1", "later")});
    auto chunk = pull(ticket.number);
    ASSERT_TRUE(chunk.ok);
    ASSERT_TRUE(loader.add(chunk.bytes));
    if (chunk.done) break;
  }
  auto copy = loader.finish();
  ASSERT_TRUE(copy) << copy.error().detail;
  EXPECT_EQ(copy->digest(), digest);
  EXPECT_NE(machine->digest(), digest);
}

TEST_F(storage_actor_test, a_large_state_comes_in_chunks) {
  put_many(1, 50, 100'000);
  auto ticket = pin();
  std::size_t chunks = 0;
  for (pin_chunk c; !c.done; ++chunks) {
    c = pull(ticket.number);
    ASSERT_TRUE(c.ok);
    EXPECT_LE(c.bytes.size(), storage::chunk_bytes + 101'000);
  }
  EXPECT_GE(chunks, 4u);
}

TEST_F(storage_actor_test, a_released_pin_is_gone) {
  put_many(1, 3);
  auto ticket = pin();
  EXPECT_EQ(machine->pins(), 1u);
  asker.tell(actor, pin_release{ticket.number});
  s.run();
  EXPECT_EQ(machine->pins(), 0u);
  EXPECT_FALSE(pull(ticket.number).ok);
}

TEST_F(storage_actor_test, a_pin_that_nobody_pulls_from_is_given_up) {
  put_many(1, 50, 100'000);
  auto ticket = pin();
  tick_to(1'000);
  EXPECT_TRUE(pull(ticket.number).ok); // the lease begins anew
  tick_to(1'999);
  EXPECT_EQ(machine->pins(), 1u);
  tick_to(2'000);
  EXPECT_EQ(machine->pins(), 0u);
  EXPECT_FALSE(pull(ticket.number).ok);
}

TEST_F(storage_actor_test, pins_are_few) {
  put_many(1, 3);
  for (std::size_t i = 0; i < storage::pins_max; ++i)
    EXPECT_NE(pin().number, 0u);
  EXPECT_EQ(pin().number, 0u);
  tick_to(5'000);
  EXPECT_NE(pin().number, 0u);
}

TEST_F(storage_actor_test, an_installed_state_answers_what_waited_for_it) {
  put_many(1, 2);
  auto old_pin = pin();
  read(7, "k9", 9);
  storage::testing::driver other;
  for (int i = 1; i <= 9; ++i)
    other.apply(putting("k" + std::to_string(i), "installed"));
  asker.tell(actor, state_install{std::make_shared<storage::state_machine>(std::move(other.m))});
  s.run();
  EXPECT_EQ(asker.last<storage_facts>().applied, index_t{9});
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(value_in(got[0]), "installed");
  EXPECT_TRUE(pull(old_pin.number).ok) << "a pin outlives the state that was replaced";
  apply({put_entry(9, "k9", "covered", {mine, 1}), put_entry(10, "k10", "next", {mine, 2})});
  EXPECT_EQ(raft.last<applied_notice>().facts.applied, index_t{10});
  ASSERT_EQ(raft.last<applied_notice>().results.size(), 1u);
}

} // namespace
} // namespace troupe::test
