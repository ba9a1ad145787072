// Three whole nodes that search: every index equals one that is built afresh from its key space, whatever
// happened, and a linearizable search never misses an acknowledged write.

#include "tests/actors/cluster_fixture.hpp"
#include "tests/actors/search_samples.hpp"

#include <random>

namespace troupe::test {
namespace {

class search_cluster : public cluster_test {
protected:
  void prepare(test_node& n) override {
    n.model = test_model();
    n.options.snapshot_log_entries = 40;
  }

  bool put_text(test_node& n, const std::string& key, const std::string& text, bool embed = false) {
    write_request w{encode_command(putting_text(key, text)), embed};
    return is_applied(wait_for(n, n.ask({0, 5'000, std::move(w)})));
  }
  bool erase(test_node& n, const std::string& key) {
    return is_applied(wait_for(n, n.ask({0, 5'000, write_request{encode_command(deleting_key(key))}})));
  }
  std::optional<search_result> search(test_node& n, search_request r) {
    auto a = wait_for(n, n.ask({0, 5'000, std::move(r)}));
    auto* found = a ? std::get_if<search_result>(&a->body) : nullptr;
    return found ? std::optional{*found} : std::nullopt;
  }
  /// Linearizable, with every vector: afterwards the node's index is as fresh as it can be.
  ::testing::AssertionResult settled(test_node& n) {
    auto r = words("nothing");
    r.wait_vectors = true;
    for (int i = 0; i < 20; ++i) {
      auto found = search(n, r);
      if (found && found->code == search_outcome::ok) return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "the index of " << n.name() << " does not catch up\n" << state();
  }

  /// An engine fed with what the node's key space holds, each text embedded anew.
  std::string built_afresh(test_node& n) {
    search::engine_settings settings;
    settings.vectors.emplace();
    settings.vectors->dimension = test_model().dimension;
    auto made = search::engine::make(settings);
    EXPECT_TRUE(made);
    fake_model model{test_model().dimension};
    range_query all;
    all.limit = 100'000;
    all.bytes_max = 1u << 30;
    auto a = wait_for(n, n.ask({0, 5'000, read_request{all, consistency::stale}}));
    EXPECT_TRUE(a);
    for (auto& item : std::get<query_result>(a->body).items) {
      auto kind = static_cast<search::value_kind>(item.type);
      made->put(item.key, item.value, kind, item.mod_revision);
      auto text = search::embeddable_text({item.key, item.value.view(), kind, item.mod_revision});
      auto vectors = model.embed(text);
      if (text.empty() || !vectors) continue;
      EXPECT_TRUE(made->annotate(item.key, item.mod_revision, vectors->passages, vectors->vectors));
    }
    return made->digest();
  }
  void expect_indexes_equal_fresh_ones() {
    for (auto& n : nodes) {
      if (!n.runs()) continue;
      ASSERT_TRUE(settled(n));
      EXPECT_EQ(n.index_digest(), built_afresh(n)) << n.name();
    }
  }
};

TEST_F(search_cluster, a_put_is_found_at_once_on_another_node) {
  for (int i = 0; i < 30; ++i) {
    auto word = "word" + std::to_string(i);
    ASSERT_TRUE(put_text(nodes[static_cast<std::size_t>(i) % 3], "k" + std::to_string(i), "a " + word));
    auto found = search(nodes[static_cast<std::size_t>(i + 1) % 3], words(word));
    ASSERT_TRUE(found);
    ASSERT_EQ(found->hits.size(), 1u) << word;
  }
}

TEST_F(search_cluster, a_cut_off_node_answers_stale_searches_only) {
  auto& f = follower(0);
  ASSERT_TRUE(put_text(*leader(), "a", "before"));
  pass(200);
  isolate(f);
  ASSERT_TRUE(put_text(*leader(), "b", "before"));
  auto stale = words("before");
  stale.freshness = consistency::stale;
  auto found = search(f, stale);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->total, 1u);
  auto a = wait_for(f, f.ask({0, 1'000, words("before")}));
  ASSERT_TRUE(a);
  EXPECT_TRUE(refusal_in(*a)) << "nobody confirmed that this is the newest";
  heal();
  pass(1'000);
  EXPECT_EQ(search(f, words("before"))->total, 2u);
}

TEST_F(search_cluster, vectors_are_made_once_and_are_the_same_everywhere) {
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(put_text(nodes[0], "k" + std::to_string(i), "text number " + std::to_string(i)));
  ASSERT_TRUE(put_text(nodes[0], "bad", "impossible"));
  expect_indexes_equal_fresh_ones();
  for (auto& n : nodes) {
    auto r = meaning("text number 7");
    r.wait_vectors = true;
    auto found = search(n, r);
    ASSERT_TRUE(found);
    ASSERT_EQ(found->code, search_outcome::ok) << found->detail;
    EXPECT_EQ(found->hits[0].key, "k7");
    EXPECT_EQ(found->total, 20u);
  }
}

TEST_F(search_cluster, a_value_that_brings_its_vector_is_found_by_meaning_at_once) {
  ASSERT_TRUE(settled(nodes[0]));
  // The cluster's model may still be on its way through the log.
  for (int i = 0; i < 100 && !put_text(nodes[1], "warm", "up", true); ++i)
    pass(100);
  for (int i = 0; i < 12; ++i) {
    auto text = "thing number " + std::to_string(i);
    ASSERT_TRUE(put_text(nodes[static_cast<std::size_t>(i) % 3], "s" + std::to_string(i), text, true));
    auto found = search(nodes[static_cast<std::size_t>(i + 1) % 3], meaning(text));
    ASSERT_TRUE(found);
    ASSERT_EQ(found->code, search_outcome::ok) << found->detail;
    ASSERT_FALSE(found->hits.empty());
    EXPECT_EQ(found->hits[0].key, "s" + std::to_string(i));
  }
  expect_indexes_equal_fresh_ones();
}

TEST_F(search_cluster, a_new_leader_embeds_what_the_old_one_left) {
  auto* old = leader();
  for (int i = 0; i < 30; ++i) {
    auto id = old->ask(
        {0, 5'000, write_request{encode_command(putting_text("k" + std::to_string(i), "left behind"))}});
    (void)id;
  }
  s.run();
  crash(*old);
  pass(2'000);
  ASSERT_TRUE(put_text(*leader(), "last", "one"));
  expect_indexes_equal_fresh_ones();
  restart(*old);
  pass(1'000);
  expect_indexes_equal_fresh_ones();
}

TEST_F(search_cluster, another_model_in_the_leaders_file_embeds_everything_anew) {
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(put_text(nodes[0], "k" + std::to_string(i), "text number " + std::to_string(i)));
  expect_indexes_equal_fresh_ones();
  for (auto& n : nodes) {
    crash(n);
    n.model = test_model("fake@2");
    restart(n);
    pass(2'000);
  }
  expect_indexes_equal_fresh_ones();
  for (auto& n : nodes)
    EXPECT_EQ(search(n, meaning("text number 3"))->hits[0].key, "k3");
}

/// Everything at random: puts, updates, deletes, crashes, restarts, cuts. What was acknowledged is found by
/// the next linearizable search, and in the end every index equals a fresh one.
TEST_F(search_cluster, any_history) {
  std::mt19937_64 random{storage::testing::test_seed()};
  std::map<std::string, std::string>
      expected; // key -> its word; keys whose last write is unknown are not in it
  std::uint64_t checked = 0;
  auto any_running = [&]() -> test_node& {
    while (true)
      if (auto& n = nodes[random() % nodes.size()]; n.runs()) return n;
  };
  for (int step = 0; step < 160; ++step) {
    auto what = random() % 100;
    auto key = "k" + std::to_string(random() % 30);
    auto word = "w" + std::to_string(random() % 1'000'000);
    std::size_t running = 0;
    for (auto& n : nodes)
      running += n.runs();
    if (what < 55) {
      if (put_text(any_running(), key, "say " + word, random() % 4 == 0))
        expected[key] = word;
      else
        expected.erase(key);
    } else if (what < 65) {
      erase(any_running(), key);
      expected.erase(key);
    } else if (what < 85) {
      if (expected.empty()) continue;
      auto wanted = std::next(expected.begin(), static_cast<std::ptrdiff_t>(random() % expected.size()));
      auto found = search(any_running(), words(wanted->second));
      if (!found || found->code != search_outcome::ok) continue;
      ++checked;
      auto keys = keys_of(*found);
      ASSERT_TRUE(std::find(keys.begin(), keys.end(), wanted->first) != keys.end())
          << wanted->first << " " << wanted->second << " at step " << step << "\n"
          << state();
    } else if (what < 90) {
      if (running == nodes.size()) crash(any_running(), crash_mode::drop_unsynced);
    } else if (what < 96) {
      for (auto& n : nodes)
        if (!n.runs()) restart(n);
    } else {
      pass(static_cast<std::int64_t>(random() % 2'000));
    }
  }
  for (auto& n : nodes)
    if (!n.runs()) restart(n);
  pass(3'000);
  EXPECT_GT(checked, 5u);
  expect_indexes_equal_fresh_ones();
}

} // namespace
} // namespace troupe::test
