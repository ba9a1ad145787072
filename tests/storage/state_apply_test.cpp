// What single entries do to the state.

#include "command/limits.hpp"
#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

TEST(state_apply, only_what_changes_keys_takes_a_revision) {
  driver d;
  EXPECT_EQ(d.apply(putting("k", "v")).revision.value, 1u);
  EXPECT_EQ(d.apply(deleting("absent")).revision.value, 1u);
  EXPECT_EQ(d.apply(command_of({{}, {get_operation{"k"}}, {}})).revision.value, 1u);
  EXPECT_EQ(d.apply(command_of({{{"k", {}, {}, {}, 0}}, {put_of("k", "w")}, {}})).revision.value, 1u);
  EXPECT_EQ(d.apply({{}, {}, open_session{}}).revision.value, 1u);
  EXPECT_EQ(d.apply(compacting(1)).revision.value, 1u);
  d.m.apply(d.next(entry_kind::noop, {}));
  EXPECT_EQ(d.m.revision().value, 1u);
  // Writing the same value again is a write.
  EXPECT_EQ(d.apply(putting("k", "v")).revision.value, 2u);
  // As is what undoes itself.
  auto undone = command_of({{}, {put_of("new", "v"), delete_operation{"new"}}, {}});
  EXPECT_EQ(d.apply(undone).revision.value, 3u);
  EXPECT_EQ(d.m.keys(), 1u);
  EXPECT_EQ(d.m.applied().value, 9u);
}

TEST(state_apply, operations_see_those_before_them_and_share_a_revision) {
  driver d;
  d.apply(putting("a", "old"));
  auto r = d.apply(command_of(
      {{},
       {get_operation{"a"}, put_of("a", "1"), get_operation{"a"}, put_of("a", "2"), delete_operation{"a"},
        get_operation{"a"}, put_of("a", "3"), put_of("b", "4"), get_operation{"a"}},
       {}}));
  key_value old{"a", blob{"old"}, media_type::bytes, revision_t{1}, revision_t{1}, 1};
  key_value one{"a", blob{"1"}, media_type::bytes, revision_t{1}, revision_t{2}, 2};
  key_value three{"a", blob{"3"}, media_type::bytes, revision_t{2}, revision_t{2}, 1};
  EXPECT_EQ(r.results,
            (std::vector<operation_result>{get_result{old}, put_result{false}, get_result{one},
                                           put_result{false}, delete_result{true}, get_result{},
                                           put_result{true}, put_result{true}, get_result{three}}));
  EXPECT_EQ(r.revision.value, 2u);
  EXPECT_EQ(d.get("a", revision_t{1}), "old");
  EXPECT_EQ(d.get("b"), "4");
}

TEST(state_apply, reads_say_what_is_gone_and_what_is_to_come) {
  driver d;
  for (int i = 0; i < 5; ++i)
    d.apply(putting("k", std::to_string(i)));
  d.apply(compacting(3));
  auto r = d.m.run(get_query{"k", revision_t{2}});
  EXPECT_EQ(r.code, query_outcome::compacted);
  EXPECT_EQ(r.compacted.value, 3u);
  EXPECT_EQ(d.m.run(get_query{"k", revision_t{6}}).code, query_outcome::future);
  EXPECT_EQ(d.get("k", revision_t{3}), "2");
  // Never back, never beyond what exists.
  d.apply(compacting(1));
  EXPECT_EQ(d.m.compacted().value, 3u);
  d.apply(compacting(100));
  EXPECT_EQ(d.m.compacted().value, 5u);
  EXPECT_EQ(d.get("k"), "4");
}

TEST(state_apply, malformed_commands_are_refused_alike_everywhere) {
  driver d;
  d.apply(putting("k", "v"));
  for (auto bytes : {std::string_view{}, std::string_view{"\x02"}, std::string_view{"\x01\x00", 2}}) {
    auto r = d.m.apply(d.next(entry_kind::command, blob{bytes}));
    EXPECT_EQ(r.code, outcome::malformed);
    EXPECT_EQ(r.revision.value, 1u);
  }
  EXPECT_EQ(d.m.applied().value, 4u);
}

TEST(state_apply, membership_is_remembered) {
  driver d;
  membership members{cluster_id{1, 2}, {{node_id{"n1"}, storage_id{3, 4}, "h:1", "h:2", true}}};
  EXPECT_EQ(d.m.apply(d.next(entry_kind::membership, blob{encode(members)})), command_result{});
  EXPECT_EQ(d.m.members(), members);
  EXPECT_EQ(d.m.apply(d.next(entry_kind::membership, blob{"?"})).code, outcome::malformed);
  EXPECT_EQ(d.m.members(), members);
  auto copy = copy_of(d.m);
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->members(), members);
  EXPECT_EQ(copy->applied(), d.m.applied());
  EXPECT_EQ(copy->leader_time_ms(), d.time_ms);
}

TEST(state_apply, answers_above_the_bound_are_left_out) {
  driver d;
  d.apply(putting("big", std::string(limits::result_bytes_max / 2, 'v')));
  auto gets = [](std::size_t n) {
    transaction t{{}, {put_of("k", "v")}, {}};
    t.success.resize(1 + n, get_operation{"big"});
    return command_of(std::move(t));
  };
  auto two = d.apply(gets(1));
  EXPECT_FALSE(two.truncated);
  EXPECT_EQ(two.results.size(), 2u);
  auto many = d.apply(gets(99'000));
  EXPECT_TRUE(many.truncated && many.results.empty() && many.succeeded);
  EXPECT_EQ(many.revision.value, 3u);
}

TEST(state_apply, entries_out_of_order_stop_the_process) {
  driver d;
  d.apply(putting("k", "v"));
  auto e = d.next(entry_kind::noop, {});
  e.index = e.index + 1;
  EXPECT_DEATH(d.m.apply(e), "in order");
  e = d.next(entry_kind::noop, {});
  e.term = term_t{0};
  EXPECT_DEATH(d.m.apply(e), "never go back");
}

TEST(state_pins, are_few_and_given_back) {
  driver d;
  d.apply(putting("k", "v"));
  std::vector<pin> pins;
  for (std::size_t i = 0; i < pins_max; ++i)
    pins.push_back(*d.m.try_pin(0));
  EXPECT_FALSE(d.m.try_pin(0));
  EXPECT_EQ(d.m.digest().size(), 32u);
  pins.pop_back();
  EXPECT_TRUE(d.m.try_pin(0));
  EXPECT_EQ(d.m.pins(), pins_max - 1);
  auto moved = std::move(pins.back());
  pins.clear();
  EXPECT_EQ(d.m.pins(), 1u);
}

TEST(state_pins, keep_what_compaction_would_free_and_no_longer) {
  driver d;
  for (int i = 0; i < 100; ++i)
    d.apply(putting("k", std::to_string(i)));
  auto held = d.m.try_pin(0);
  d.apply(compacting(100));
  EXPECT_FALSE(d.m.compact_some(1000));
  EXPECT_EQ(d.m.run(get_query{"k", revision_t{50}}).code, query_outcome::compacted);
  EXPECT_EQ(held->run(get_query{"k", revision_t{50}}).items.at(0).value.view(), "49");
  auto before = d.m.logical_bytes();
  held.reset();
  EXPECT_TRUE(d.m.compact_some(10));
  EXPECT_FALSE(d.m.compact_some(1000));
  EXPECT_LT(d.m.logical_bytes() * 50, before);
}

TEST(state_pins, outlive_the_state_machine) {
  std::optional<pin> held;
  {
    driver d;
    d.apply(putting("k", "v"));
    held = d.m.try_pin(7);
  }
  EXPECT_EQ(held->run(get_query{"k", {}}).items.size(), 1u);
  EXPECT_TRUE(restore(held->meta(), chunks_of(*held)));
}

TEST(state_pins, pass_over_many_newer_keys_in_bounded_steps) {
  driver d;
  d.apply(putting("a", "first"));
  d.apply(putting("z", "last"));
  auto digest = d.m.digest();
  auto held = *d.m.try_pin(0);
  for (int i = 0; i < 50'000; ++i)
    d.apply(putting("k" + std::to_string(i), "v"));
  auto chunks = chunks_of(held);
  EXPECT_GE(chunks.size(), 3u);
  auto restored = restore(held.meta(), chunks);
  ASSERT_TRUE(restored) << restored.error().detail;
  EXPECT_EQ(restored->digest(), digest);
}

} // namespace
} // namespace troupe::storage::testing
