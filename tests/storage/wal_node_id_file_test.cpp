// The identity of a data folder, and the lock on it.

#include "base/fault_file.hpp"
#include "storage/data_folder.hpp"
#include "storage/node_id_file.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::test {
namespace {

const node_identity first{storage_id{1, 2}, node_id{"n1"}, ""};
const node_identity second{storage_id{1, 2}, node_id{"n1"}, "formed with these members"};

TEST(node_id_file, is_absent_written_and_replaced) {
  fault_file_system disk;
  ASSERT_TRUE(disk.make_folder("data"));
  EXPECT_EQ(read_node_identity(disk, "data").value(), std::nullopt);
  ASSERT_TRUE(write_node_identity(disk, "data", first));
  EXPECT_EQ(read_node_identity(disk, "data").value(), first);
  ASSERT_TRUE(write_node_identity(disk, "data", second));
  disk.crash(crash_mode::drop_unsynced);
  EXPECT_EQ(read_node_identity(disk, "data").value(), second);
  auto large = second;
  large.formation.resize(node_identity::formation_bytes_max + 1);
  EXPECT_EQ(write_node_identity(disk, "data", large).error().code, errc::invalid_argument);
}

TEST(node_id_file, is_the_old_or_the_new_one_after_a_crash_anywhere) {
  for (auto mode : {crash_mode::drop_unsynced, crash_mode::reorder, crash_mode::keep_all})
    for (std::uint64_t n = 0;; ++n) {
      fault_file_system disk{n};
      ASSERT_TRUE(disk.make_folder("data"));
      ASSERT_TRUE(write_node_identity(disk, "data", first));
      disk.power_off_after(n);
      auto done = write_node_identity(disk, "data", second);
      disk.crash(mode);
      auto found = read_node_identity(disk, "data").value();
      if (done) {
        EXPECT_EQ(found, second);
        break;
      }
      EXPECT_TRUE(found == first || found == second);
    }
}

TEST(node_id_file, refuses_every_flipped_bit_and_every_cut) {
  fault_file_system disk;
  ASSERT_TRUE(disk.make_folder("data"));
  ASSERT_TRUE(write_node_identity(disk, "data", second));
  auto good = disk.content("data/node.id");
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    disk.set_content("data/node.id", good);
    disk.flip_bit("data/node.id", bit / 8, bit % 8);
    auto found = read_node_identity(disk, "data");
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, errc::corrupt);
    EXPECT_NE(found.error().detail.find("data/node.id"), std::string::npos);
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    disk.set_content("data/node.id", good.substr(0, size));
    EXPECT_EQ(read_node_identity(disk, "data").error().code, errc::corrupt);
  }
}

TEST(data_folder, admits_one_process) {
  fault_file_system disk;
  {
    auto held = data_folder::open(disk, "some/data");
    ASSERT_TRUE(held);
    EXPECT_EQ(held->wal_folder(), "some/data/wal");
    auto again = data_folder::open(disk, "some/data");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, errc::locked);
    EXPECT_NE(again.error().detail.find("some/data"), std::string::npos);
  }
  EXPECT_TRUE(data_folder::open(disk, "some/data"));
}

} // namespace
} // namespace troupe::storage::test
