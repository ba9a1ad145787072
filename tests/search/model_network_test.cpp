#include "model_support.hpp"

#include <array>
#include <cmath>

namespace troupe::search {
namespace {

float dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    sum += a[i] * b[i];
  return sum;
}

float furthest(std::span<const float> a, std::span<const float> b) {
  float most = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

using use_network_test = with_model;

TEST_F(use_network_test, every_kernel_gives_the_vectors_of_the_reference) {
  const auto texts = reference_texts();
  for (const auto& k : usable_kernels()) {
    use_network network{data_->weights, k};
    for (std::size_t i = 0; i < texts.size(); i += network_step) {
      const auto& t = texts[i];
      std::array<float, use_dimension> vector{};
      const auto done = network.embed(t.ids, vector);
      ASSERT_EQ(done.has_value(), !t.ids.empty()) << t.text;
      if (!done) continue;
      ASSERT_EQ(t.vector.size(), vector.size());
      EXPECT_LT(furthest(vector, t.vector), 1e-4F) << k.name << ": " << t.text;
      EXPECT_NEAR(dot(vector, vector), 1, 1e-4) << k.name << ": " << t.text;
    }
  }
}

TEST_F(use_network_test, gives_the_same_bits_again) {
  const std::vector<std::uint32_t> ids{34, 2280, 3744, 1394, 152, 2009, 7};
  for (const auto& k : usable_kernels()) {
    use_network one{data_->weights, k};
    use_network other{data_->weights, k};
    std::array<float, use_dimension> first{};
    std::array<float, use_dimension> between{};
    std::array<float, use_dimension> again{};
    ASSERT_TRUE(one.embed(ids, first));
    ASSERT_TRUE(other.embed(std::vector<std::uint32_t>(20, 9), between));
    ASSERT_TRUE(other.embed(ids, again));
    EXPECT_EQ(first, again) << k.name;
  }
}

TEST_F(use_network_test, refuses_pieces_that_do_not_exist) {
  use_network network{data_->weights};
  std::array<float, use_dimension> vector{};
  EXPECT_EQ(network.embed({}, vector).error().code, errc::invalid_argument);
  EXPECT_EQ(network.embed(std::vector<std::uint32_t>{1, 8002}, vector).error().code, errc::invalid_argument);
}

/// All shapes that a tile can have, against the plain sum.
TEST(use_kernels_test, multiply_as_the_definition_says) {
  std::uint64_t state = 7;
  const auto next = [&] {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<float>(state >> 40) / static_cast<float>(1 << 24) - 0.5F;
  };
  for (const std::size_t rows : {1, 2, 3, 5, 6, 7, 11, 12, 13, 25})
    for (const std::size_t columns : {16, 32, 48})
      for (const std::size_t depth : {1, 7, 64}) {
        const std::size_t a_stride = depth + 3;
        const std::size_t c_stride = columns + 5;
        std::vector<float> a(rows * a_stride);
        std::vector<float> b(depth * columns);
        std::vector<float> bias(columns);
        std::vector<float> before(rows * c_stride);
        for (auto* values : {&a, &b, &bias, &before})
          for (auto& v : *values)
            v = next();
        for (const auto& k : usable_kernels())
          for (const bool add : {false, true})
            for (const bool with_bias : {false, true}) {
              auto c = before;
              k.multiply({a.data(), a_stride, rows, depth, b.data(), columns,
                          with_bias ? bias.data() : nullptr, c.data(), c_stride, add});
              for (std::size_t r = 0; r < rows; ++r)
                for (std::size_t i = 0; i < c_stride; ++i) {
                  double want = add || i >= columns ? before[r * c_stride + i] : 0;
                  if (i < columns) {
                    if (with_bias) want += bias[i];
                    for (std::size_t d = 0; d < depth; ++d)
                      want += double{a[r * a_stride + d]} * b[(i / 16 * depth + d) * 16 + i % 16];
                  }
                  ASSERT_NEAR(c[r * c_stride + i], want, 1e-5)
                      << k.name << " " << rows << "x" << depth << "x" << columns << " at " << r << "," << i;
                }
            }
      }
}

using use_model_test = with_model;

TEST_F(use_model_test, embeds_a_short_text_as_the_reference_does) {
  use_model model{data_};
  EXPECT_EQ(model.dimension(), 512U);
  const auto texts = reference_texts();
  for (std::size_t i = 0; i < texts.size(); i += network_step) {
    const auto& t = texts[i];
    if (t.text.find_first_not_of(' ') == std::string::npos || t.ids.size() > use_pieces_max) continue;
    const auto made = model.embed(t.text);
    ASSERT_TRUE(made) << t.text;
    ASSERT_EQ(made->passages, (std::vector<passage>{{0, static_cast<std::uint32_t>(t.text.size())}}));
    ASSERT_EQ(made->vectors.size(), use_dimension);
    EXPECT_LT(furthest(made->vectors, t.vector), 1e-4F) << t.text;
  }
}

TEST_F(use_model_test, has_nothing_to_say_of_blanks) {
  use_model model{data_};
  for (const char* text : {"", "   ", "\n\t \u00A0\u3000"})
    EXPECT_EQ(model.embed(text).error().code, errc::invalid_argument);
}

TEST_F(use_model_test, knows_what_is_meant) {
  use_model model{data_};
  const auto asked = model.embed("I forgot my login credentials");
  const auto meant = model.embed("How do I reset my password?");
  const auto other = model.embed("Stock markets fell sharply on Monday.");
  ASSERT_TRUE(asked && meant && other);
  EXPECT_GT(dot(asked->vectors, meant->vectors), dot(asked->vectors, other->vectors) + 0.1F);
}

TEST_F(use_model_test, embeds_a_long_text_in_passages) {
  use_model model{data_};
  std::string text;
  for (int i = 0; i < 16; ++i)
    text += "A leader election starts when followers stop hearing heartbeats. ";
  const auto made = model.embed(text);
  ASSERT_TRUE(made);
  ASSERT_GE(made->passages.size(), 2U);
  ASSERT_EQ(made->vectors.size(), made->passages.size() * use_dimension);
  use_tokenizer::scratch scratch;
  for (std::size_t i = 0; i < made->passages.size(); ++i) {
    const auto [begin, end] = made->passages[i];
    const auto part = text.substr(begin, end - begin);
    EXPECT_EQ(part.back(), '.');
    EXPECT_LE(data_->tokenizer.encode(part, scratch).size(), use_pieces_max);
    const std::span all{made->vectors};
    EXPECT_EQ(furthest(all.subspan(i * use_dimension, use_dimension), model.embed(part)->vectors), 0);
  }
}

} // namespace
} // namespace troupe::search
