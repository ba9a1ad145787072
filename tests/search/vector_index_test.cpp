// Random documents come, change and go; every answer is held against comparing all vectors one by one.

#include "vector_support.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe::search {
namespace {

vector_settings small(metric m = metric::cosine) {
  vector_settings s;
  s.dimension = 16;
  s.distance = m;
  s.links = 8;
  s.build_breadth = 40;
  s.search_breadth = 16;
  s.scan_below = 0;
  s.rebuild_at = 0.3;
  return s;
}

/// An exact answer: the same scores in the same order; where scores are nearly equal either document will do.
void expect_exact(const std::vector<vector_hit>& hits, const plain_vectors& plain,
                  const std::vector<float>& query, std::size_t k, const doc_set* within) {
  auto expected = plain.search(query, k, within);
  ASSERT_EQ(hits.size(), expected.size());
  for (std::size_t i = 0; i < hits.size(); ++i) {
    ASSERT_NEAR(hits[i].score, expected[i].score, 1e-4) << i;
    ASSERT_NEAR(hits[i].score, plain.score(query, hits[i].doc, hits[i].passage), 1e-4);
  }
}

/// What holds of an approximate answer too: as many as asked for, allowed, once each, with true scores, in
/// order.
void expect_sound(const std::vector<vector_hit>& hits, const plain_vectors& plain,
                  const std::vector<float>& query, std::size_t k, const doc_set* within) {
  ASSERT_EQ(hits.size(), plain.search(query, k, within).size());
  doc_set seen;
  for (std::size_t i = 0; i < hits.size(); ++i) {
    auto& hit = hits[i];
    ASSERT_TRUE(plain.docs.count(hit.doc) != 0 && !seen.contains(hit.doc));
    ASSERT_TRUE(within == nullptr || within->contains(hit.doc));
    seen.insert(hit.doc);
    ASSERT_NEAR(hit.score, plain.score(query, hit.doc, hit.passage), 1e-4);
    if (i == 0) continue;
    auto& before = hits[i - 1];
    ASSERT_TRUE(before.score > hit.score || (before.score == hit.score && before.doc < hit.doc));
  }
}

void live_randomly(std::uint64_t seed, metric m, int steps) {
  SCOPED_TRACE("seed " + std::to_string(seed) + " metric " + std::to_string(static_cast<int>(m)));
  auto settings = small(m);
  vector_index index{settings};
  plain_vectors plain{settings};
  dice random{seed};
  clusters source{seed, 12, settings.dimension};
  for (int step = 0; step < steps; ++step) {
    auto d = static_cast<doc_id>(random.below(400));
    auto what = random.below(100);
    if (what < 55) {
      auto v = source.draw(random.below(5) == 0 ? 1 + random.below(6) : 1);
      ASSERT_TRUE(index.put(d, v).has_value());
      plain.docs[d] = v;
    } else if (what < 75) {
      index.erase(d);
      plain.docs.erase(d);
    } else if (what < 90) {
      index.link_some(random.below(60));
    } else {
      auto query = source.draw();
      doc_set some;
      auto one_in = 1 + random.below(8);
      for (doc_id each = 0; each < 400; ++each)
        if (random.below(one_in) == 0) some.insert(each);
      auto within = random.below(3) == 0 ? nullptr : &some;
      auto k = 1 + random.below(random.below(4) == 0 ? 500 : 12);
      ASSERT_NO_FATAL_FAILURE(expect_exact(*index.search_exactly(query, k, within), plain, query, k, within));
      ASSERT_NO_FATAL_FAILURE(expect_sound(*index.search(query, k, within), plain, query, k, within));
    }
    ASSERT_EQ(index.documents(), plain.docs.size());
    ASSERT_EQ(index.contains(d), plain.docs.count(d) != 0);
  }
  while (index.link_some(50)) {
  }
  EXPECT_EQ(index.waiting(), 0u);
  std::size_t vectors = 0;
  for (auto& [d, v] : plain.docs) {
    vectors += v.size() / settings.dimension;
    ASSERT_TRUE(index.holds(d, v));
  }
  EXPECT_EQ(index.vectors(), vectors);
}

TEST(vector_index, answers_as_comparing_all_does) {
  auto seed = given_seed();
  live_randomly(seed, metric::cosine, 3'000);
  live_randomly(seed + 1, metric::inner_product, 3'000);
  live_randomly(seed + 2, metric::l2, 3'000);
}

TEST(vector_index, refuses_what_is_no_vector_and_keeps_what_was_there) {
  constexpr auto infinity = std::numeric_limits<float>::infinity();
  constexpr auto nan = std::numeric_limits<float>::quiet_NaN();
  for (auto m : {metric::cosine, metric::inner_product, metric::l2}) {
    vector_index index{small(m)};
    std::vector<float> good(16, 0.5f);
    ASSERT_TRUE(index.put(3, good).has_value());
    std::vector<std::vector<float>> bad{
        {}, std::vector<float>(15, 1.f), std::vector<float>(17, 1.f), good, good};
    bad[3][7] = infinity;
    bad[4][15] = nan;
    bad.push_back(std::vector<float>(16 * 65, 1.f)); // one more than passages_max
    if (m == metric::cosine) bad.push_back(std::vector<float>(16, 0.f));
    if (m != metric::cosine) bad.push_back(std::vector<float>(16, 2e16f));
    for (auto& v : bad) {
      auto put = index.put(3, v);
      ASSERT_FALSE(put.has_value());
      EXPECT_EQ(put.error().code, errc::invalid_argument);
      EXPECT_FALSE(index.search(v, 1).has_value());
      EXPECT_FALSE(index.search_exactly(v, 1).has_value());
    }
    EXPECT_FALSE(index.search(std::vector<float>(32, 1.f), 1).has_value()) << "a query is one vector";
    EXPECT_TRUE(index.holds(3, good));
    EXPECT_EQ(index.search(good, 5)->size(), 1u);
  }
}

TEST(vector_index, takes_the_smallest_and_largest_numbers_that_have_a_direction) {
  vector_index index{small()};
  ASSERT_TRUE(index.put(0, std::vector<float>(16, std::numeric_limits<float>::max())).has_value());
  ASSERT_TRUE(index.put(1, std::vector<float>(16, -std::numeric_limits<float>::denorm_min())).has_value());
  auto hits = *index.search(std::vector<float>(16, 1.f), 2);
  ASSERT_EQ(hits.size(), 2u);
  EXPECT_EQ(hits[0].doc, 0u);
  EXPECT_NEAR(hits[0].score, 1, 1e-6);
  EXPECT_NEAR(hits[1].score, -1, 1e-6);
}

TEST(vector_index, finds_what_is_not_linked_and_not_what_is_gone) {
  vector_index index{small()};
  clusters source{1, 4, 16};
  auto first = source.draw();
  auto second = source.draw();
  ASSERT_TRUE(index.put(0, first).has_value());
  EXPECT_EQ(index.waiting(), 1u);
  EXPECT_NEAR(index.search(first, 1)->at(0).score, 1, 1e-6);
  EXPECT_FALSE(index.link_some(10));
  EXPECT_EQ(index.waiting(), 0u);
  ASSERT_TRUE(index.put(0, second).has_value());
  EXPECT_NEAR(index.search(second, 1)->at(0).score, 1, 1e-6);
  EXPECT_LT(index.search(first, 1)->at(0).score, 0.999);
  index.erase(0);
  EXPECT_TRUE(index.search(first, 1)->empty());
  EXPECT_EQ(index.documents(), 0u);
  EXPECT_EQ(index.vectors(), 0u);
}

TEST(vector_index, orders_equal_scores_by_document_or_by_key) {
  for (std::size_t scan_below : {std::size_t{0}, std::size_t{10'000}}) {
    auto settings = small();
    settings.scan_below = scan_below;
    settings.search_breadth = 200;
    vector_index index{settings};
    std::vector<float> v(16, 1.f);
    for (doc_id d = 0; d < 100; ++d)
      ASSERT_TRUE(index.put(d, v).has_value());
    while (index.link_some(100)) {
    }
    auto hits = *index.search(v, 100);
    ASSERT_EQ(hits.size(), 100u);
    for (doc_id d = 0; d < 100; ++d)
      EXPECT_EQ(hits[d].doc, d);
    std::vector<std::string> keys;
    for (doc_id d = 0; d < 100; ++d)
      keys.push_back(std::to_string(999 - d));
    vector_ties ties{[](const void* all, doc_id d) -> std::string_view {
                       return static_cast<const std::vector<std::string>*>(all)->at(d);
                     },
                     &keys};
    auto by_key = *index.search(v, 5, nullptr, ties);
    ASSERT_EQ(by_key.size(), 5u);
    EXPECT_EQ(by_key[0].doc, 99u);
    EXPECT_EQ(by_key[4].doc, 95u);
  }
}

TEST(vector_index, shows_each_document_once_by_its_best_passage) {
  vector_index index{small(metric::inner_product)};
  // All near vectors are one document's: the search has to go on past them.
  std::vector<float> many(16 * 64, 0.f);
  for (std::size_t p = 0; p < 64; ++p)
    many[p * 16] = 10 + static_cast<float>(p);
  ASSERT_TRUE(index.put(7, many).has_value());
  for (doc_id d = 8; d < 60; ++d) {
    std::vector<float> v(16, 0.f);
    v[0] = 1.f / static_cast<float>(d);
    ASSERT_TRUE(index.put(d, v).has_value());
  }
  while (index.link_some(7)) {
  }
  std::vector<float> query(16, 0.f);
  query[0] = 1;
  auto hits = *index.search(query, 20);
  ASSERT_EQ(hits.size(), 20u);
  EXPECT_EQ(hits[0].doc, 7u);
  EXPECT_EQ(hits[0].passage, 63u);
  EXPECT_EQ(hits[0].score, 73);
  for (std::size_t i = 1; i < hits.size(); ++i)
    EXPECT_EQ(hits[i].doc, 7 + i);
}

TEST(vector_index, hidden_documents_are_in_no_answer_and_no_count) {
  vector_index index{small()};
  clusters source{5, 4, 16};
  std::vector<std::vector<float>> vectors;
  for (doc_id d = 0; d < 40; ++d) {
    vectors.push_back(source.draw(2));
    ASSERT_TRUE(index.put(d, vectors.back()).has_value());
  }
  index.link_some(50); // some linked, some not
  for (doc_id d = 0; d < 40; d += 2)
    index.hide(d);
  EXPECT_EQ(index.documents(), 20u);
  EXPECT_EQ(index.vectors(), 40u);
  for (auto& hit : *index.search(source.draw(), 40))
    EXPECT_EQ(hit.doc % 2, 1u);
  EXPECT_EQ(index.search(source.draw(), 40)->size(), 20u);
  EXPECT_TRUE(index.holds(0, vectors[0]));
  EXPECT_FALSE(index.holds(0, vectors[1]));
  index.show(0);
  EXPECT_EQ(index.search(source.draw(), 40)->size(), 21u);
  index.erase(2);
  index.show(2);
  EXPECT_EQ(index.documents(), 21u);
  for (doc_id d = 0; d < 40; ++d)
    index.hide(d);
  EXPECT_TRUE(index.search(source.draw(), 40)->empty());
  EXPECT_EQ(index.vectors(), 0u);
}

TEST(vector_index, reclaims_the_space_of_what_was_replaced) {
  auto settings = small();
  vector_index index{settings};
  clusters source{9, 4, 16};
  for (int round = 0; round < 10; ++round)
    for (doc_id d = 0; d < 100; ++d) {
      ASSERT_TRUE(index.put(d, source.draw()).has_value());
      index.link_some(3);
    }
  while (index.link_some(10)) {
  }
  auto worn = index.memory_bytes();
  vector_index fresh{settings};
  for (doc_id d = 0; d < 100; ++d)
    ASSERT_TRUE(fresh.put(d, source.draw()).has_value());
  while (fresh.link_some(10)) {
  }
  // Tombstones stay below the share of 0.3, so the graph below 1.5 times its least size.
  EXPECT_LT(worn, fresh.memory_bytes() + 100 * (16 * 4 + 100 + 128));
}

} // namespace
} // namespace troupe::search
