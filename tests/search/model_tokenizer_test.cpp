#include "model_support.hpp"

namespace troupe::search {
namespace {

class use_tokenizer_test : public with_model {
protected:
  std::vector<std::uint32_t> encode(std::string_view text) { return data_->tokenizer.encode(text, scratch_); }

  use_tokenizer::scratch scratch_;
};

TEST_F(use_tokenizer_test, gives_the_ids_of_the_reference) {
  const auto texts = reference_texts();
  ASSERT_GE(texts.size(), 30U);
  for (const auto& t : texts)
    EXPECT_EQ(encode(t.text), t.ids) << t.text;
}

TEST_F(use_tokenizer_test, sees_the_compatibility_form) {
  EXPECT_EQ(encode("\uFB01ne \uFF21\u00A0b"), encode("fine A b"));
}

TEST_F(use_tokenizer_test, joins_what_it_does_not_know) {
  EXPECT_EQ(encode("\u3053\u3093\u306B\u3061\u306F"), encode("\u4E16"));
}

TEST_F(use_tokenizer_test, takes_any_bytes) {
  // Each ill-formed byte is an unknown symbol, and so is a replacement character that was in the text.
  EXPECT_EQ(encode("a\xFF\xC0 b"), encode("a\uFFFD b"));
  EXPECT_EQ(encode(std::string_view{"a\0b", 3}).size(), 3U);
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  EXPECT_FALSE(encode(all).empty());
}

TEST_F(use_tokenizer_test, ids_are_below_the_number_of_pieces) {
  std::string text;
  std::uint64_t state = 12345;
  for (int i = 0; i < 20'000; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += static_cast<char>(32 + (state >> 33) % 95);
  }
  for (const auto id : encode(text))
    ASSERT_LT(id, 8000U);
}

} // namespace
} // namespace troupe::search
