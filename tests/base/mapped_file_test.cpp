#include "base/mapped_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace troupe {
namespace {

class mapped_file_test : public ::testing::Test {
protected:
  mapped_file_test() : path_(::testing::TempDir() + "mapped-" + std::to_string(::getpid())) {}
  ~mapped_file_test() override { std::filesystem::remove(path_); }

  void write(const std::string& content) const { std::ofstream{path_, std::ios::binary} << content; }

  std::string path_;
};

TEST_F(mapped_file_test, has_the_bytes_and_outlives_the_name) {
  write("abc");
  auto opened = mapped_file::open(path_);
  ASSERT_TRUE(opened);
  std::filesystem::remove(path_);
  EXPECT_EQ(opened->bytes(), "abc");
  mapped_file moved = std::move(*opened);
  EXPECT_EQ(moved.bytes(), "abc");
  EXPECT_TRUE(opened->bytes().empty());
  moved = mapped_file{};
  EXPECT_TRUE(moved.bytes().empty());
}

TEST_F(mapped_file_test, an_empty_file_has_none) {
  write("");
  const auto opened = mapped_file::open(path_);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->bytes().empty());
}

TEST_F(mapped_file_test, says_what_it_cannot_open) {
  const auto missing = mapped_file::open(path_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, errc::not_found);
  EXPECT_NE(missing.error().detail.find(path_), std::string::npos);
  EXPECT_EQ(mapped_file::open(::testing::TempDir()).error().code, errc::io_error);
}

} // namespace
} // namespace troupe
