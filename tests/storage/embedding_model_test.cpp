// Vectors and those who follow them, against a model that keeps a plain map: random histories with followers
// that pull and rebuild, and snapshots that are taken while annotations arrive.

#include "tests/storage/state_driver.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace troupe::storage::testing {
namespace {

struct value_now {
  std::string value;
  revision_t mod_revision;
  std::optional<stored_annotation> annotation;

  friend bool operator==(const value_now&, const value_now&) = default;
};
using value_map = std::map<std::string, value_now>;

/// What the log means, said as plainly as can be.
class model {
public:
  value_map values;
  embedding_state embedding;
  revision_t revision;
  std::vector<revision_t> revisions{{}};          ///< by index
  std::vector<std::set<std::string>> touched{{}}; ///< by index

  command_result apply(const command& c) {
    touched.emplace_back();
    command_result r;
    if (auto* set = std::get_if<set_embedding>(&c.body)) {
      if (set->model != embedding.model) {
        embedding = {model_id{touched.size() - 1}, set->model};
        for (auto& [key, v] : values)
          v.annotation.reset();
      }
    } else {
      bool wrote = false;
      for (auto& op : std::get<transaction>(c.body).success)
        r.results.push_back(run(op, wrote));
      if (wrote) ++revision;
      r.succeeded = true;
    }
    r.revision = revision;
    revisions.push_back(revision);
    return r;
  }

  std::vector<std::pair<revision_t, std::string>> waiting() const {
    std::vector<std::pair<revision_t, std::string>> found;
    for (auto& [key, v] : values)
      if (embedding.model.made_here() && !v.annotation) found.emplace_back(v.mod_revision, key);
    std::sort(found.begin(), found.end());
    return found;
  }

private:
  operation_result run(const operation& op, bool& wrote) {
    if (auto* put = std::get_if<put_operation>(&op)) {
      bool created = !values.contains(put->key);
      values[put->key] = {std::string(put->value.view()), revision + 1, {}};
      touched.back().insert(put->key);
      wrote = true;
      return put_result{created};
    }
    if (auto* gone = std::get_if<delete_operation>(&op)) {
      if (values.erase(gone->key) == 0) return delete_result{false};
      touched.back().insert(gone->key);
      wrote = true;
      return delete_result{true};
    }
    return annotate_result{annotate(std::get<annotate_operation>(op))};
  }

  bool annotate(const annotate_operation& a) {
    auto found = values.find(a.key);
    auto about = a.mod_revision ? a.mod_revision : revision + 1;
    bool fits = a.model ? a.model == embedding.id : embedding.model.maker == vector_maker::client;
    if (embedding.model.maker == vector_maker::none || !fits) return false;
    if (found == values.end() || found->second.mod_revision != about) return false;
    touched.back().insert(a.key);
    bool embedded = a.outcome == annotation_outcome::embedded;
    bool valid = !embedded || valid_vectors(a.vectors.view(), embedding.model.dimension);
    auto& kept = found->second.annotation;
    if (embedded && valid && (!kept || kept->outcome != annotation_outcome::embedded))
      kept = stored_annotation{about, a.outcome, a.vectors};
    else if (!kept)
      kept = stored_annotation{about, valid ? a.outcome : annotation_outcome::failed, {}};
    return valid;
  }
};

class generator {
public:
  explicit generator(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  command next(const model& m) {
    if (below(60) == 0)
      return setting(static_cast<vector_maker>(1 + below(3)), "m@" + std::to_string(below(2)), 1);
    if (below(200) == 0) return setting(vector_maker::none, "", 0);
    transaction t;
    for (auto n = 1 + below(4); n > 0; --n)
      t.success.push_back(one(m));
    return command_of(std::move(t));
  }

private:
  std::string key() {
    auto n = std::to_string(below(30));
    return below(3) == 0 ? "a key too long for its place in the map/" + n : "k" + n;
  }

  operation one(const model& m) {
    auto what = below(10);
    if (what < 3) return put_of(key(), std::to_string(below(1'000)));
    if (what < 4) return delete_operation{key()};
    annotate_operation a{key(), {}, {}, annotation_outcome::embedded, {}};
    if (auto found = m.values.find(a.key); found != m.values.end() && below(5) != 0)
      a.mod_revision = found->second.mod_revision;
    if (below(4) != 0) a.model = model_id{m.embedding.id.value + (below(6) == 0 ? 1 : 0)};
    if (below(3) == 0)
      a.outcome = below(2) == 0 ? annotation_outcome::failed : annotation_outcome::skipped;
    else // sometimes of the wrong dimension
      a.vectors = vectors_of(static_cast<float>(below(1'000)), below(8) == 0 ? 2 : 1);
    return a;
  }

  std::mt19937_64 random_;
};

/// An index: it holds what it was given, and nothing else.
struct follower {
  index_t after;
  model_id id;
  value_map values;
  std::optional<pin> rebuilding;
  bool lost = true;

  void take(const key_change& item) {
    if (!item.exists)
      values.erase(item.key);
    else
      values[item.key] = {std::string(item.value.view()), item.mod_revision, item.annotation};
  }
};

void pull(follower& f, const state_machine& m, const model& expected, generator& random) {
  auto batch = m.changes_after(f.after, random.below(2) == 0 ? 1 : random.below(5'000));
  ASSERT_FALSE(batch.behind);
  ASSERT_LE(batch.upto, m.applied());
  ASSERT_EQ(batch.revision, expected.revisions.at(batch.upto.value));
  std::set<std::string> due, given;
  for (auto i = f.after.value + 1; i <= batch.upto.value; ++i)
    due.insert(expected.touched.at(i).begin(), expected.touched.at(i).end());
  if (batch.embedding.id != f.id)
    for (auto& [key, v] : f.values)
      v.annotation.reset();
  f.id = batch.embedding.id;
  for (auto& item : batch.items) {
    ASSERT_TRUE(given.insert(item.key).second);
    f.take(item);
  }
  ASSERT_EQ(given, due);
  f.after = batch.upto;
  ASSERT_EQ(batch.complete, batch.upto == m.applied());
  ASSERT_EQ(batch.embedding, expected.embedding);
  if (batch.complete) {
    ASSERT_EQ(f.values, expected.values);
  }
}

void follow(follower& f, state_machine& m, const model& expected, generator& random) {
  if (f.lost) {
    f.rebuilding = m.try_pin(0);
    if (!f.rebuilding) return;
    f.lost = false;
    f.values.clear();
    f.after = f.rebuilding->meta().index;
    f.id = f.rebuilding->embedding().id;
  }
  if (!f.rebuilding) return pull(f, m, expected, random);
  for (auto& item : f.rebuilding->next_items(1 + random.below(500)))
    f.take(item);
  if (f.rebuilding->items_done()) f.rebuilding.reset();
}

void expect_same_waiting(const state_machine& m, const model& expected) {
  auto due = expected.waiting();
  ASSERT_EQ(m.pending_vectors(), due.size());
  ASSERT_EQ(m.vector_revision(), due.empty() ? expected.revision : due.front().first - 1);
  std::vector<std::pair<revision_t, std::string>> found;
  for (auto page = m.pending_after({}, {}, 200); !page.empty();
       page = m.pending_after(found.back().first, found.back().second, 200))
    for (auto& item : page)
      found.emplace_back(item.mod_revision, item.key);
  ASSERT_EQ(found, due);
}

TEST(embedding_model, followers_come_to_what_is) {
  generator random{test_seed()};
  driver d;
  model expected;
  std::vector<follower> followers(3);
  for (int step = 0; step < 4'000; ++step) {
    auto c = random.next(expected);
    ASSERT_EQ(d.apply(c), expected.apply(c)) << "step " << step;
    d.m.compact_some(random.below(3));
    if (random.below(20) == 0) expect_same_waiting(d.m, expected);
    auto& f = followers[random.below(followers.size())];
    if (random.below(100) == 0) f = {};
    for (auto n = random.below(4); n > 0; --n)
      follow(f, d.m, expected, random);
    if (::testing::Test::HasFatalFailure()) FAIL() << "step " << step;
  }
}

struct snapshot_in_work {
  pin p;
  model at_pin;
  std::vector<std::string> chunks;
};

/// Restores it and applies what came after, as a node does that lags or restarts. An index that was saved
/// with exactly what the log said at the snapshot's index follows.
void expect_same_after_replay(const snapshot_in_work& s, const std::vector<blob>& log,
                              const std::vector<command_result>& results, const model& expected,
                              const std::string& digest) {
  auto loaded = restore(s.p.meta(), s.chunks);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  driver d{std::move(*loaded)};
  follower saved{d.m.applied(), s.at_pin.embedding.id, s.at_pin.values, {}, false};
  for (auto i = d.m.applied().value; i < log.size(); ++i)
    ASSERT_EQ(d.m.apply(d.next(entry_kind::command, log[i])), results[i]) << "entry " << i + 1;
  ASSERT_EQ(d.m.digest(), digest);
  expect_same_waiting(d.m, expected);
  generator random{0};
  while (saved.after < d.m.applied()) {
    pull(saved, d.m, expected, random);
    if (::testing::Test::HasFatalFailure()) return;
  }
  ASSERT_EQ(saved.values, expected.values);
}

TEST(embedding_model, snapshots_and_what_follows_them_lead_to_the_same_state) {
  generator random{test_seed()};
  driver d;
  model expected;
  std::vector<blob> log;
  std::vector<command_result> results;
  std::optional<snapshot_in_work> snapshot;
  int restored = 0;
  for (int step = 0; step < 4'000; ++step) {
    auto c = random.next(expected);
    expected.apply(c);
    log.push_back(encode_command(c));
    results.push_back(d.m.apply(d.next(entry_kind::command, log.back())));
    if (!snapshot && random.below(40) == 0) snapshot = snapshot_in_work{*d.m.try_pin(0), expected, {}};
    if (!snapshot) continue;
    if (!snapshot->p.done()) {
      snapshot->chunks.push_back(snapshot->p.next_chunk(1 + random.below(800)));
    } else if (random.below(4) == 0) {
      expect_same_after_replay(*snapshot, log, results, expected, d.m.digest());
      if (HasFatalFailure()) FAIL() << "step " << step;
      snapshot.reset();
      ++restored;
    }
  }
  EXPECT_GT(restored, 10);
}

} // namespace
} // namespace troupe::storage::testing
