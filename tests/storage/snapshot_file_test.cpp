// Snapshot files: written, found, sent, received, removed, and told from damage at every byte.

#include "tests/storage/snapshot_support.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

struct snapshot_files : ::testing::Test {
  snapshot_files() { prepare(disk); }

  snapshot_info write(state_machine& m) {
    auto info = write_snapshot(disk, folder, m);
    if (!info) ADD_FAILURE() << info.error().detail;
    return info.value();
  }
  fault_file_system disk;
  driver d = rich_state();
};

TEST_F(snapshot_files, give_the_state_back) {
  auto info = write(d.m);
  EXPECT_EQ(info.path, folder + "/snapshot-00000000000000000010-00000000000000000001.snap");
  EXPECT_EQ(info.bytes, disk.content(info.path).size());
  EXPECT_EQ(disk.durable_content(info.path), disk.content(info.path));
  auto loaded = load_snapshot(disk, info.path);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->digest(), d.m.digest());
  EXPECT_EQ(info.meta, (snapshot_meta{d.m.applied(), d.m.applied_term(), d.m.members()}));
  auto verified = verify_snapshot(disk, info.path);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->meta, info.meta);
  EXPECT_EQ(verified->bytes, info.bytes);
}

TEST_F(snapshot_files, are_of_the_pin_while_writes_go_on) {
  auto digest = d.m.digest();
  auto p = *d.m.try_pin(0);
  auto writer = snapshot_writer::begin(disk, folder, p.meta());
  ASSERT_TRUE(writer);
  for (int i = 0; !p.done(); ++i) {
    ASSERT_TRUE(writer->append(p.next_chunk(60)));
    d.apply(putting("k" + std::to_string(i), "newer"));
    d.apply(deleting("k0"));
    d.apply(compacting(1'000));
    d.m.compact_some(3);
  }
  auto info = writer->finish();
  ASSERT_TRUE(info);
  auto loaded = load_snapshot(disk, info->path);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->digest(), digest);
  // The same entries lead to the same state from there.
  driver again{std::move(*loaded)};
  for (int i = 0; again.m.applied() < d.m.applied(); ++i) {
    again.apply(putting("k" + std::to_string(i), "newer"));
    again.apply(deleting("k0"));
    again.apply(compacting(1'000));
  }
  EXPECT_EQ(again.m.digest(), d.m.digest());
}

TEST_F(snapshot_files, every_flipped_bit_and_every_cut_is_noticed) {
  auto info = write(d.m);
  auto good = disk.content(info.path);
  auto expect_damage = [&](const std::string& what) {
    auto verified = verify_snapshot(disk, info.path);
    ASSERT_FALSE(verified) << what;
    ASSERT_EQ(verified.error().code, errc::corrupt) << what;
    ASSERT_NE(verified.error().detail.find(info.path), std::string::npos);
    ASSERT_FALSE(load_snapshot(disk, info.path));
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      disk.flip_bit(info.path, at, bit);
      expect_damage("bit " + std::to_string(bit) + " of byte " + std::to_string(at));
      disk.flip_bit(info.path, at, bit);
    }
    disk.set_content(info.path, good.substr(0, at));
    expect_damage("cut at " + std::to_string(at));
    disk.set_content(info.path, good);
  }
  disk.set_content(info.path, good + '\0');
  expect_damage("a byte more");
  disk.set_content(info.path, good);
  EXPECT_TRUE(load_snapshot(disk, info.path));
}

TEST_F(snapshot_files, frames_cannot_be_left_out_or_exchanged) {
  auto info = write(d.m);
  auto good = disk.content(info.path);
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < good.size();) {
    starts.push_back(at);
    std::uint32_t bytes;
    std::memcpy(&bytes, good.data() + at + 4, sizeof bytes);
    at += 16 + bytes;
  }
  ASSERT_GT(starts.size(), 4u);
  auto frame = [&](std::size_t i) {
    auto end = i + 1 < starts.size() ? starts[i + 1] : good.size();
    return good.substr(starts[i], end - starts[i]);
  };
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    auto before = good.substr(0, starts[i]);
    auto after = good.substr(starts[i + 1]);
    disk.set_content(info.path, before + after);
    EXPECT_FALSE(load_snapshot(disk, info.path)) << "without frame " << i;
    disk.set_content(info.path, before + frame(i + 1) + frame(i) + after.substr(frame(i + 1).size()));
    EXPECT_FALSE(load_snapshot(disk, info.path)) << "frame " << i << " exchanged with the next";
    disk.set_content(info.path, before + frame(i) + frame(i) + after);
    EXPECT_FALSE(load_snapshot(disk, info.path)) << "frame " << i << " twice";
  }
}

TEST_F(snapshot_files, the_newest_good_one_is_found_and_damage_reported) {
  auto none = newest_good_snapshot(disk, folder);
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->newest_good);
  EXPECT_TRUE(none->damaged.empty());
  auto old = write(d.m);
  d.apply(putting("k", "newer"));
  auto newer = write(d.m);
  EXPECT_EQ(newest_good_snapshot(disk, folder)->newest_good->path, newer.path);
  disk.flip_bit(newer.path, newer.bytes / 2, 0);
  disk.set_content(folder + "/snapshot-00000000000000000099-00000000000000000001.snap", "");
  disk.set_content(folder + "/snapshot-99-1.snap", "not a name of ours");
  disk.set_content(folder + "/notes.txt", "nor this");
  auto found = newest_good_snapshot(disk, folder);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->newest_good->path, old.path);
  ASSERT_EQ(found->damaged.size(), 2u);
  EXPECT_EQ(found->damaged[0].index.value, 99u);
  EXPECT_EQ(found->damaged[1].path, newer.path);
  EXPECT_EQ(found->damaged[1].index, newer.meta.index);
  EXPECT_EQ(found->damaged[1].why.code, errc::corrupt);
  // A whole file under another's name is damage too.
  disk.set_content(newer.path, disk.content(old.path));
  EXPECT_EQ(newest_good_snapshot(disk, folder)->damaged.size(), 2u);
  EXPECT_EQ(newest_good_snapshot(disk, "/nowhere").error().code, errc::not_found);
  disk.fail(file_op::read, 1, errc::io_error, true);
  EXPECT_EQ(newest_good_snapshot(disk, folder).error().code, errc::io_error);
}

TEST_F(snapshot_files, old_ones_are_removed_behind_two_good_ones) {
  std::vector<snapshot_info> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(write(d.m));
    d.apply(putting("k", std::to_string(i)));
  }
  disk.set_content(folder + "/snapshot-00000000000000000099-00000000000000000001.snap", "damaged");
  disk.set_content(all[4].path + ".tmp", "unfinished");
  auto removed = remove_old_snapshots(disk, folder, all[2]);
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->size(), 2u);
  EXPECT_TRUE(*disk.exists(all[2].path));
  EXPECT_FALSE(*disk.exists(all[1].path));
  EXPECT_TRUE(*disk.exists(all[4].path + ".tmp"));
  ASSERT_TRUE(remove_unfinished_snapshots(disk, folder));
  EXPECT_FALSE(*disk.exists(all[4].path + ".tmp"));
  EXPECT_TRUE(*disk.exists(all[4].path));
  EXPECT_TRUE(remove_old_snapshots(disk, folder, all[4])->empty() == false);
  EXPECT_TRUE(*disk.exists(all[4].path));
}

TEST_F(snapshot_files, an_abandoned_one_leaves_nothing) {
  {
    auto writer = snapshot_writer::begin(disk, folder, {index_t{1}, term_t{1}, {}});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->append("chunk"));
    EXPECT_EQ(writer->append(std::string(snapshot_chunk_bytes_max + 1, 'x')).error().code, errc::too_large);
    EXPECT_EQ(disk.files().size(), 1u);
  }
  EXPECT_TRUE(disk.files().empty());
}

TEST_F(snapshot_files, travel_in_pieces) {
  auto info = write(d.m);
  auto source = snapshot_source::open(disk, info.path);
  ASSERT_TRUE(source);
  EXPECT_EQ(source->info().meta, info.meta);
  ASSERT_TRUE(disk.make_folder("/other"));
  auto sink = snapshot_sink::begin(disk, "/other", info.meta);
  ASSERT_TRUE(sink);
  // Removed meanwhile: the open file stays.
  ASSERT_TRUE(disk.remove(info.path));
  for (;;) {
    auto piece = source->read(sink->offset(), 37);
    ASSERT_TRUE(piece);
    if (piece->empty()) break;
    EXPECT_EQ(sink->write(sink->offset() + 1, *piece).error().code, errc::invalid_argument);
    ASSERT_TRUE(sink->write(sink->offset(), *piece));
  }
  auto received = sink->finish();
  ASSERT_TRUE(received) << received.error().detail;
  EXPECT_EQ(received->path, "/other/" + snapshot_name(info.meta.index, info.meta.term));
  EXPECT_EQ(load_snapshot(disk, received->path)->digest(), d.m.digest());
}

TEST_F(snapshot_files, a_received_one_is_kept_only_if_it_is_the_one_announced) {
  auto info = write(d.m);
  auto bytes = disk.content(info.path);
  auto receive = [&](snapshot_meta meta, const std::string& what) {
    auto sink = snapshot_sink::begin(disk, folder, meta);
    EXPECT_TRUE(sink->write(0, what));
    auto done = sink->finish();
    return done ? errc{} : done.error().code;
  };
  ASSERT_TRUE(disk.remove(info.path));
  EXPECT_EQ(receive(info.meta, bytes.substr(0, bytes.size() - 1)), errc::corrupt);
  EXPECT_EQ(receive(info.meta, {}), errc::corrupt);
  auto other = info.meta;
  other.index = other.index + 1;
  EXPECT_EQ(receive(other, bytes), errc::corrupt);
  EXPECT_TRUE(disk.files().empty());
  EXPECT_EQ(receive(info.meta, bytes), errc{});
}

} // namespace
} // namespace troupe::storage::testing
