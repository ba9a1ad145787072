// Chunks that no pin has written, behind checksums that are right: a loader says so, or has a whole state.

#include "storage/key_space.hpp"
#include "storage/snapshot_records.hpp"
#include "tests/storage/snapshot_support.hpp"

#include <gtest/gtest.h>

namespace troupe::storage::testing {
namespace {

struct whole_state {
  snapshot_meta meta;
  std::string bytes;
};

std::string hex(std::string_view bytes) {
  std::string out;
  for (unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    out += digits;
  }
  return out;
}
std::string unhex(std::string_view digits) {
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16)));
  return out;
}

whole_state state_bytes(state_machine& m) {
  auto p = *m.try_pin(0);
  whole_state all{p.meta(), {}};
  for (auto& chunk : chunks_of(p))
    all.bytes += chunk;
  return all;
}

/// Where the state record says its version: behind its own kind.
constexpr std::size_t version_at = 1;

/// Accepted means: exactly what a pin of the loaded state writes, but for the version, which may have been
/// the older.
void expect_refused_or_whole(const snapshot_meta& meta, const std::string& bytes) {
  auto loaded = restore(meta, {bytes});
  if (!loaded) {
    ASSERT_EQ(loaded.error().code, errc::corrupt);
    return;
  }
  auto newest = bytes;
  if (newest[version_at] == 1) newest[version_at] = 2;
  ASSERT_EQ(state_bytes(*loaded).bytes, newest);
  driver d{std::move(*loaded), 1'800'000'000'000, term_t{1'000'000'000}};
  if (d.m.applied().value == UINT64_MAX) return;
  d.apply(putting("k0", "still works"));
  d.apply(compacting(UINT64_MAX));
  while (d.m.compact_some(100)) {
  }
  ASSERT_EQ(d.get("k0"), "still works");
}

void expect_every_change_refused_or_whole(driver d) {
  auto good = state_bytes(d.m);
  ASSERT_TRUE(restore(good.meta, {good.bytes}));
  for (std::size_t at = 0; at < good.bytes.size(); ++at) {
    EXPECT_FALSE(restore(good.meta, {good.bytes.substr(0, at)})) << "cut at " << at;
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto bad = good.bytes;
      bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
      expect_refused_or_whole(good.meta, bad);
      if (::testing::Test::HasFatalFailure()) FAIL() << "bit " << bit << " of byte " << at;
    }
    for (char byte : {'\x00', '\x01', '\x07', '\x08', '\x09', '\x7f', '\xff'}) {
      auto bad = good.bytes;
      bad[at] = byte;
      expect_refused_or_whole(good.meta, bad);
      if (::testing::Test::HasFatalFailure()) FAIL() << "byte " << at;
    }
  }
  EXPECT_FALSE(restore(good.meta, {good.bytes, std::string("\0", 1)}));
  EXPECT_FALSE(restore(good.meta, {good.bytes, good.bytes}));
  EXPECT_FALSE(restore(good.meta, {}));
  auto other = good.meta;
  other.term = other.term + 1;
  EXPECT_FALSE(restore(other, {good.bytes}));
}

TEST(snapshot_loader, refuses_or_understands_every_change) {
  expect_every_change_refused_or_whole(rich_state());
}
TEST(snapshot_loader, refuses_or_understands_every_change_of_vectors) {
  expect_every_change_refused_or_whole(embedded_state());
}

/// A snapshot record by record, of which a test leaves out, repeats or exchanges some.
std::vector<std::string> records_of(state_machine& m) {
  auto p = *m.try_pin(0);
  return chunks_of(p, 1);
}

TEST(snapshot_loader, refuses_models_and_annotations_out_of_place) {
  driver d;
  d.apply(putting("a", "1"));
  d.apply(setting(vector_maker::client, "m@1", 2));
  d.annotate(embedded_as("a", 1, 0.5));
  auto meta = state_bytes(d.m).meta;
  // What next_chunk(1) gives: state, model, value with its annotation, end.
  auto parts = records_of(d.m);
  ASSERT_EQ(parts.size(), 4u);
  auto state = parts[0], model = parts[1], both = parts[2], end = parts[3];
  const auto annotation_size = 1 + 1 + 4 + vectors_of(0).size();
  auto value = both.substr(0, both.size() - annotation_size), annotation = both.substr(value.size());
  auto end_of = [](std::uint64_t records) { return encode(snapshot_record::end) + encode(records); };
  ASSERT_TRUE(restore(meta, {state, model, value, annotation, end_of(4)}));
  ASSERT_TRUE(restore(meta, {state, model, value, end_of(3)}));
  EXPECT_FALSE(restore(meta, {state, value, annotation, end_of(3)})) << "no model";
  EXPECT_FALSE(restore(meta, {state, model, model, value, annotation, end_of(5)})) << "two models";
  EXPECT_FALSE(restore(meta, {state, value, model, end_of(3)})) << "model behind a value";
  EXPECT_FALSE(restore(meta, {state, model, annotation, value, end_of(4)})) << "annotation of nothing";
  EXPECT_FALSE(restore(meta, {state, model, value, annotation, annotation, end_of(5)})) << "two annotations";
  auto older = state;
  older[version_at] = 1;
  EXPECT_FALSE(restore(meta, {older, model, value, annotation, end_of(4)})) << "too new for version 1";
  EXPECT_TRUE(restore(meta, {older, value, end_of(2)}));
  auto with = [&](annotation_outcome outcome, const blob& vectors) {
    return encode(snapshot_record::annotation) + encode(outcome) + encode(vectors);
  };
  ASSERT_EQ(with(annotation_outcome::embedded, vectors_of(0.5)), annotation);
  EXPECT_TRUE(restore(meta, {state, model, value, with(annotation_outcome::failed, {}), end_of(4)}));
  EXPECT_FALSE(
      restore(meta, {state, model, value, with(annotation_outcome::failed, vectors_of(1)), end_of(4)}));
  EXPECT_FALSE(restore(meta, {state, model, value, with(annotation_outcome::embedded, {}), end_of(4)}));
  EXPECT_FALSE(
      restore(meta, {state, model, value, with(annotation_outcome::embedded, vectors_of(1, 3)), end_of(4)}));
  auto of = [](model_id id, embedding_model m) {
    return encode(snapshot_record::embedding) + encode(id) + encode(m);
  };
  embedding_model client{vector_maker::client, "m@1", 2, vector_metric::cosine};
  ASSERT_EQ(of(model_id{2}, client), model);
  EXPECT_FALSE(restore(meta, {state, of(model_id{0}, client), value, end_of(3)}));
  EXPECT_FALSE(restore(meta, {state, of(model_id{4}, client), value, end_of(3)})) << "set after the snapshot";
  // Older values of a key have no annotations, and tombstones neither.
  d.apply(putting("a", "2"));
  d.annotate(embedded_as("a", 2, 0.5));
  d.apply(deleting("b"));
  meta = state_bytes(d.m).meta;
  parts = records_of(d.m);
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_TRUE(restore(meta, {parts[0], model, parts[2], parts[3], end_of(5)}));
  EXPECT_FALSE(restore(meta, {parts[0], model, parts[2], parts[3], annotation, end_of(6)}));
  d.apply(deleting("a"));
  meta = state_bytes(d.m).meta;
  parts = records_of(d.m);
  ASSERT_EQ(parts.size(), 6u);
  EXPECT_FALSE(restore(meta, {parts[0], model, parts[2], annotation, parts[3], parts[4], end_of(6)}));
}

// Found by fuzzing: a number near the end of its 56 bits began again at 0 with the next put.
TEST(snapshot_loader, version_numbers_fit_their_revisions_and_their_place) {
  constexpr std::uint64_t largest = (std::uint64_t{1} << 56) - 1;
  auto value_of = [](std::uint64_t created, std::uint64_t modified, std::uint64_t number) {
    version v;
    v.create_revision = revision_t{created};
    v.mod_revision = revision_t{modified};
    v.value = blob{"v"};
    v.set_value(media_type::text, number);
    return v;
  };
  key_space keys;
  ASSERT_TRUE(keys.begin_load(revision_t{}, revision_t{largest}));
  EXPECT_TRUE(keys.load("a", value_of(5, 7, 3)));
  auto refused = keys.load("b", value_of(5, 7, 4));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().detail, "more versions than revisions");
  EXPECT_TRUE(keys.load("c", value_of(1, largest, largest)));
  ASSERT_TRUE(keys.finish_load());
  EXPECT_FALSE(keys.put("c", blob{"w"}, media_type::text));
  EXPECT_EQ(keys.find("c")->number(), largest);
}

TEST(snapshot_loader, takes_chunks_cut_between_any_records) {
  auto d = embedded_state();
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
                    "02"
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
  EXPECT_EQ(hex(state_bytes(d.m).bytes), expected);
}

TEST(snapshot_loader, pins_the_format_of_vectors) {
  driver d;
  d.time_ms = 0x0102030405;
  d.apply(putting("k", "v"));
  d.apply(setting(vector_maker::client, "m", 2));
  d.annotate(embedded_as("k", 1, 1.0f));
  auto expected = std::string("01"
                              "02"
                              "0300000000000000"
                              "0100000000000000" // state: version, index, term,
                              "00000000000000000000000000000000"
                              "00000000" //   cluster, members
                              "0504030201000000"
                              "0100000000000000"
                              "0000000000000000" //   time, revision, compacted
                              "08"
                              "0200000000000000"
                              "02"
                              "01000000"
                              "6d"
                              "02000000"
                              "00" // model: id, maker, name, dimension, metric
                              "05"
                              "01000000"
                              "6b"
                              "0100000000000000"
                              "0100000000000000" // value: key, mod, create,
                              "0100000000000000"
                              "00"
                              "01000000"
                              "76" //   version, type, value
                              "09"
                              "00"
                              "14000000"
                              "01000000"
                              "00000000"
                              "01000000"
                              "0000803f"
                              "0000803f" // annotation: outcome, vectors
                              "07"
                              "0400000000000000"); // end: records
  EXPECT_EQ(hex(state_bytes(d.m).bytes), expected);
}

/// What the version before embedding wrote for: k = v at revision 1, d put at 2 and deleted at 3, compacted
/// at 2.
TEST(snapshot_loader, reads_version_1) {
  auto bytes = unhex("01"
                     "01"
                     "0500000000000000"
                     "0100000000000000" // state: version, index, term,
                     "00000000000000000000000000000000"
                     "00000000" //   cluster, members
                     "0504030201000000"
                     "0300000000000000"
                     "0200000000000000" //   time, revision, compacted
                     "06"
                     "01000000"
                     "64"
                     "0300000000000000" // tombstone: key, mod
                     "05"
                     "01000000"
                     "64"
                     "0200000000000000"
                     "0200000000000000" // value: key, mod, create,
                     "0100000000000000"
                     "00"
                     "01000000"
                     "76" //   version, type, value
                     "05"
                     "01000000"
                     "6b"
                     "0100000000000000"
                     "0100000000000000"
                     "0100000000000000"
                     "01"
                     "01000000"
                     "77"
                     "07"
                     "0400000000000000"); // end: records
  snapshot_meta meta;
  meta.index = index_t{5};
  meta.term = term_t{1};
  auto loaded = restore(meta, {bytes});
  ASSERT_TRUE(loaded) << loaded.error().detail;
  EXPECT_EQ(loaded->embedding(), embedding_state{});
  EXPECT_EQ(loaded->keys(), 1u);
  driver d{std::move(*loaded)};
  EXPECT_EQ(d.get("k"), "w");
  EXPECT_EQ(d.get("d", revision_t{2}), "v");
  EXPECT_EQ(d.m.vector_revision().value, 3u);
  d.apply(setting(vector_maker::builtin, "m", 2));
  EXPECT_EQ(d.waiting(), std::vector<std::string>{"k"});
  bytes[version_at] = 2;
  driver same{*restore(meta, {bytes})};
  EXPECT_EQ(state_bytes(same.m).bytes, bytes);
  EXPECT_FALSE(same.m.memory_alarm());
  bytes[version_at] = 3;
  driver alarmed{*restore(meta, {bytes})};
  EXPECT_TRUE(alarmed.m.memory_alarm());
  EXPECT_EQ(state_bytes(alarmed.m).bytes, bytes);
  bytes[version_at] = 4;
  EXPECT_FALSE(restore(meta, {bytes}));
}
// clang-format on

TEST(snapshot_loader, the_memory_alarm_is_part_of_the_state) {
  driver d;
  d.apply(putting("k", "v"));
  auto before = d.m.digest();
  command alarm{{}, {}, set_memory_alarm{true}};
  auto revision = d.m.revision();
  EXPECT_EQ(d.apply(alarm).code, outcome::applied);
  EXPECT_EQ(d.m.revision(), revision) << "it takes no revision";
  EXPECT_TRUE(d.m.memory_alarm());
  EXPECT_NE(d.m.digest(), before);
  EXPECT_EQ(d.apply(putting("k", "w")).code, outcome::applied) << "what is in the log is applied";
  driver copy{*copy_of(d.m)};
  EXPECT_TRUE(copy.m.memory_alarm());
  EXPECT_EQ(copy.m.digest(), d.m.digest());
  alarm.body = set_memory_alarm{false};
  copy.apply(alarm);
  driver cleared{*copy_of(copy.m)};
  EXPECT_FALSE(cleared.m.memory_alarm());
}

} // namespace
} // namespace troupe::storage::testing
