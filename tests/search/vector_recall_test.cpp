// The graph finds what comparing all vectors finds, nearly always: recall at 10 on clustered vectors.

#include "vector_support.hpp"

#include <gtest/gtest.h>

namespace troupe::search {
namespace {

constexpr std::size_t k = 10;

double recall(const vector_index& index, clusters& source, const doc_set* within, int queries) {
  std::size_t found = 0;
  for (int i = 0; i < queries; ++i) {
    auto query = source.draw();
    auto exact = *index.search_exactly(query, k, within);
    auto hits = *index.search(query, k, within);
    EXPECT_EQ(hits.size(), k);
    for (auto& hit : hits)
      found += std::any_of(exact.begin(), exact.end(), [&](auto& e) { return e.doc == hit.doc; });
  }
  return static_cast<double>(found) / (static_cast<double>(k) * queries);
}

class vector_recall : public testing::TestWithParam<metric> {};

TEST_P(vector_recall, stays_high_through_updates_deletes_and_filters) {
  auto seed = given_seed();
  vector_settings settings;
  settings.dimension = 48;
  settings.distance = GetParam();
  settings.scan_below = 100;
  settings.build_breadth = 100;
  vector_index index{settings};
  clusters source{seed, 40, settings.dimension};
  dice random{seed};
  constexpr doc_id docs = 2'500;
  for (doc_id d = 0; d < docs; ++d)
    ASSERT_TRUE(index.put(d, source.draw()).has_value());
  while (index.link_some(100)) {
  }
  EXPECT_GE(recall(index, source, nullptr, 60), 0.95);

  // Half-way to the next rebuild, with some not linked yet.
  for (doc_id d = 0; d < 600; ++d)
    if (d % 2 == 0)
      index.erase(d);
    else
      ASSERT_TRUE(index.put(d, source.draw()).has_value());
  index.link_some(200);
  EXPECT_GE(recall(index, source, nullptr, 60), 0.95);

  doc_set most;
  for (doc_id d = 0; d < docs; ++d)
    if (random.below(10) < 8) most.insert(d);
  EXPECT_GE(recall(index, source, &most, 60), 0.95);
}

INSTANTIATE_TEST_SUITE_P(metrics, vector_recall,
                         testing::Values(metric::cosine, metric::inner_product, metric::l2));

} // namespace
} // namespace troupe::search
