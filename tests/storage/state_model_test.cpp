// The state machine against a model that keeps a whole map for every revision.

#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace troupe::storage::testing {
namespace {

using key_map = std::map<std::string, key_value>;

class model {
public:
  model() : history_{{0, {}}} {}

  std::uint64_t revision() const { return history_.rbegin()->first; }
  std::uint64_t compacted() const { return compacted_; }
  const key_map& at(std::uint64_t revision) const { return history_.at(revision); }
  const key_map& newest() const { return history_.rbegin()->second; }

  command_result apply(const command& c) {
    if (auto* compact = std::get_if<compact_history>(&c.body)) {
      compacted_ = std::clamp(compact->revision.value, compacted_, revision());
      history_.erase(history_.begin(), history_.find(compacted_));
      return answer();
    }
    auto& t = std::get<transaction>(c.body);
    bool succeeded = std::all_of(t.compares.begin(), t.compares.end(), [&](auto& x) { return holds(x); });
    auto now = newest();
    auto before = newest();
    bool wrote = false;
    std::vector<operation_result> results;
    for (auto& op : succeeded ? t.success : t.failure)
      results.push_back(run(op, now, before, wrote));
    if (wrote) history_.emplace(revision() + 1, std::move(now));
    auto r = answer();
    r.succeeded = succeeded;
    r.results = std::move(results);
    return r;
  }

  query_result range(const range_query& q, std::uint64_t revision) const {
    query_result r{query_outcome::ok, revision_t{revision}, revision_t{compacted_}, {}, false};
    std::vector<key_value> all;
    for (auto& [key, value] : at(revision))
      if (key >= q.start && (q.end.empty() || key < q.end)) all.push_back(value);
    if (q.reverse) std::reverse(all.begin(), all.end());
    std::size_t bytes = 0;
    for (auto& item : all) {
      if (q.keys_only) item.value = {};
      bytes += item.key.size() + item.value.size();
      if (r.items.size() == q.limit || (!r.items.empty() && bytes > q.bytes_max)) {
        r.more = true;
        break;
      }
      r.items.push_back(item);
    }
    return r;
  }

private:
  command_result answer() const {
    command_result r;
    r.revision = revision_t{revision()};
    return r;
  }

  operation_result run(const operation& op, key_map& now, const key_map& before, bool& wrote) const {
    if (auto* put = std::get_if<put_operation>(&op)) {
      wrote = true;
      revision_t next{revision() + 1};
      auto [place, created] = now.try_emplace(put->key);
      auto& v = place->second;
      if (created) {
        v = {put->key, put->value, put->type, next, next, 1};
      } else {
        auto old = before.find(put->key);
        bool fresh = v.create_revision == next;
        v = {put->key, put->value, put->type, v.create_revision, next, fresh ? 1 : old->second.version + 1};
      }
      return put_result{created};
    }
    if (auto* gone = std::get_if<delete_operation>(&op)) {
      bool deleted = now.erase(gone->key) > 0;
      wrote = wrote || deleted;
      return delete_result{deleted};
    }
    auto found = now.find(std::get<get_operation>(op).key);
    return found == now.end() ? get_result{} : get_result{found->second};
  }

  bool holds(const compare& c) const {
    auto found = newest().find(c.key);
    bool there = found != newest().end();
    if (c.target == compare_target::value) {
      if (!there) return c.op == compare_op::not_equal;
      return ordered(found->second.value.view().compare(c.value.view()), c.op);
    }
    std::uint64_t number = 0;
    if (there) {
      auto& v = found->second;
      number = c.target == compare_target::exists         ? 1
               : c.target == compare_target::version      ? v.version
               : c.target == compare_target::mod_revision ? v.mod_revision.value
                                                          : v.create_revision.value;
    }
    return ordered(number < c.number ? -1 : number > c.number ? 1 : 0, c.op);
  }
  static bool ordered(int order, compare_op op) {
    switch (op) {
    case compare_op::equal: return order == 0;
    case compare_op::not_equal: return order != 0;
    case compare_op::less: return order < 0;
    default: return order > 0;
    }
  }

  std::map<std::uint64_t, key_map> history_;
  std::uint64_t compacted_ = 0;
};

/// Random commands over few keys, so that they meet; some keys long, some that are prefixes of others, some
/// with zeros.
class generator {
public:
  explicit generator(std::uint64_t seed) : random_(seed) {
    for (int i = 0; i < 12; ++i)
      keys_.push_back("k" + std::to_string(i));
    for (int i = 0; i < 6; ++i)
      keys_.push_back("a-key-that-does-not-fit-in-place/" + std::to_string(i));
    keys_.insert(keys_.end(), {"k", std::string("k\0", 2), std::string("k\0\0", 3), "\xff\xff", "k1\xff",
                               std::string(23, 'x'), std::string(24, 'x'), std::string(300, 'x')});
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  const std::string& key() { return keys_[below(keys_.size())]; }
  std::string value() { return std::string(below(40), static_cast<char>('a' + below(3))); }

  command next(const model& m) {
    if (below(25) == 0) return compacting(m.compacted() + below(m.revision() - m.compacted() + 3));
    transaction t;
    for (auto n = below(4) == 0 ? 1 + below(2) : 0; n > 0; --n)
      t.compares.push_back(condition(m));
    for (auto n = 1 + (below(3) == 0 ? below(5) : 0); n > 0; --n)
      t.success.push_back(one());
    for (auto n = below(3); n > 0; --n)
      t.failure.push_back(one());
    return command_of(std::move(t));
  }

  range_query range() {
    range_query q;
    if (below(4) != 0) q.start = key();
    if (below(3) != 0) q.end = below(2) == 0 ? key() : prefix_end(key());
    q.limit = static_cast<std::uint32_t>(1 + below(30));
    q.bytes_max = static_cast<std::uint32_t>(below(2) == 0 ? 1 + below(200) : 1'000'000);
    q.keys_only = below(3) == 0;
    q.reverse = below(2) == 0;
    return q;
  }

private:
  operation one() {
    switch (below(5)) {
    case 0:
    case 1: return put_operation{key(), blob{value()}, static_cast<media_type>(below(3))};
    case 2:
    case 3: return delete_operation{key()};
    default: return get_operation{key()};
    }
  }
  compare condition(const model& m) {
    return {key(), static_cast<compare_target>(below(5)), static_cast<compare_op>(below(4)), blob{value()},
            below(2) == 0 ? below(3) : m.revision() - below(m.revision() + 1)};
  }

  std::mt19937_64 random_;
  std::vector<std::string> keys_;
};

void expect_same_reads(const state_machine& m, const model& expected, generator& random) {
  ASSERT_EQ(m.revision().value, expected.revision());
  ASSERT_EQ(m.compacted().value, expected.compacted());
  ASSERT_EQ(m.keys(), expected.newest().size());
  for (int i = 0; i < 4; ++i) {
    auto at = expected.compacted() + random.below(expected.revision() - expected.compacted() + 1);
    auto q = random.range();
    q.at = revision_t{at};
    ASSERT_EQ(m.run(q), expected.range(q, at));
    auto& key = random.key();
    auto got = m.run(get_query{key, revision_t{at}});
    auto found = expected.at(at).find(key);
    ASSERT_EQ(got.items.size(), found == expected.at(at).end() ? 0u : 1u);
    if (!got.items.empty()) {
      ASSERT_EQ(got.items[0], found->second);
    }
  }
}

/// Every kept revision, every key.
void expect_same_history(const state_machine& m, const model& expected) {
  for (auto at = expected.compacted(); at <= expected.revision(); ++at) {
    range_query q;
    q.at = revision_t{at};
    ASSERT_EQ(m.run(q), expected.range(q, at));
  }
}

struct held_pin {
  pin p;
  model expected;
  std::string digest;
  std::vector<std::string> chunks;
};

void check_pin(held_pin& held, generator& random) {
  auto q = random.range();
  q.at = revision_t{held.expected.compacted() +
                    random.below(held.expected.revision() - held.expected.compacted() + 1)};
  ASSERT_EQ(held.p.run(q), held.expected.range(q, q.at->value));
  if (!held.p.done()) held.chunks.push_back(held.p.next_chunk(1 + random.below(2000)));
  if (!held.p.done()) return;
  auto restored = restore(held.p.meta(), held.chunks);
  ASSERT_TRUE(restored) << restored.error().detail;
  ASSERT_EQ(restored->digest(), held.digest);
  expect_same_history(*restored, held.expected);
}

TEST(state_model, agrees_with_the_state_machine) {
  generator random{test_seed()};
  driver d;
  model expected;
  std::vector<held_pin> pins;
  for (int step = 0; step < 6'000; ++step) {
    auto c = random.next(expected);
    ASSERT_EQ(d.apply(c), expected.apply(c)) << "step " << step;
    if (random.below(3) == 0) d.m.compact_some(random.below(5));
    expect_same_reads(d.m, expected, random);
    if (random.below(40) == 0)
      if (auto p = d.m.try_pin(step)) {
        EXPECT_EQ(p->taken_at_ms(), step);
        pins.push_back({std::move(*p), expected, d.m.digest(), {}});
      }
    if (!pins.empty() && random.below(4) == 0) check_pin(pins[random.below(pins.size())], random);
    if (::testing::Test::HasFatalFailure()) FAIL() << "step " << step;
    std::erase_if(pins, [](auto& held) { return held.p.done(); });
  }
  expect_same_history(d.m, expected);
}

TEST(state_model, is_the_same_however_it_was_compacted_and_restored) {
  generator random{test_seed()};
  model expected;
  driver eager, lazy, restored;
  for (int step = 0; step < 3'000; ++step) {
    auto c = random.next(expected);
    auto r = expected.apply(c);
    ASSERT_EQ(eager.apply(c), r);
    ASSERT_EQ(lazy.apply(c), r);
    ASSERT_EQ(restored.apply(c), r);
    while (eager.m.compact_some(100)) {
    }
    if (step % 100 != 0) continue;
    auto copy = copy_of(restored.m, 1 + random.below(3000));
    ASSERT_TRUE(copy) << copy.error().detail;
    restored.m = std::move(*copy);
    ASSERT_EQ(eager.m.digest(), lazy.m.digest());
    ASSERT_EQ(eager.m.digest(), restored.m.digest());
  }
  // When all is compacted, nothing is left but the newest values, whoever freed the rest when.
  for (auto* d : {&eager, &lazy, &restored}) {
    d->apply(compacting(expected.revision()));
    while (d->m.compact_some(3)) {
    }
    EXPECT_EQ(d->m.logical_bytes(), eager.m.logical_bytes());
    EXPECT_EQ(d->m.digest(), eager.m.digest());
  }
  std::uint64_t bytes = 0;
  for (auto& [key, value] : expected.newest())
    bytes += key.size() + value.value.size() + 64;
  EXPECT_EQ(eager.m.logical_bytes(), bytes);
}

} // namespace
} // namespace troupe::storage::testing
