#include "command/vectors.hpp"

#include "command/limits.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe {
namespace {

TEST(vectors, come_back_as_they_were) {
  for (std::uint32_t dimension : {1u, 3u, 512u, limits::vector_dimension_max})
    for (std::uint32_t count : {1u, 2u, limits::passages_max}) {
      passage_vectors v;
      for (std::uint32_t i = 0; i < count; ++i)
        v.passages.emplace_back(i * 10, i * 10 + 9);
      for (std::uint32_t i = 0; i < count * dimension; ++i)
        v.vectors.push_back(static_cast<float>(i) / 7 - 3);
      auto bytes = encode_vectors(v);
      EXPECT_LE(bytes.size(), limits::vectors_bytes_max);
      EXPECT_EQ(dimension_of(bytes.view()), dimension);
      EXPECT_TRUE(valid_vectors(bytes.view(), dimension));
      EXPECT_FALSE(valid_vectors(bytes.view(), dimension + 1));
      EXPECT_FALSE(valid_vectors(bytes.view(), 0));
      auto back = decode_vectors(bytes.view(), dimension);
      ASSERT_TRUE(back) << back.error().detail;
      EXPECT_EQ(*back, v);
    }
}

TEST(vectors, have_to_be_numbers_of_passages) {
  auto valid = [](const passage_vectors& v, std::uint32_t dimension) {
    return valid_vectors(encode_vectors(v).view(), dimension);
  };
  EXPECT_TRUE(valid({{{0, 0}}, {1, 2}}, 2));
  EXPECT_FALSE(valid({{{5, 4}}, {1, 2}}, 2));
  EXPECT_FALSE(valid({{{0, 1}}, {1, std::numeric_limits<float>::quiet_NaN()}}, 2));
  EXPECT_FALSE(valid({{{0, 1}}, {std::numeric_limits<float>::infinity(), 1}}, 2));
  EXPECT_FALSE(valid({{{0, 1}}, {}}, 0));
  passage_vectors many;
  many.passages.resize(limits::passages_max + 1);
  many.vectors.resize(limits::passages_max + 1);
  EXPECT_FALSE(valid(many, 1));
  EXPECT_FALSE(valid({{{0, 1}}, std::vector<float>(limits::vector_dimension_max + 1)},
                     limits::vector_dimension_max + 1));
  EXPECT_EQ(dimension_of(""), 0u);
  EXPECT_FALSE(valid_vectors("", 0));
  EXPECT_FALSE(valid_vectors(std::string(3, '\1'), 1));
  EXPECT_FALSE(decode_vectors(std::string(16, '\0'), 1));
}

} // namespace
} // namespace troupe
