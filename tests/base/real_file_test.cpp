#include "base/file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include <unistd.h>

namespace troupe {
namespace {

/// A folder of its own for each test, removed afterwards.
class real_file : public testing::Test {
protected:
  real_file() {
    std::string pattern = std::filesystem::temp_directory_path() / "troupe-file-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~real_file() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  file_system& fs_ = real_file_system();
  std::string folder_;
};

TEST_F(real_file, reads_what_was_written) {
  auto f = fs_.open(path("f"), open_mode::create).value();
  ASSERT_TRUE(f->write(3, "hello"));
  ASSERT_TRUE(f->sync());
  EXPECT_EQ(f->size().value(), 8u);
  char buffer[16];
  EXPECT_EQ(f->read(4, buffer, sizeof buffer).value(), 4u);
  EXPECT_EQ(std::string(buffer, 4), "ello");
  EXPECT_EQ(f->read(100, buffer, sizeof buffer).value(), 0u);
}

TEST_F(real_file, allocates_and_truncates) {
  auto f = fs_.open(path("f"), open_mode::create).value();
  ASSERT_TRUE(f->write(0, "hello"));
  ASSERT_TRUE(f->allocate(10000));
  EXPECT_EQ(f->size().value(), 10000u);
  ASSERT_TRUE(f->allocate(100));
  EXPECT_EQ(f->size().value(), 10000u) << "never shrinks";
  ASSERT_TRUE(f->truncate(2));
  EXPECT_EQ(f->size().value(), 2u);
}

TEST_F(real_file, opens_by_mode) {
  EXPECT_EQ(fs_.open(path("f"), open_mode::read).error().code, errc::not_found);
  EXPECT_EQ(fs_.open(path("f"), open_mode::read_write).error().code, errc::not_found);
  ASSERT_TRUE(fs_.open(path("f"), open_mode::create).value()->write(0, "x"));
  EXPECT_EQ(fs_.open(path("f"), open_mode::create).error().code, errc::invalid_argument);
  EXPECT_EQ(fs_.open(path("f"), open_mode::read_write).value()->size().value(), 1u);
  EXPECT_EQ(fs_.open(path("f"), open_mode::read).value()->write(0, "y").error().code, errc::io_error);
  EXPECT_EQ(fs_.open(path("f"), open_mode::replace).value()->size().value(), 0u);
}

TEST_F(real_file, names_files) {
  ASSERT_TRUE(fs_.make_folder(path("a/b")));
  ASSERT_TRUE(fs_.make_folder(path("a/b")));
  ASSERT_TRUE(fs_.open(path("a/one"), open_mode::create));
  EXPECT_EQ(fs_.list(path("a")).value(), (std::vector<std::string>{"b", "one"}));
  ASSERT_TRUE(fs_.rename(path("a/one"), path("a/two")));
  EXPECT_FALSE(fs_.exists(path("a/one")).value());
  EXPECT_TRUE(fs_.exists(path("a/two")).value());
  ASSERT_TRUE(fs_.sync_folder(path("a")));
  ASSERT_TRUE(fs_.remove(path("a/two")));
  EXPECT_EQ(fs_.list(path("nowhere")).error().code, errc::not_found);
  EXPECT_EQ(fs_.list(path("a")).value(), std::vector<std::string>{"b"});
}

TEST_F(real_file, names_the_path_and_the_reason_of_an_error) {
  auto failed = fs_.open(path("no/such"), open_mode::create);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().detail.find(path("no/such")), std::string::npos);
  EXPECT_NE(failed.error().detail.find("No such file"), std::string::npos);
}

TEST_F(real_file, says_that_the_disk_is_full) {
  auto full = fs_.open("/dev/full", open_mode::read_write);
  if (!full) GTEST_SKIP() << "no /dev/full here";
  EXPECT_EQ((*full)->write(0, "x").error().code, errc::disk_full);
}

TEST_F(real_file, locks_once) {
  auto held = fs_.lock(path("LOCK")).value();
  EXPECT_EQ(fs_.lock(path("LOCK")).error().code, errc::locked);
  held.reset();
  EXPECT_TRUE(fs_.lock(path("LOCK")));
}

} // namespace
} // namespace troupe
