// The model, annotations and what waits for them.

#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

using names = std::vector<std::string>;

driver with_model(vector_maker maker) {
  driver d;
  d.apply(setting(maker, "m@1", 2));
  return d;
}

stored_annotation stored(std::uint64_t mod_revision, float x) {
  return {revision_t{mod_revision}, annotation_outcome::embedded, vectors_of(x)};
}
stored_annotation stored(std::uint64_t mod_revision, annotation_outcome outcome) {
  return {revision_t{mod_revision}, outcome, {}};
}

TEST(embedding, without_a_model_nothing_waits_and_nothing_is_kept) {
  driver d;
  d.apply(putting("k", "v"));
  EXPECT_EQ(d.m.embedding(), embedding_state{});
  EXPECT_EQ(d.m.pending_vectors(), 0u);
  EXPECT_EQ(d.m.vector_revision().value, 1u);
  EXPECT_FALSE(d.annotate(embedded_as("k", 1, 1)));
  EXPECT_FALSE(d.annotate(noted_as("k", 1, annotation_outcome::skipped)));
  EXPECT_EQ(d.annotation("k"), std::nullopt);
  // None is what it is already.
  d.apply(setting(vector_maker::none, "", 0));
  EXPECT_EQ(d.m.embedding().id.value, 0u);
}

TEST(embedding, values_wait_until_they_are_annotated) {
  driver d;
  d.apply(putting("z", "before the model"));
  d.apply(putting("y", "before the model"));
  EXPECT_EQ(d.apply(setting(vector_maker::builtin, "m@1", 2)).code, outcome::applied);
  EXPECT_EQ(d.m.embedding().id.value, 3u);
  EXPECT_EQ(d.waiting(), (names{"z", "y"}));
  EXPECT_EQ(d.m.vector_revision().value, 0u);
  d.apply(command_of({{}, {put_of("b", "1"), put_of("a", "\xff", media_type::bytes)}, {}}));
  d.apply(putting("z", "again"));
  EXPECT_EQ(d.waiting(), (names{"y", "a", "b", "z"}));
  EXPECT_EQ(d.m.vector_revision().value, 1u);
  EXPECT_TRUE(d.annotate(embedded_as("y", 2, 1)));
  EXPECT_EQ(d.m.vector_revision().value, 2u);
  EXPECT_TRUE(d.annotate(noted_as("a", 3, annotation_outcome::skipped)));
  EXPECT_EQ(d.waiting(), (names{"b", "z"}));
  d.apply(deleting("b"));
  EXPECT_EQ(d.m.vector_revision().value, 3u);
  EXPECT_TRUE(d.annotate(noted_as("z", 4, annotation_outcome::failed)));
  EXPECT_EQ(d.m.pending_vectors(), 0u);
  EXPECT_EQ(d.m.vector_revision(), d.m.revision());
  EXPECT_EQ(d.annotation("y"), stored(2, 1));
  EXPECT_EQ(d.annotation("a"), stored(3, annotation_outcome::skipped));
  EXPECT_EQ(d.annotation("z"), stored(4, annotation_outcome::failed));
}

TEST(embedding, what_waits_comes_in_pages) {
  auto d = with_model(vector_maker::http);
  for (auto key : {"c", "b", "a"})
    d.apply(putting(key, std::string(100, 'v')));
  auto first = d.m.pending_after({}, {}, 1);
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0], (key_value{"c", blob{std::string(100, 'v')}, media_type::bytes, revision_t{1},
                                 revision_t{1}, 1}));
  auto rest = d.m.pending_after(first[0].mod_revision, first[0].key, 400);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[1].key, "a");
  EXPECT_TRUE(d.m.pending_after(rest[1].mod_revision, rest[1].key, 400).empty());
}

TEST(embedding, annotations_take_no_revision_and_change_no_version) {
  auto d = with_model(vector_maker::builtin);
  d.apply(putting("k", "v"));
  auto before = d.m.run(get_query{"k", {}});
  auto r = d.apply(annotating(embedded_as("k", 1, 1)));
  EXPECT_EQ(r.code, outcome::applied);
  EXPECT_EQ(r.revision.value, 1u);
  EXPECT_EQ(d.m.run(get_query{"k", {}}), before);
}

TEST(embedding, only_the_newest_value_and_the_model_in_force_count) {
  auto d = with_model(vector_maker::builtin);
  d.apply(putting("k", "1"));
  d.apply(putting("k", "2"));
  EXPECT_FALSE(d.annotate(embedded_as("k", 1, 1)));
  EXPECT_FALSE(d.annotate(embedded_as("k", 3, 1)));
  EXPECT_FALSE(d.annotate(embedded_as("k", 0, 1))); // not written by this transaction
  EXPECT_FALSE(d.annotate(embedded_as("absent", 2, 1)));
  EXPECT_FALSE(d.annotate(embedded_as("k", 2, 1, model_id{2})));
  EXPECT_EQ(d.waiting(), names{"k"});
  EXPECT_TRUE(d.annotate(embedded_as("k", 2, 1, model_id{1})));
  d.apply(putting("k", "3"));
  EXPECT_EQ(d.annotation("k"), std::nullopt);
  EXPECT_EQ(d.waiting(), names{"k"});
  d.annotate(embedded_as("k", 3, 1));
  d.apply(deleting("k"));
  EXPECT_FALSE(d.annotate(embedded_as("k", 3, 1)));
  EXPECT_FALSE(d.annotate(embedded_as("k", 4, 1)));
  EXPECT_EQ(d.m.pending_vectors(), 0u);
}

TEST(embedding, a_transaction_brings_vectors_for_what_it_puts) {
  auto d = with_model(vector_maker::client);
  auto r = d.apply(command_of({{}, {put_of("k", "v"), embedded_as("k", 0, 1)}, {}}));
  EXPECT_EQ(r.results, (std::vector<operation_result>{put_result{true}, annotate_result{true}}));
  EXPECT_EQ(r.revision.value, 1u);
  EXPECT_EQ(d.annotation("k"), stored(1, 1));
  // Vectors of a value that the same transaction writes over are not the newer one's.
  d.apply(command_of({{}, {put_of("k", "v"), embedded_as("k", 0, 2), put_of("k", "w")}, {}}));
  EXPECT_EQ(d.annotation("k"), std::nullopt);
  r = d.apply(command_of(
      {{}, {embedded_as("k", 0, 3), put_of("k", "v"), delete_operation{"k"}, embedded_as("k", 0, 3)}, {}}));
  EXPECT_EQ(r.results[0], operation_result{annotate_result{false}});
  EXPECT_EQ(r.results[3], operation_result{annotate_result{false}});
  // Clients bring vectors or they do not: nobody waits for them.
  d.apply(putting("other", "v"));
  EXPECT_EQ(d.m.pending_vectors(), 0u);
  EXPECT_EQ(d.m.vector_revision(), d.m.revision());
}

TEST(embedding, annotations_only_become_better) {
  auto d = with_model(vector_maker::builtin);
  d.apply(putting("k", "v"));
  // Accepted is what fits, whether or not it is news: restored nodes may know it already.
  EXPECT_TRUE(d.annotate(noted_as("k", 1, annotation_outcome::failed)));
  EXPECT_TRUE(d.annotate(noted_as("k", 1, annotation_outcome::skipped)));
  EXPECT_EQ(d.annotation("k"), stored(1, annotation_outcome::failed));
  EXPECT_TRUE(d.annotate(embedded_as("k", 1, 1)));
  EXPECT_TRUE(d.annotate(embedded_as("k", 1, 2)));
  EXPECT_TRUE(d.annotate(noted_as("k", 1, annotation_outcome::failed)));
  EXPECT_EQ(d.annotation("k"), stored(1, 1));
}

TEST(embedding, vectors_of_another_dimension_are_a_failure) {
  auto d = with_model(vector_maker::builtin);
  d.apply(putting("k", "v"));
  auto wrong = embedded_as("k", 1, 1);
  wrong.vectors = vectors_of(1, 3);
  EXPECT_FALSE(d.annotate(wrong));
  EXPECT_EQ(d.annotation("k"), stored(1, annotation_outcome::failed));
  EXPECT_EQ(d.m.pending_vectors(), 0u);
  EXPECT_TRUE(d.annotate(embedded_as("k", 1, 1)));
  EXPECT_EQ(d.annotation("k"), stored(1, 1));
}

TEST(embedding, another_model_begins_anew) {
  auto d = with_model(vector_maker::builtin);
  d.apply(putting("a", "v"));
  d.apply(putting("gone", "v"));
  d.apply(deleting("gone"));
  d.annotate(embedded_as("a", 1, 1));
  auto digest = d.m.digest();
  d.apply(setting(vector_maker::builtin, "m@1", 2));
  EXPECT_EQ(d.m.embedding().id.value, 1u);
  EXPECT_EQ(d.annotation("a"), stored(1, 1));
  EXPECT_EQ(d.m.vector_revision().value, 3u);
  d.apply(setting(vector_maker::builtin, "m@2", 2));
  EXPECT_EQ(d.m.embedding().id, model_id{d.m.applied().value});
  EXPECT_EQ(d.annotation("a"), std::nullopt);
  EXPECT_EQ(d.waiting(), names{"a"});
  EXPECT_EQ(d.m.vector_revision().value, 0u);
  EXPECT_NE(d.m.digest(), digest);
  d.apply(setting(vector_maker::client, "m@2", 2));
  EXPECT_EQ(d.m.pending_vectors(), 0u);
  d.annotate(embedded_as("a", 1, 2));
  d.apply(setting(vector_maker::none, "", 0));
  EXPECT_EQ(d.annotation("a"), std::nullopt);
  EXPECT_NE(d.m.embedding().id.value, 0u);
}

TEST(embedding, bytes_of_vectors_count_until_they_are_freed) {
  auto d = with_model(vector_maker::client);
  d.apply(putting("a", "v"));
  d.apply(putting("b", "v"));
  auto without = d.m.logical_bytes();
  d.annotate(embedded_as("a", 1, 1));
  d.annotate(noted_as("b", 2, annotation_outcome::failed));
  EXPECT_EQ(d.m.logical_bytes(), without + 64 + vectors_of(1).size() + 64);
  d.annotate(embedded_as("b", 2, 1));
  EXPECT_EQ(d.m.logical_bytes(), without + 2 * (64 + vectors_of(1).size()));
  d.apply(setting(vector_maker::none, "", 0));
  EXPECT_TRUE(d.m.compact_some(1));
  EXPECT_FALSE(d.m.compact_some(10));
  EXPECT_EQ(d.m.logical_bytes(), without);
}

TEST(embedding, digests_and_copies_know_vectors) {
  driver a = with_model(vector_maker::builtin), b = with_model(vector_maker::builtin);
  for (auto* d : {&a, &b})
    for (auto key : {"x", "y", "z"})
      d->apply(putting(key, "v"));
  EXPECT_EQ(a.m.digest(), b.m.digest());
  a.annotate(embedded_as("y", 2, 1));
  b.annotate(embedded_as("y", 2, 2));
  EXPECT_NE(a.m.digest(), b.m.digest());
  auto copy = copy_of(a.m, 30);
  ASSERT_TRUE(copy) << copy.error().detail;
  EXPECT_EQ(copy->digest(), a.m.digest());
  driver c{std::move(*copy)};
  EXPECT_EQ(c.m.embedding(), a.m.embedding());
  EXPECT_EQ(c.annotation("y"), stored(2, 1));
  EXPECT_EQ(c.waiting(), (names{"x", "z"}));
  EXPECT_EQ(c.m.logical_bytes(), a.m.logical_bytes());
}

TEST(embedding, a_pin_gives_what_it_saw_with_the_vectors_of_now) {
  auto d = with_model(vector_maker::builtin);
  for (auto key : {"deleted", "kept", "written"})
    d.apply(putting(key, "old"));
  auto p = *d.m.try_pin(0);
  EXPECT_EQ(p.embedding(), d.m.embedding());
  d.annotate(embedded_as("kept", 2, 1));
  d.annotate(embedded_as("written", 3, 1));
  d.apply(putting("written", "new"));
  d.annotate(embedded_as("written", 4, 2));
  d.apply(deleting("deleted"));
  d.apply(putting("later", "new"));
  std::vector<key_change> items;
  while (!p.items_done())
    for (auto& item : p.next_items(1))
      items.push_back(item);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[0], (key_change{"deleted", true, blob{"old"}, media_type::bytes, revision_t{1}, {}}));
  EXPECT_EQ(items[1],
            (key_change{"kept", true, blob{"old"}, media_type::bytes, revision_t{2}, stored(2, 1)}));
  EXPECT_EQ(items[2], (key_change{"written", true, blob{"old"}, media_type::bytes, revision_t{3}, {}}));
  EXPECT_FALSE(p.done());
  // Vectors of another model are never given as those of the pin's.
  auto q = *d.m.try_pin(0);
  auto former = q.embedding();
  d.apply(setting(vector_maker::client, "m@2", 2));
  d.annotate(embedded_as("kept", 2, 3));
  EXPECT_EQ(q.embedding(), former);
  while (!q.items_done())
    for (auto& item : q.next_items())
      EXPECT_EQ(item.annotation, std::nullopt);
}

} // namespace
} // namespace troupe::storage::testing
