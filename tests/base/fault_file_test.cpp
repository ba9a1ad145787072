#include "base/fault_file.hpp"

#include <gtest/gtest.h>

#include <set>

namespace troupe {
namespace {

std::string read_all(file_system& fs, const std::string& path) {
  auto f = fs.open(path, open_mode::read).value();
  std::string bytes(f->size().value(), '\0');
  EXPECT_EQ(f->read(0, bytes.data(), bytes.size()).value(), bytes.size());
  return bytes;
}

/// A file "d/f" that holds "old", durable with its name.
std::unique_ptr<file> settled(fault_file_system& fs) {
  EXPECT_TRUE(fs.make_folder("d"));
  auto f = fs.open("d/f", open_mode::create).value();
  EXPECT_TRUE(f->write(0, "old"));
  EXPECT_TRUE(f->sync());
  EXPECT_TRUE(fs.sync_folder("d"));
  return f;
}

TEST(fault_file, forgets_unsynced_content_at_a_crash) {
  fault_file_system fs;
  auto f = settled(fs);
  ASSERT_TRUE(f->write(1, "XYZ"));
  EXPECT_EQ(read_all(fs, "d/f"), "oXYZ");
  fs.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_all(fs, "d/f"), "old");
  EXPECT_EQ(f->write(0, "z").error().code, errc::io_error) << "a handle from before the crash is dead";
}

TEST(fault_file, keeps_synced_content_at_a_crash) {
  fault_file_system fs;
  auto f = settled(fs);
  ASSERT_TRUE(f->write(1, "XYZ"));
  ASSERT_TRUE(f->sync());
  fs.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_all(fs, "d/f"), "oXYZ");
}

TEST(fault_file, forgets_names_whose_folder_was_not_synced) {
  fault_file_system fs;
  settled(fs);
  auto g = fs.open("d/g", open_mode::create).value();
  ASSERT_TRUE(g->write(0, "new"));
  ASSERT_TRUE(g->sync());
  ASSERT_TRUE(fs.rename("d/g", "d/f"));
  EXPECT_EQ(read_all(fs, "d/f"), "new");
  fs.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_all(fs, "d/f"), "old");
  EXPECT_EQ(fs.files(), std::vector<std::string>{"d/f"});
  ASSERT_TRUE(fs.remove("d/f"));
  EXPECT_FALSE(fs.exists("d/f").value());
  fs.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_all(fs, "d/f"), "old") << "a removal is not durable either";
}

TEST(fault_file, keeps_everything_when_the_machine_ran_on) {
  fault_file_system fs;
  auto f = settled(fs);
  ASSERT_TRUE(f->write(0, "new"));
  ASSERT_TRUE(fs.rename("d/f", "d/g"));
  fs.crash(crash_mode::keep_all);
  EXPECT_EQ(read_all(fs, "d/g"), "new");
}

TEST(fault_file, a_process_that_ended_leaves_what_a_later_crash_may_take) {
  fault_file_system fs;
  auto f = settled(fs);
  ASSERT_TRUE(f->write(1, "XYZ"));
  fs.crash(crash_mode::process_only);
  EXPECT_EQ(read_all(fs, "d/f"), "oXYZ");
  EXPECT_FALSE(f->write(0, "z")) << "a handle of the process that ended is dead";
  fs.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_all(fs, "d/f"), "old");
}

TEST(fault_file, reorders_and_tears_what_was_not_synced) {
  std::set<std::string> contents;
  std::set<std::vector<std::string>> names;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    fault_file_system fs{seed};
    auto f = settled(fs);
    ASSERT_TRUE(f->write(0, "AB"));
    ASSERT_TRUE(f->write(3, "CD"));
    ASSERT_TRUE(fs.open("d/g", open_mode::create));
    ASSERT_TRUE(fs.open("d/h", open_mode::create));
    fs.crash(crash_mode::reorder);
    contents.insert(read_all(fs, "d/f"));
    names.insert(fs.files());
  }
  auto zero = [](const char* text) { return std::string{text} + std::string(1, '\0'); };
  EXPECT_TRUE(contents.contains("old"));
  EXPECT_TRUE(contents.contains("ABdCD"));
  EXPECT_TRUE(contents.contains("oldCD")) << "a later write without an earlier one";
  EXPECT_TRUE(contents.contains("ABd"));
  EXPECT_TRUE(contents.contains("Ald")) << "a torn write";
  EXPECT_TRUE(contents.contains(zero("old") + "D")) << "a write torn at its beginning";
  EXPECT_EQ(names.size(), 4u);
}

TEST(fault_file, is_deterministic) {
  auto run = [](std::uint64_t seed) {
    fault_file_system fs{seed};
    auto f = settled(fs);
    for (char c = 'a'; c < 'z'; ++c)
      EXPECT_TRUE(f->write(static_cast<std::uint64_t>(c), std::string(40, c)));
    fs.crash(crash_mode::reorder);
    return read_all(fs, "d/f");
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST(fault_file, fails_the_operation_asked_for) {
  fault_file_system fs{3};
  auto f = settled(fs);
  fs.fail(file_op::write, 2, errc::disk_full);
  EXPECT_TRUE(f->write(0, "1"));
  auto failed = f->write(0, "2222222222");
  EXPECT_EQ(failed.error().code, errc::disk_full);
  EXPECT_NE(failed.error().detail.find("d/f"), std::string::npos);
  EXPECT_LE(read_all(fs, "d/f").size(), 10u);
  EXPECT_TRUE(f->write(0, "3"));
  fs.fail(file_op::rename, 1, errc::io_error, true, "f");
  EXPECT_EQ(fs.rename("d/f", "d/g").error().code, errc::io_error);
  EXPECT_EQ(fs.rename("d/f", "d/g").error().code, errc::io_error);
  fs.heal();
  EXPECT_TRUE(fs.rename("d/f", "d/g"));
}

TEST(fault_file, a_failed_sync_loses_writes_that_a_later_sync_does_not_bring_back) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    fault_file_system fs{seed};
    auto f = settled(fs);
    ASSERT_TRUE(f->write(0, "new"));
    fs.fail(file_op::sync, 1, errc::io_error);
    EXPECT_EQ(f->sync().error().code, errc::io_error);
    EXPECT_EQ(read_all(fs, "d/f"), "new");
    EXPECT_TRUE(f->sync());
    fs.crash(crash_mode::drop_unsynced);
    lost |= read_all(fs, "d/f") != "new";
  }
  EXPECT_TRUE(lost);
}

TEST(fault_file, fills_up) {
  fault_file_system fs;
  auto f = settled(fs);
  fs.set_capacity(5);
  EXPECT_EQ(f->allocate(6).error().code, errc::disk_full);
  EXPECT_EQ(f->write(3, "1234").error().code, errc::disk_full);
  EXPECT_EQ(read_all(fs, "d/f"), "old12");
  EXPECT_TRUE(f->write(0, "OLD")) << "space it already has";
  ASSERT_TRUE(f->truncate(0));
  EXPECT_EQ(fs.bytes_used(), 0u);
  EXPECT_TRUE(f->allocate(5));
}

TEST(fault_file, powers_off_after_some_operations) {
  fault_file_system fs;
  auto f = settled(fs);
  auto before = fs.operations();
  fs.power_off_after(1);
  EXPECT_TRUE(f->write(0, "a"));
  EXPECT_FALSE(fs.is_off());
  EXPECT_EQ(f->sync().error().code, errc::io_error);
  EXPECT_TRUE(fs.is_off());
  EXPECT_EQ(f->write(0, "b").error().code, errc::io_error);
  EXPECT_EQ(fs.open("d/f", open_mode::read).error().code, errc::io_error);
  EXPECT_EQ(fs.operations() - before, 2u);
  fs.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_all(fs, "d/f"), "old");
}

TEST(fault_file, flips_stored_bits) {
  fault_file_system fs;
  settled(fs);
  fs.flip_bit("d/f", 1, 0);
  EXPECT_EQ(read_all(fs, "d/f"), "omd");
  fs.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_all(fs, "d/f"), "omd");
}

TEST(fault_file, behaves_like_files) {
  fault_file_system fs;
  EXPECT_EQ(fs.list("d").error().code, errc::not_found);
  EXPECT_EQ(fs.open("d/f", open_mode::create).error().code, errc::not_found) << "no folder";
  ASSERT_TRUE(fs.make_folder("d/e/"));
  EXPECT_EQ(fs.open("d/f", open_mode::read).error().code, errc::not_found);
  auto f = fs.open("d/f", open_mode::create).value();
  EXPECT_EQ(fs.open("d/f", open_mode::create).error().code, errc::invalid_argument);
  EXPECT_EQ(fs.list("d").value(), (std::vector<std::string>{"e", "f"}));
  EXPECT_EQ(fs.open("d/f", open_mode::read).value()->write(0, "x").error().code, errc::io_error);
  char byte = 0;
  EXPECT_EQ(f->read(5, &byte, 1).value(), 0u);
  auto lock = fs.lock("d/LOCK").value();
  EXPECT_EQ(fs.lock("d/LOCK").error().code, errc::locked);
  lock.reset();
  EXPECT_TRUE(fs.lock("d/LOCK"));
}

} // namespace
} // namespace troupe
