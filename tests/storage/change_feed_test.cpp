// What followers of the key space are given.

#include "command/limits.hpp"
#include "storage/change_feed.hpp"
#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

using names = std::vector<std::string>;

names keys_of(const change_batch& b) {
  names keys;
  for (auto& item : b.items)
    keys.push_back(item.key);
  return keys;
}

TEST(changes, give_each_key_once_as_it_is_now) {
  driver d;
  d.apply(putting("a", "1"));
  d.apply(putting("b", "1"));
  d.apply(putting("a", "2"));
  d.apply(deleting("b"));
  d.apply(command_of(
      {{}, {put_of("x", "1"), put_of("y", "1"), put_of("x", "2"), delete_operation{"absent"}}, {}}));
  auto all = d.m.changes_after(index_t{0}, SIZE_MAX);
  EXPECT_FALSE(all.behind);
  EXPECT_TRUE(all.complete);
  EXPECT_EQ(all.upto.value, 5u);
  EXPECT_EQ(all.revision.value, 5u);
  ASSERT_EQ(keys_of(all), (names{"a", "b", "x", "y"}));
  EXPECT_EQ(all.items[0].value.view(), "2");
  EXPECT_EQ(all.items[0].mod_revision.value, 3u);
  EXPECT_FALSE(all.items[1].exists);
  EXPECT_EQ(all.items[2].value.view(), "2");
  EXPECT_EQ(keys_of(d.m.changes_after(index_t{3}, SIZE_MAX)), (names{"b", "x", "y"}));
  auto none = d.m.changes_after(index_t{5}, SIZE_MAX);
  EXPECT_TRUE(none.complete && none.items.empty());
  EXPECT_EQ(none.upto.value, 5u);
  EXPECT_EQ(none.revision.value, 5u);
}

TEST(changes, come_in_whole_entries) {
  driver d;
  d.apply(putting("a", "1"));
  d.apply(command_of({{}, {put_of("x", "1"), put_of("y", "1"), put_of("z", "1")}, {}}));
  d.m.apply(d.next(entry_kind::noop, {}));
  d.apply(putting("b", "1"));
  d.apply({{}, {}, open_session{}});
  auto b = d.m.changes_after(index_t{0}, 1);
  EXPECT_EQ(keys_of(b), names{"a"});
  EXPECT_EQ(b.upto.value, 1u);
  EXPECT_EQ(b.revision.value, 1u);
  EXPECT_FALSE(b.complete);
  b = d.m.changes_after(b.upto, 1);
  EXPECT_EQ(keys_of(b), (names{"x", "y", "z"}));
  EXPECT_EQ(b.upto.value, 2u);
  EXPECT_EQ(b.revision.value, 2u);
  b = d.m.changes_after(b.upto, 1);
  EXPECT_EQ(keys_of(b), names{"b"});
  // Nothing is left to say, though the last entries changed nothing.
  EXPECT_EQ(b.upto.value, 5u);
  EXPECT_EQ(b.revision.value, 3u);
  EXPECT_TRUE(b.complete);
}

TEST(changes, are_bounded_by_what_they_look_at_too) {
  driver d;
  for (int i = 0; i < 1'000; ++i)
    d.apply(putting("a", "1"));
  auto b = d.m.changes_after(index_t{0}, 1'000);
  EXPECT_EQ(b.items.size(), 1u);
  EXPECT_FALSE(b.complete);
  EXPECT_GT(b.upto.value, 10u);
}

TEST(changes, do_not_lead_who_is_ahead) {
  driver d;
  d.apply(putting("a", "1"));
  auto b = d.m.changes_after(index_t{7}, SIZE_MAX);
  EXPECT_FALSE(b.behind || b.complete);
  EXPECT_TRUE(b.items.empty());
  EXPECT_EQ(b.upto.value, 7u);
}

TEST(changes, tell_of_annotations_and_the_model) {
  driver d;
  d.apply(putting("a", "1"));
  d.apply(putting("b", "1"));
  d.apply(setting(vector_maker::builtin, "m@1", 2));
  auto b = d.m.changes_after(index_t{2}, SIZE_MAX);
  EXPECT_TRUE(b.complete && b.items.empty());
  EXPECT_EQ(b.embedding,
            (embedding_state{model_id{3}, {vector_maker::builtin, "m@1", 2, vector_metric::cosine}}));
  EXPECT_EQ(b.pending, 2u);
  EXPECT_EQ(b.vector_revision.value, 0u);
  d.annotate(embedded_as("a", 1, 1));
  b = d.m.changes_after(index_t{3}, SIZE_MAX);
  ASSERT_EQ(keys_of(b), names{"a"});
  EXPECT_EQ(b.revision.value, 2u);
  EXPECT_EQ(b.items[0].annotation,
            (stored_annotation{revision_t{1}, annotation_outcome::embedded, vectors_of(1)}));
  EXPECT_EQ(b.pending, 1u);
  EXPECT_EQ(b.vector_revision.value, 1u);
  // What was refused changed nothing; what was accepted is told even if it was known.
  d.annotate(embedded_as("b", 1, 1));
  EXPECT_TRUE(d.m.changes_after(index_t{4}, SIZE_MAX).items.empty());
  d.annotate(embedded_as("a", 1, 2));
  EXPECT_EQ(keys_of(d.m.changes_after(index_t{5}, SIZE_MAX)), names{"a"});
}

TEST(changes, know_the_revision_of_mixed_entries) {
  driver d;
  d.apply(setting(vector_maker::client, "m@1", 2));
  d.apply(putting("a", "1"));
  d.apply(command_of({{}, {embedded_as("a", 1, 1), put_of("b", "1"), embedded_as("b", 0, 1)}, {}}));
  d.apply(annotating(embedded_as("a", 1, 1)));
  d.apply(putting("c", "1"));
  EXPECT_EQ(d.m.changes_after(index_t{2}, 1).revision.value, 2u);
  EXPECT_EQ(d.m.changes_after(index_t{3}, 1).revision.value, 2u);
  EXPECT_EQ(d.m.changes_after(index_t{4}, 1).revision.value, 3u);
}

TEST(changes, begin_with_the_state_that_was_loaded) {
  driver d;
  d.apply(putting("a", "1"));
  d.apply(putting("a", "2"));
  driver copy{*copy_of(d.m)};
  EXPECT_TRUE(copy.m.changes_after(index_t{1}, SIZE_MAX).behind);
  EXPECT_TRUE(copy.m.changes_after(index_t{1}, SIZE_MAX).items.empty());
  EXPECT_TRUE(copy.m.changes_after(index_t{2}, SIZE_MAX).complete);
  copy.apply(putting("b", "1"));
  EXPECT_EQ(keys_of(copy.m.changes_after(index_t{2}, SIZE_MAX)), names{"b"});
}

TEST(change_feed, forgets_the_oldest_when_it_has_too_many) {
  change_feed feed;
  constexpr auto entries = change_feed::records_max / 2;
  // Two changes an entry, and the last entry's first change pushes the very first one out.
  for (std::uint64_t i = 1; i <= entries; ++i)
    for (auto key : {"a", "b"})
      feed.add(index_t{i}, revision_t{i}, key);
  EXPECT_EQ(feed.floor().value, 0u);
  feed.add(index_t{entries + 1}, revision_t{1}, "c");
  EXPECT_EQ(feed.floor().value, 1u);
  EXPECT_EQ(feed.first_after(feed.floor())->index.value, 2u);
  EXPECT_EQ(feed.first_after(index_t{entries})->key.view(), "c");
  EXPECT_EQ(feed.first_after(index_t{entries + 1}), feed.end());
}

TEST(change_feed, forgets_the_oldest_when_keys_are_long) {
  change_feed feed{index_t{10}};
  EXPECT_EQ(feed.floor().value, 10u);
  const std::string key(limits::key_bytes_max, 'k');
  for (std::uint64_t i = 11; i < 2'000; ++i) {
    feed.add(index_t{i}, revision_t{i}, key);
    ASSERT_LE(feed.bytes(), change_feed::bytes_max);
  }
  EXPECT_GT(feed.floor().value, 1'000u);
  EXPECT_GT(feed.bytes(), change_feed::bytes_max / 2);
  EXPECT_EQ(feed.first_after(feed.floor())->index, feed.floor() + 1);
}

} // namespace
} // namespace troupe::storage::testing
