#include "base/checksum.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace troupe {
namespace {

TEST(crc32c, gives_the_vectors_of_rfc_3720) {
  std::string ascending;
  for (char c = 0; c < 32; ++c)
    ascending += c;
  for (auto* sum : {&crc32c, &crc32c_portable}) {
    EXPECT_EQ(sum("", 0), 0u);
    EXPECT_EQ(sum("123456789", 0), 0xE3069283u);
    EXPECT_EQ(sum(std::string(32, '\0'), 0), 0x8A9136AAu);
    EXPECT_EQ(sum(std::string(32, '\xFF'), 0), 0x62A8AB43u);
    EXPECT_EQ(sum(ascending, 0), 0x46DD794Eu);
  }
}

TEST(crc32c, is_the_same_by_instruction_and_by_table_at_every_length_and_split) {
  std::mt19937_64 random{1};
  std::string bytes;
  for (int i = 0; i < 70; ++i)
    bytes += static_cast<char>(random());
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    auto whole = std::string_view{bytes}.substr(0, size);
    EXPECT_EQ(crc32c(whole), crc32c_portable(whole));
    for (std::size_t split = 0; split <= size; ++split)
      ASSERT_EQ(crc32c(whole.substr(split), crc32c(whole.substr(0, split))), crc32c(whole));
  }
}

} // namespace
} // namespace troupe
