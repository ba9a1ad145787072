// Every instruction set gives the same distances, at every length.

#include "search/vector_distance.hpp"
#include "vector_support.hpp"

#include <gtest/gtest.h>

namespace troupe::search {
namespace {

TEST(vector_distance, agrees_with_double_precision_at_every_length) {
  dice random{given_seed()};
  for (int level = 0; level <= static_cast<int>(widest_simd()); ++level)
    for (std::size_t size = 1; size <= 140; ++size) {
      // One float further than aligned: vectors stand anywhere in the graph's memory.
      std::vector<float> a(size + 1), b(size + 1);
      double dot = 0, square = 0;
      for (std::size_t i = 1; i <= size; ++i) {
        a[i] = random.real();
        b[i] = random.real();
        dot += static_cast<double>(a[i]) * b[i];
        square += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
      }
      auto by = [&](metric m) {
        return distance_for(m, static_cast<simd>(level))(a.data() + 1, b.data() + 1, &size);
      };
      ASSERT_NEAR(by(metric::l2), square, 1e-4) << level << ' ' << size;
      ASSERT_NEAR(by(metric::inner_product), -dot, 1e-4) << level << ' ' << size;
      ASSERT_EQ(by(metric::cosine), by(metric::inner_product));
    }
}

TEST(vector_distance, does_not_overflow_on_the_largest_floats_admitted) {
  std::size_t size = vector_dimension_max;
  std::vector<float> a(size, vector_float_max), b(size, -vector_float_max);
  for (int level = 0; level <= static_cast<int>(widest_simd()); ++level)
    for (auto m : {metric::l2, metric::inner_product})
      EXPECT_TRUE(std::isfinite(distance_for(m, static_cast<simd>(level))(a.data(), b.data(), &size)));
}

} // namespace
} // namespace troupe::search
