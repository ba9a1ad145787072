// Chunks that no pin has written, behind checksums that are right: a loader says so, or has a whole state.

#include "tests/storage/snapshot_support.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

struct whole_state {
  snapshot_meta meta;
  std::string bytes;
};

whole_state state_bytes(state_machine& m) {
  auto p = *m.try_pin(0);
  whole_state all{p.meta(), {}};
  for (auto& chunk : chunks_of(p))
    all.bytes += chunk;
  return all;
}

/// Accepted means: exactly what a pin of the loaded state writes.
void expect_refused_or_whole(const snapshot_meta& meta, const std::string& bytes) {
  auto loaded = restore(meta, {bytes});
  if (!loaded) {
    ASSERT_EQ(loaded.error().code, errc::corrupt);
    return;
  }
  ASSERT_EQ(state_bytes(*loaded).bytes, bytes);
  driver d{std::move(*loaded), 1'800'000'000'000, term_t{1'000'000'000}};
  if (d.m.applied().value == UINT64_MAX) return;
  d.apply(putting("k0", "still works"));
  d.apply(compacting(UINT64_MAX));
  while (d.m.compact_some(100)) {
  }
  ASSERT_EQ(d.get("k0"), "still works");
}

TEST(snapshot_loader, refuses_or_understands_every_change) {
  auto d = rich_state();
  auto good = state_bytes(d.m);
  ASSERT_TRUE(restore(good.meta, {good.bytes}));
  for (std::size_t at = 0; at < good.bytes.size(); ++at) {
    EXPECT_FALSE(restore(good.meta, {good.bytes.substr(0, at)})) << "cut at " << at;
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto bad = good.bytes;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      expect_refused_or_whole(good.meta, bad);
      if (HasFatalFailure()) FAIL() << "bit " << bit << " of byte " << at;
    }
    for (char byte : {'\x00', '\x01', '\x7f', '\xff'}) {
      auto bad = good.bytes;
      bad[at] = byte;
      expect_refused_or_whole(good.meta, bad);
      if (HasFatalFailure()) FAIL() << "byte " << at;
    }
  }
  EXPECT_FALSE(restore(good.meta, {good.bytes, std::string("\0", 1)}));
  EXPECT_FALSE(restore(good.meta, {good.bytes, good.bytes}));
  EXPECT_FALSE(restore(good.meta, {}));
  auto other = good.meta;
  other.term = other.term + 1;
  EXPECT_FALSE(restore(other, {good.bytes}));
}

TEST(snapshot_loader, takes_chunks_cut_between_any_records) {
  auto d = rich_state();
  auto digest = d.m.digest();
  for (std::size_t bytes_max : {1u, 50u, 100u, 1'000u, 1'000'000u}) {
    auto p = *d.m.try_pin(0);
    auto chunks = chunks_of(p, bytes_max);
    EXPECT_GE(chunks.size(), bytes_max == 1 ? 8u : 1u);
    auto loaded = restore(p.meta(), chunks);
    ASSERT_TRUE(loaded) << loaded.error().detail;
    EXPECT_EQ(loaded->digest(), digest);
  }
}

// clang-format off: one line a part
// These bytes are on disks. If a change breaks this test, it needs a new version of the state record.
TEST(snapshot_loader, pins_the_format_of_chunks) {
  driver d;
  d.time_ms = 0x0102030405;
  d.apply({{}, {}, open_session{}});
  auto c = putting("k", "v");
  c.session = session_stamp{session_id{1}, sequence_t{3}, sequence_t{2}};
  c.idempotency = idempotency_stamp{"i", 5, 6};
  d.apply(c);
  d.apply(deleting("k"));
  std::string expected;
  for (auto part : {"01"
                    "01"
                    "0300000000000000"
                    "0100000000000000", // state: version, index, term,
                    "00000000000000000000000000000000"
                    "00000000", //   cluster, members
                    "0504030201000000"
                    "0200000000000000"
                    "0000000000000000", //   time, revision, compacted
                    "03"
                    "0100000000000000"
                    "0504030201000000"
                    "0200000000000000" // session: id, last used, lowest,
                    "01000000"
                    "0300000000000000"
                    "1a000000" //   one result: sequence, bytes
                    "00"
                    "00"
                    "00"
                    "01"
                    "0100000000000000"
                    "0000000000000000"
                    "01000000"
                    "00"
                    "01",
                    "04"
                    "01000000"
                    "69"
                    "0500000000000000"
                    "0600000000000000" // idempotency: key, fingerprint,
                    "0504030201000000"
                    "1a000000" //   time, result
                    "00"
                    "00"
                    "00"
                    "01"
                    "0100000000000000"
                    "0000000000000000"
                    "01000000"
                    "00"
                    "01",
                    "06"
                    "01000000"
                    "6b"
                    "0200000000000000", // tombstone: key, mod
                    "05"
                    "01000000"
                    "6b"
                    "0100000000000000"
                    "0100000000000000" // value: key, mod, create,
                    "0100000000000000"
                    "00"
                    "01000000"
                    "76", //   version, type, value
                    "07"
                    "0500000000000000"}) // end: records
    expected += part;
  // clang-format on
  std::string found;
  for (unsigned char byte : state_bytes(d.m).bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    found += digits;
  }
  EXPECT_EQ(found, expected);
}

} // namespace
} // namespace troupe::storage::testing
