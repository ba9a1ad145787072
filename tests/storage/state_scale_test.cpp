// Memory of a million keys, and how long things take (printed, not asserted).

#include "storage/key_space.hpp"
#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <numeric>

namespace troupe::storage::testing {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

// Without optimisation the ordered map checks itself at every step; a tenth of the keys then has to do.
#if defined(__OPTIMIZE__)
constexpr bool quick = !sanitized;
#else
constexpr bool quick = false;
#endif

std::size_t heap_bytes() {
  auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::string key_of(std::size_t n) {
  char key[17];
  std::snprintf(key, sizeof key, "user/%011zu", n);
  return key;
}

/// Processor time, so that a busy machine does not count.
class stopwatch {
public:
  void print(const char* what, std::size_t count) {
    auto took = static_cast<double>(std::clock() - start_) * 1e9 / CLOCKS_PER_SEC;
    std::printf("%-52s %8.0f ns each\n", what, took / static_cast<double>(count));
    start_ = std::clock();
  }

private:
  std::clock_t start_ = std::clock();
};

std::vector<std::size_t> shuffled(std::size_t count) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64{1});
  return order;
}

void fill(key_space& keys, const std::vector<std::size_t>& order) {
  const std::string value(128, 'v');
  for (auto n : order) {
    keys.put(key_of(n), blob{value}, media_type::bytes);
    keys.commit();
  }
}

TEST(state_scale, a_million_small_keys_fit) {
  if (sanitized) GTEST_SKIP() << "a sanitizer's allocator does not count like the real one";
  constexpr std::size_t count = quick ? 1'000'000 : 100'000;
  for (bool ordered : {true, false}) {
    auto order = shuffled(count);
    if (ordered) std::iota(order.begin(), order.end(), 0);
    auto before = heap_bytes();
    key_space keys;
    fill(keys, order);
    auto used = heap_bytes() - before;
    std::printf("%zu keys of 16+128 bytes, %s: %zu MB, %zu bytes a key\n", count,
                ordered ? "in order" : "shuffled", used / 1'000'000, used / count);
    EXPECT_EQ(keys.keys(), count);
    EXPECT_LT(used / count, 260u);
  }
}

TEST(state_scale, overwritten_versions_are_given_back) {
  if (sanitized) GTEST_SKIP() << "a sanitizer's allocator does not count like the real one";
  key_space keys;
  auto order = shuffled(quick ? 20'000 : 4'000);
  fill(keys, order);
  auto before = heap_bytes();
  for (int round = 0; round < 10; ++round) {
    fill(keys, order);
    keys.compact(keys.revision());
    while (keys.free_some(1'000)) {
    }
  }
  EXPECT_LT(heap_bytes(), before + before / 4);
}

TEST(state_scale, says_how_long_things_take) {
  constexpr std::size_t count = quick ? 200'000 : 20'000;
  auto order = shuffled(count);
  std::vector<blob> puts, stamped;
  for (auto n : order) {
    auto c = putting(key_of(n), std::string(128, 'v'));
    puts.push_back(encode_command(c));
    auto sequence = stamped.size() + 1;
    c.session = session_stamp{session_id{1}, sequence_t{sequence},
                              sequence_t{std::max<std::size_t>(sequence, 64) - 63}};
    stamped.push_back(encode_command(c));
  }
  driver d;
  d.apply({{}, {}, open_session{}});
  stopwatch watch;
  for (auto& p : puts)
    d.m.apply(d.next(entry_kind::command, p));
  watch.print("apply: put of a new key", count);
  for (auto& p : puts)
    d.m.apply(d.next(entry_kind::command, p));
  watch.print("apply: put over a key", count);
  for (auto& p : stamped)
    ASSERT_FALSE(d.m.apply(d.next(entry_kind::command, p)).replayed);
  watch.print("apply: put over a key under a session", count);
  for (auto n : order)
    ASSERT_EQ(d.m.run(get_query{key_of(n), {}}).items.size(), 1u);
  watch.print("get", count);
  auto pinned = d.m.try_pin(0);
  watch.print("pin", 1);
  std::size_t bytes = 0, chunks = 0;
  for (; !pinned->done(); ++chunks)
    bytes += pinned->next_chunk().size();
  watch.print("chunk of 1 MiB from a pin", chunks);
  pinned.reset();
  d.apply(compacting(d.m.revision().value));
  while (d.m.compact_some(1'000)) {
  }
  watch.print("compaction of one version", 2 * count);
  range_query q{.start = {}, .end = {}, .limit = 1'000'000, .bytes_max = UINT32_MAX, .at = {}};
  EXPECT_EQ(d.m.run(q).items.size(), count);
  watch.print("item of a range", count);
  auto copy = copy_of(d.m);
  ASSERT_TRUE(copy);
  watch.print("snapshot and restore of one key", count);
  EXPECT_EQ(copy->digest(), d.m.digest());
  EXPECT_GT(bytes, count * 144);
}

TEST(state_scale, says_how_long_vectors_take) {
  constexpr std::size_t count = quick ? 200'000 : 20'000;
  driver d;
  transaction t;
  for (auto n : shuffled(count)) {
    t.success.push_back(put_of(key_of(n), "v"));
    if (t.success.size() == 1'000) d.apply(command_of(std::exchange(t, {})));
  }
  stopwatch watch;
  auto before = heap_bytes();
  d.apply(setting(vector_maker::builtin, "m@1", 2));
  watch.print("setting a model, for each key", count);
  if (!sanitized) std::printf("a value that waits: %zu bytes\n", (heap_bytes() - before) / count);
  const auto vectors = vectors_of(1);
  const auto model = d.m.embedding().id;
  while (d.m.pending_vectors() != 0) {
    for (auto& item : d.m.pending_after({}, {}, 200'000))
      t.success.push_back(
          annotate_operation{item.key, item.mod_revision, model, annotation_outcome::embedded, vectors});
    d.apply(command_of(std::exchange(t, {})));
  }
  watch.print("page of what waits, and annotation", count);
  if (!sanitized) std::printf("an annotation: %zu bytes\n", (heap_bytes() - before) / count);
  std::size_t items = 0;
  auto pinned = d.m.try_pin(0);
  while (!pinned->items_done())
    items += pinned->next_items().size();
  EXPECT_EQ(items, count);
  watch.print("item of a pin", count);
  d.apply(setting(vector_maker::http, "m@2", 2));
  watch.print("setting another model, for each key", count);
  while (d.m.compact_some(1'000)) {
  }
  watch.print("freeing an annotation", count);
  EXPECT_EQ(d.m.pending_vectors(), count);
}

} // namespace
} // namespace troupe::storage::testing
