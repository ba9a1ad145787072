// A saved index comes back as it was; bytes that were not saved so are refused, or at least do no harm.

#include "base/fault_file.hpp"
#include "search/block_file.hpp"
#include "vector_support.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace troupe::search {
namespace {

constexpr auto path = "data/vectors.index";
/// Magic and version; the length and checksum of the first block.
constexpr std::size_t head_bytes = 12;
constexpr std::size_t block_head_bytes = 8;

vector_settings small() {
  vector_settings s;
  s.dimension = 8;
  s.links = 4;
  s.build_breadth = 20;
  s.search_breadth = 16;
  s.scan_below = 0;
  return s;
}

/// Linked, half linked and waiting documents, tombstones, several passages.
vector_index worn(std::uint64_t seed) {
  vector_index index{small()};
  clusters source{seed, 6, small().dimension};
  for (doc_id d = 0; d < 60; ++d)
    EXPECT_TRUE(index.put(d, source.draw(1 + d % 3)).has_value());
  index.link_some(90);
  for (doc_id d = 0; d < 60; d += 5)
    index.erase(d);
  for (doc_id d = 3; d < 60; d += 11)
    EXPECT_TRUE(index.put(d, source.draw(2)).has_value());
  return index;
}

std::string content(file_system& disk) {
  auto in = disk.open(path, open_mode::read);
  std::string bytes(*(*in)->size(), '\0');
  EXPECT_EQ(*(*in)->read(0, bytes.data(), bytes.size()), bytes.size());
  return bytes;
}

void replace(file_system& disk, std::string_view bytes) {
  auto out = disk.open(path, open_mode::replace);
  ASSERT_TRUE((*out)->write(0, bytes).has_value());
}

class vector_file : public testing::Test {
protected:
  void SetUp() override { ASSERT_TRUE(disk.make_folder("data").has_value()); }

  std::uint64_t seed = given_seed();
  fault_file_system disk{seed};
};

void expect_same(const vector_index& a, const vector_index& b, std::uint64_t seed) {
  EXPECT_EQ(a.documents(), b.documents());
  EXPECT_EQ(a.vectors(), b.vectors());
  EXPECT_EQ(a.waiting(), b.waiting());
  for (doc_id d = 0; d < 70; ++d)
    ASSERT_EQ(a.vectors_of(d), b.vectors_of(d));
  clusters source{seed, 6, small().dimension};
  for (int i = 0; i < 20; ++i) {
    auto query = source.draw();
    auto first = *a.search(query, 10);
    auto second = *b.search(query, 10);
    ASSERT_EQ(first.size(), second.size());
    for (std::size_t at = 0; at < first.size(); ++at) {
      EXPECT_EQ(first[at].doc, second[at].doc);
      EXPECT_EQ(first[at].score, second[at].score);
      EXPECT_EQ(first[at].passage, second[at].passage);
    }
  }
}

TEST_F(vector_file, comes_back_as_it_was_and_lives_on) {
  auto index = worn(seed);
  ASSERT_TRUE(index.save(disk, path).has_value());
  auto loaded = vector_index::load(disk, path, small());
  ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
  expect_same(index, *loaded, seed);
  clusters source{seed + 1, 6, small().dimension};
  for (doc_id d = 50; d < 120; ++d)
    ASSERT_TRUE(loaded->put(d, source.draw()).has_value());
  for (doc_id d = 0; d < 40; ++d)
    loaded->erase(d);
  while (loaded->link_some(10)) {
  }
  auto query = source.draw();
  EXPECT_EQ(loaded->search(query, 500)->size(), loaded->documents());

  vector_index empty{small()};
  ASSERT_TRUE(empty.save(disk, path).has_value());
  EXPECT_EQ(vector_index::load(disk, path, small())->documents(), 0u);
}

TEST_F(vector_file, is_not_for_other_settings) {
  ASSERT_EQ(vector_index::load(disk, path, small()).error().code, errc::not_found);
  ASSERT_TRUE(worn(seed).save(disk, path).has_value());
  auto other = small();
  other.dimension = 9;
  EXPECT_EQ(vector_index::load(disk, path, other).error().code, errc::foreign);
  other = small();
  other.distance = metric::l2;
  EXPECT_EQ(vector_index::load(disk, path, other).error().code, errc::foreign);
  other = small();
  other.links = 5;
  EXPECT_EQ(vector_index::load(disk, path, other).error().code, errc::foreign);
  auto bytes = content(disk);
  bytes[8] = 2; // the version
  replace(disk, bytes);
  EXPECT_EQ(vector_index::load(disk, path, small()).error().code, errc::foreign);
}

TEST_F(vector_file, refuses_every_cut_and_every_flip) {
  ASSERT_TRUE(worn(seed).save(disk, path).has_value());
  auto bytes = content(disk);
  dice random{seed};
  for (std::size_t size = 0; size < bytes.size(); size += 1 + random.below(60)) {
    replace(disk, std::string_view{bytes}.substr(0, size));
    auto loaded = vector_index::load(disk, path, small());
    ASSERT_FALSE(loaded.has_value()) << size;
    ASSERT_EQ(loaded.error().code, errc::corrupt) << size;
  }
  for (std::size_t at = 0; at < bytes.size(); at += 1 + random.below(60)) {
    auto bad = bytes;
    bad[at] = static_cast<char>(bad[at] ^ 1 << random.below(8));
    replace(disk, bad);
    ASSERT_FALSE(vector_index::load(disk, path, small()).has_value()) << at;
  }
  replace(disk, bytes + "x");
  ASSERT_FALSE(vector_index::load(disk, path, small()).has_value());
}

TEST_F(vector_file, whatever_a_forger_writes_can_be_searched_or_is_refused) {
  ASSERT_TRUE(worn(seed).save(disk, path).has_value());
  auto bytes = content(disk);
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + head_bytes, sizeof length);
  auto payload = bytes.substr(head_bytes + block_head_bytes, length);
  dice random{seed};
  clusters source{seed, 6, small().dimension};
  int accepted = 0;
  for (int round = 0; round < 400; ++round) {
    auto forged = payload;
    for (auto changes = 1 + random.below(3); changes != 0; --changes) {
      auto at = random.below(forged.size());
      auto value = random.below(3) == 0 ? 0xff : random.below(2) == 0 ? random.below(64) : random.below(256);
      forged[at] = static_cast<char>(value);
    }
    if (random.below(8) == 0) forged.resize(random.below(forged.size()));
    block_writer out{disk, path, {"troupeVI", 1}};
    out.bytes(forged.data(), forged.size());
    ASSERT_TRUE(out.finish().has_value());
    auto loaded = vector_index::load(disk, path, small());
    if (!loaded) continue;
    ++accepted;
    auto documents = loaded->documents();
    ASSERT_EQ(loaded->search(source.draw(), 1'000)->size(), documents);
    ASSERT_TRUE(loaded->put(61, source.draw(3)).has_value());
    loaded->erase(1);
    for (int i = 0; i < 5; ++i)
      loaded->link_some(10);
    ASSERT_EQ(loaded->search(source.draw(), 10)->size(), 10u);
  }
  EXPECT_GT(accepted, 20) << "the forger never gets past the first checks";
}

TEST_F(vector_file, a_power_cut_leaves_the_old_file_or_the_new) {
  for (std::uint64_t operations = 0;; ++operations) {
    SCOPED_TRACE(operations);
    fault_file_system power{seed + operations};
    ASSERT_TRUE(power.make_folder("data").has_value());
    ASSERT_TRUE(power.sync_folder(".").has_value());
    ASSERT_TRUE(worn(1).save(power, path).has_value());
    power.power_off_after(operations);
    auto saved = worn(2).save(power, path);
    auto done = !power.is_off();
    power.crash(crash_mode::reorder);
    auto loaded = vector_index::load(power, path, small());
    ASSERT_TRUE(loaded.has_value()) << loaded.error().detail;
    auto is_new = loaded->vectors_of(1) == worn(2).vectors_of(1);
    EXPECT_TRUE(is_new || loaded->vectors_of(1) == worn(1).vectors_of(1));
    EXPECT_TRUE(is_new || !saved.has_value());
    if (done) break;
  }
}

TEST_F(vector_file, blocks_may_be_many) {
  auto settings = small();
  settings.dimension = 512;
  vector_index index{settings};
  clusters source{seed, 3, settings.dimension};
  std::vector<std::vector<float>> vectors;
  for (doc_id d = 0; d < 400; ++d) {
    vectors.push_back(source.draw());
    ASSERT_TRUE(index.put(d, vectors.back()).has_value());
  }
  index.link_some(300);
  ASSERT_TRUE(index.save(disk, path).has_value());
  ASSERT_GT(content(disk).size(), 3 * block_bytes_max);
  auto loaded = vector_index::load(disk, path, settings);
  ASSERT_TRUE(loaded.has_value());
  for (doc_id d = 0; d < 400; ++d)
    EXPECT_TRUE(loaded->holds(d, vectors[d]));
}

} // namespace
} // namespace troupe::search
