// The indexer between a real storage actor and probes: what it has seen when it answers, and what it says
// when it cannot.

#include "actors/indexer.hpp"

#include "actors/embed_worker.hpp"
#include "actors/indexer_driver.hpp"
#include "actors/storage.hpp"
#include "base/fault_file.hpp"
#include "command/vectors.hpp"
#include "messages/raft.hpp"
#include "tests/actors/fake_model.hpp"
#include "tests/actors/search_samples.hpp"

namespace troupe::test {
namespace {

class indexer_test : public testing::Test {
protected:
  void start_storage() { keeper = s.spawn(storage_keeper, machine, storage_options{}); }
  void start(indexer_options o = {}, bool with_worker = true) {
    if (!keeper) start_storage();
    embed_worker_options wo;
    wo.make = [] { return fake_model::make(16); };
    embed_worker_actor worker;
    if (with_worker) worker = s.spawn(embed_worker, wo);
    actor = s.spawn(indexer, o, keeper, worker, raft.pointer());
    tick_to(1'000);
  }
  void tick_to(std::int64_t ms) {
    raft.tell(actor, at_ms(ms));
    s.run();
  }
  void apply(const command& c) {
    raft.tell(keeper, apply_batch{{entry_of(machine->applied().value + 1, encode_command(c))}});
    s.run();
  }
  void set_model(embedding_model m) {
    command c;
    c.body = set_embedding{std::move(m)};
    apply(c);
  }
  void annotate(const std::string& key, std::uint64_t revision, const std::string& text) {
    auto made = fake_model{16}.embed(text);
    transaction t;
    t.success.emplace_back(annotate_operation{key, revision_t{revision}, machine->embedding().id,
                                              annotation_outcome::embedded,
                                              encode_vectors({{{0, 1}}, made->vectors})});
    apply(command_of(std::move(t)));
  }
  void ask(search_request r, std::uint64_t index = 0, std::int64_t deadline_ms = 60'000) {
    search_batch b{index_t{index}, {}};
    b.searches.push_back({sink.as<answer_sink_actor>(), ++last_id, std::move(r), deadline_ms});
    raft.tell(actor, std::move(b));
    s.run();
  }
  std::optional<answer> answered() {
    auto batches = sink.take<answer_batch>();
    if (batches.empty()) return std::nullopt;
    EXPECT_EQ(batches.size(), 1u);
    EXPECT_EQ(batches[0].answers[0].id, last_id);
    return batches[0].answers[0];
  }
  search_result search(search_request r, std::uint64_t index = 0) {
    ask(std::move(r), index);
    auto a = answered();
    auto* found = a ? std::get_if<search_result>(&a->body) : nullptr;
    if (!found) ADD_FAILURE() << "no search result";
    return found ? *found : search_result{};
  }
  static indexer_options with_model() {
    indexer_options o;
    o.model = test_model();
    return o;
  }
  using keys = std::vector<std::string>;

  stage s;
  probe raft{s};
  probe sink{s};
  std::shared_ptr<storage::state_machine> machine = std::make_shared<storage::state_machine>();
  storage_actor keeper;
  indexer_actor actor;
  std::uint64_t last_id = 0;
};

TEST_F(indexer_test, follows_puts_updates_and_deletes) {
  start();
  apply(putting_text("a", "red shoes"));
  apply(putting_text("b", "blue shoes"));
  EXPECT_EQ(keys_of(search(words("shoes"))), (keys{"a", "b"}));
  apply(putting_text("a", "red hats"));
  EXPECT_EQ(keys_of(search(words("shoes"))), keys{"b"});
  EXPECT_EQ(keys_of(search(words("hats"))), keys{"a"});
  apply(deleting_key("b"));
  auto r = search(words("shoes"));
  EXPECT_TRUE(r.hits.empty());
  EXPECT_EQ(r.indexed_revision, revision_t{4});
}

TEST_F(indexer_test, begins_with_what_is_there) {
  start_storage();
  for (int i = 0; i < 300; ++i)
    apply(putting_text("k" + std::to_string(i), "common word" + std::to_string(i)));
  start();
  auto r = search(words("common"));
  EXPECT_EQ(r.total, 300u);
  EXPECT_EQ(r.indexed_revision, revision_t{300});
  auto report = raft.last<search_report>().status;
  EXPECT_TRUE(report.ready);
  EXPECT_EQ(report.documents, 300u);
}

TEST_F(indexer_test, an_idle_cluster_without_a_key_is_ready) {
  start();
  EXPECT_TRUE(raft.last<search_report>().status.ready);
  EXPECT_EQ(search(words("anything")).total, 0u);
}

TEST_F(indexer_test, a_linearizable_search_waits_for_its_log_index) {
  start();
  apply(putting_text("a", "red"));
  ask(words("blue"), 2);
  EXPECT_FALSE(answered());
  apply(putting_text("b", "blue"));
  auto a = answered();
  ASSERT_TRUE(a);
  EXPECT_EQ(keys_of(std::get<search_result>(a->body)), keys{"b"});
}

TEST_F(indexer_test, a_search_whose_time_runs_out_says_how_far_the_index_is) {
  start();
  apply(putting_text("a", "red"));
  auto r = words("red");
  r.min_revision = revision_t{5};
  ask(r, 0, 3'000);
  tick_to(2'999);
  EXPECT_FALSE(answered());
  tick_to(3'000);
  auto a = answered();
  ASSERT_TRUE(a);
  auto& late = std::get<search_result>(a->body);
  EXPECT_EQ(late.code, search_outcome::not_yet);
  EXPECT_EQ(late.indexed_revision, revision_t{1});
}

TEST_F(indexer_test, a_search_whose_time_is_over_is_not_searched_for) {
  std::int64_t now = 1'000;
  auto o = with_model();
  o.now_ms = [&] { return now; };
  start(o);
  apply(putting_text("a", "red"));
  ask(words("red"), 2, 5'000);
  now = 5'000; // no tick has come since
  apply(putting_text("b", "red"));
  auto a = answered();
  ASSERT_TRUE(a);
  EXPECT_EQ(std::get<search_result>(a->body).code, search_outcome::not_yet);
}

TEST_F(indexer_test, a_mistake_in_the_query_is_answered_with_its_place) {
  start();
  auto r = search(words("shoes \"red"));
  EXPECT_EQ(r.code, search_outcome::bad_request);
  EXPECT_EQ(r.part, "q");
  EXPECT_FALSE(r.detail.empty());
  EXPECT_EQ(search(words("")).code, search_outcome::bad_request);
}

TEST_F(indexer_test, meaning_is_searched_with_the_clusters_vectors) {
  start(with_model());
  set_model(test_model());
  apply(putting_text("a", "red shoes for running"));
  apply(putting_text("b", "a blue train"));
  annotate("a", 1, "red shoes for running");
  annotate("b", 2, "a blue train");
  auto r = search(meaning("red shoes"));
  ASSERT_EQ(r.code, search_outcome::ok) << r.detail;
  ASSERT_EQ(r.hits.size(), 2u);
  EXPECT_EQ(r.hits[0].key, "a");
  EXPECT_EQ(r.vector_revision, revision_t{2});
  auto h = words("train");
  h.mode = search_mode::hybrid;
  auto both = search(h);
  ASSERT_FALSE(both.hits.empty());
  EXPECT_EQ(both.hits[0].key, "b");
}

TEST_F(indexer_test, a_search_can_wait_for_the_vectors) {
  start(with_model());
  set_model(test_model());
  apply(putting_text("a", "red shoes"));
  auto r = meaning("red shoes");
  EXPECT_TRUE(search(r).hits.empty()) << "vectors lag by nature";
  r.wait_vectors = true;
  ask(r);
  EXPECT_FALSE(answered());
  annotate("a", 1, "red shoes");
  auto a = answered();
  ASSERT_TRUE(a);
  EXPECT_EQ(keys_of(std::get<search_result>(a->body)), keys{"a"});
}

TEST_F(indexer_test, a_vector_of_an_overwritten_value_is_not_found) {
  start(with_model());
  set_model(test_model());
  apply(putting_text("a", "red shoes"));
  annotate("a", 1, "red shoes");
  ASSERT_EQ(search(meaning("red shoes")).hits.size(), 1u);
  apply(putting_text("a", "a blue train"));
  EXPECT_TRUE(search(meaning("red shoes")).hits.empty());
}

TEST_F(indexer_test, another_model_drops_the_vectors) {
  start(with_model());
  set_model(test_model());
  apply(putting_text("a", "red shoes"));
  annotate("a", 1, "red shoes");
  set_model(test_model("fake@2"));
  ask(meaning("red shoes"));
  EXPECT_EQ(refusal_in(*answered()), refusal_kind::overloaded) << "this node cannot embed for that model";
  set_model(test_model());
  EXPECT_TRUE(search(meaning("red shoes")).hits.empty());
  annotate("a", 1, "red shoes");
  EXPECT_EQ(search(meaning("red shoes")).hits.size(), 1u);
}

TEST_F(indexer_test, a_query_that_cannot_be_embedded) {
  start(with_model());
  set_model(test_model());
  EXPECT_EQ(search(meaning(" , ")).code, search_outcome::bad_request);
  for (auto* text : {"away", "impossible"}) {
    ask(meaning(text));
    EXPECT_EQ(refusal_in(*answered()), refusal_kind::overloaded);
  }
}

TEST_F(indexer_test, what_is_switched_off_is_said) {
  indexer_options o;
  o.text.reset();
  o.vectors = false;
  start(o, false);
  EXPECT_EQ(search(words("a")).code, search_outcome::no_index);
  EXPECT_EQ(search(meaning("a")).code, search_outcome::no_index);
}

TEST_F(indexer_test, without_a_model_there_is_no_meaning) {
  start();
  EXPECT_EQ(search(meaning("a")).code, search_outcome::no_index);
}

TEST_F(indexer_test, clients_bring_their_own_vectors) {
  start({}, false);
  set_model({vector_maker::client, "mine@1", 2, vector_metric::l2});
  transaction t;
  t.success.emplace_back(storage::testing::put_of("a", "x", media_type::text));
  t.success.emplace_back(annotate_operation{
      "a", {}, {}, annotation_outcome::embedded, encode_vectors({{{0, 0}}, {1.0f, 2.0f}})});
  apply(command_of(std::move(t)));
  auto r = meaning("");
  r.vector = {1.0f, 2.0f};
  EXPECT_EQ(keys_of(search(r)), keys{"a"});
  EXPECT_EQ(search(meaning("words")).part, "vector");
  r.vector = {1.0f, 2.0f, 3.0f};
  EXPECT_EQ(search(r).code, search_outcome::bad_request);
}

TEST_F(indexer_test, pages_show_one_revision) {
  start();
  for (int i = 0; i < 25; ++i)
    apply(putting_text("k" + std::to_string(10 + i), "same words"));
  auto r = words("same");
  r.paged = true;
  auto first = search(r);
  ASSERT_EQ(first.hits.size(), 10u);
  ASSERT_FALSE(first.cursor.empty());
  for (int i = 0; i < 25; ++i)
    apply(deleting_key("k" + std::to_string(10 + i)));
  search_request next;
  next.cursor = first.cursor;
  auto second = search(next);
  ASSERT_EQ(second.hits.size(), 10u);
  EXPECT_EQ(second.hits[0].key, "k20");
  EXPECT_EQ(second.hits[0].value.view(), "same words");
  EXPECT_FALSE(second.hits[0].highlights.empty());
  EXPECT_EQ(second.indexed_revision, revision_t{25});
  EXPECT_EQ(second.total, 25u);
  next.cursor = second.cursor;
  auto third = search(next);
  EXPECT_EQ(third.hits.size(), 5u);
  EXPECT_TRUE(third.cursor.empty());
  EXPECT_EQ(search(words("same")).total, 0u);
  tick_to(1'000 + page_series::keep_ms);
  EXPECT_EQ(search(next).code, search_outcome::cursor_gone);
}

TEST_F(indexer_test, an_answer_is_bounded_in_bytes) {
  indexer_options o;
  o.scope.value_bytes_max = 4u << 20;
  start(o);
  for (int i = 0; i < 4; ++i)
    apply(putting_text("k" + std::to_string(i), "word " + std::string(3u << 20, 'x')));
  auto r = words("word");
  r.paged = true;
  auto first = search(r);
  EXPECT_EQ(first.hits.size(), 2u);
  search_request next;
  next.cursor = first.cursor;
  EXPECT_EQ(search(next).hits.size(), 2u);
}

TEST_F(indexer_test, begins_anew_when_the_storage_installs_a_snapshot) {
  start();
  apply(putting_text("old", "red"));
  auto other = std::make_shared<storage::state_machine>();
  for (std::uint64_t i = 1; i <= 50; ++i)
    other->apply(entry_of(i, encode_command(putting_text("new" + std::to_string(i), "red"))));
  auto pin = other->try_pin(0);
  auto restored = storage::testing::restore(pin->meta(), storage::testing::chunks_of(*pin));
  ASSERT_TRUE(restored);
  auto loaded = std::make_shared<storage::state_machine>(std::move(*restored));
  raft.tell(keeper, state_install{loaded});
  s.run();
  auto r = search(words("red"), 50);
  EXPECT_EQ(r.total, 50u);
  EXPECT_EQ(r.indexed_revision, revision_t{50});
}

TEST_F(indexer_test, the_graph_is_saved_and_adopted) {
  fault_file_system disk{1};
  ASSERT_TRUE(disk.make_folder("/data"));
  auto o = with_model();
  o.files = &disk;
  o.vector_file = "/data/vectors";
  o.save_after_changes = 1;
  start(o);
  set_model(test_model());
  for (int i = 1; i <= 20; ++i) {
    auto text = "text number " + std::to_string(i);
    apply(putting_text("k" + std::to_string(i), text));
    annotate("k" + std::to_string(i), machine->revision().value, text);
  }
  tick_to(400'000);
  tick_to(800'000);
  ASSERT_TRUE(disk.open("/data/vectors", open_mode::read)) << "not saved";
  apply(deleting_key("k3"));
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  s.run();
  start(o);
  auto r = search(meaning("text number 7"));
  ASSERT_FALSE(r.hits.empty());
  EXPECT_EQ(r.hits[0].key, "k7");
  EXPECT_EQ(r.total, 19u);
}

} // namespace
} // namespace troupe::test
