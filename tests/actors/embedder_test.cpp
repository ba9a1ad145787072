// The embedder: whose model the cluster gets, which values it embeds, and what it tells the log.

#include "actors/embedder.hpp"

#include "actors/embed_worker.hpp"
#include "actors/storage.hpp"
#include "command/vectors.hpp"
#include "messages/raft.hpp"
#include "tests/actors/fake_model.hpp"
#include "tests/actors/search_samples.hpp"

namespace troupe::test {
namespace {

/// The embedder between a real storage actor and a probe that stands for the log.
class embedder_test : public testing::Test {
protected:
  void start(embedder_options o, bool workers = true) {
    keeper = s.spawn(storage_keeper, machine, storage_options{});
    embed_worker_options wo;
    wo.make = make;
    embed_worker_actor front;
    embed_worker_actor back;
    if (workers) front = s.spawn(embed_worker, wo), back = s.spawn(embed_worker, wo);
    actor = s.spawn(embedder, o, raft.pointer(), keeper, front, back);
    tick_to(1'000);
  }
  void tick_to(std::int64_t ms) {
    raft.tell(actor, at_ms(ms));
    s.run();
  }
  void lead(bool leads = true) {
    raft.tell(actor, leadership{leads});
    s.run();
  }
  void apply(const command& c) {
    raft.tell(keeper, apply_batch{{entry_of(machine->applied().value + 1, encode_command(c))}});
    s.run();
  }
  /// What the embedder has proposed since the last call.
  struct proposal {
    std::uint64_t id;
    command what;
    answer_sink_actor sink;
  };
  std::vector<proposal> proposed() {
    std::vector<proposal> out;
    for (auto& r : raft.log()) {
      if (!r.is<request_batch>()) continue;
      for (auto& one : r.as<request_batch>().requests)
        out.push_back({one.id, *decode_command(std::get<write_request>(one.body).command.view()),
                       r.content.get_as<answer_sink_actor>(1)});
    }
    raft.clear();
    return out;
  }
  /// Lets the log take everything that is proposed until nothing is; returns the transactions.
  std::vector<transaction> settle() {
    std::vector<transaction> out;
    for (auto batch = proposed(); !batch.empty(); batch = proposed())
      for (auto& p : batch) {
        apply(p.what);
        if (auto* t = std::get_if<transaction>(&p.what.body)) out.push_back(*t);
        raft.tell(p.sink, answer_batch{{{p.id, command_result{}}}});
        s.run();
      }
    return out;
  }
  static std::size_t annotations(const std::vector<transaction>& all) {
    std::size_t n = 0;
    for (auto& t : all)
      n += t.success.size();
    return n;
  }
  static embedder_options options_of(embedding_model m) {
    embedder_options o;
    o.model = std::move(m);
    return o;
  }

  std::function<result<std::unique_ptr<search::embedder>>()> make = [] { return fake_model::make(16); };
  stage s;
  probe raft{s};
  std::shared_ptr<storage::state_machine> machine = std::make_shared<storage::state_machine>();
  storage_actor keeper;
  embedder_actor actor;
};

TEST_F(embedder_test, only_the_leader_sets_the_model_and_embeds) {
  start(options_of(test_model()));
  apply(putting_text("a", "red shoes"));
  tick_to(2'000);
  EXPECT_TRUE(proposed().empty());
  lead();
  auto first = proposed();
  ASSERT_EQ(first.size(), 1u);
  ASSERT_TRUE(std::holds_alternative<set_embedding>(first[0].what.body));
  EXPECT_EQ(std::get<set_embedding>(first[0].what.body).model, test_model());
}

TEST_F(embedder_test, every_value_gets_its_vector_or_the_word_that_it_has_none) {
  start(options_of(test_model()));
  for (int i = 0; i < 40; ++i)
    apply(putting_text("k" + std::to_string(i), "text number " + std::to_string(i)));
  apply(putting_text("bad", "impossible"));
  apply(putting_text("empty", ""));
  apply(putting("raw", "bytes are not embedded"));
  lead();
  for (std::int64_t ms = 2'000; ms < 30'000; ms += 500)
    settle(), tick_to(ms);
  EXPECT_EQ(machine->pending_vectors(), 0u) << "what cannot be embedded is given up";
  EXPECT_EQ(machine->vector_revision(), machine->revision());
  apply(putting_text("later", "green hats"));
  EXPECT_EQ(annotations(settle()), 1u) << "a value that comes later is embedded at once";
  EXPECT_EQ(machine->vector_revision(), machine->revision());
}

TEST_F(embedder_test, a_value_outside_the_scope_is_skipped) {
  auto o = options_of(test_model());
  o.scope.prefixes = {"docs/"};
  start(o);
  apply(putting_text("docs/a", "one"));
  apply(putting_text("other", "two"));
  lead();
  auto all = settle();
  ASSERT_EQ(annotations(all), 2u);
  for (auto& op : all.back().success) {
    auto& a = std::get<annotate_operation>(op);
    EXPECT_EQ(a.outcome, a.key == "docs/a" ? annotation_outcome::embedded : annotation_outcome::skipped);
  }
}

TEST_F(embedder_test, a_value_that_is_the_cause_does_not_stop_the_others_and_is_given_up) {
  start(options_of(test_model()));
  apply(putting_text("a", "away"));
  for (int i = 0; i < 40; ++i)
    apply(putting_text("b" + std::to_string(i), "fine"));
  lead();
  std::int64_t ms = 2'000;
  for (; ms < 12'000; ms += 500)
    settle(), tick_to(ms);
  EXPECT_LE(machine->pending_vectors(), 1u);
  for (; ms < 40'000; ms += 500)
    settle(), tick_to(ms);
  EXPECT_EQ(machine->pending_vectors(), 0u);
}

TEST_F(embedder_test, one_that_is_alone_in_its_batch_does_not_stop_those_behind_it) {
  auto o = options_of(test_model());
  o.batch_values = 1;
  o.tries_max = 1'000;
  start(o);
  apply(putting_text("a", "away"));
  apply(putting_text("b", "fine"));
  apply(putting_text("c", "fine"));
  lead();
  for (std::int64_t ms = 2'000; ms < 20'000; ms += 500)
    settle(), tick_to(ms);
  EXPECT_EQ(machine->pending_vectors(), 1u);
}

TEST_F(embedder_test, while_the_maker_is_away_nothing_is_given_up) {
  bool away = true;
  make = [&]() -> result<std::unique_ptr<search::embedder>> {
    if (away) return error{errc::unavailable, "nobody answers"};
    return fake_model::make(16);
  };
  start(options_of(test_model()));
  for (int i = 0; i < 20; ++i)
    apply(putting_text("k" + std::to_string(i), "fine"));
  lead();
  std::int64_t ms = 2'000;
  for (; ms < 100'000; ms += 500)
    settle(), tick_to(ms);
  EXPECT_EQ(machine->pending_vectors(), 20u);
  away = false;
  for (; ms < 110'000; ms += 500)
    settle(), tick_to(ms);
  EXPECT_EQ(machine->pending_vectors(), 0u);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(machine->changes_after({}, 1u << 20).items[static_cast<std::size_t>(i)].annotation->outcome,
              annotation_outcome::embedded);
}

TEST_F(embedder_test, vectors_of_clients_are_not_dropped_for_another_model) {
  start(options_of(test_model()));
  command theirs;
  theirs.body = set_embedding{{vector_maker::client, "mine@1", 3, vector_metric::l2}};
  apply(theirs);
  lead();
  for (std::int64_t ms = 2'000; ms < 10'000; ms += 500)
    tick_to(ms);
  EXPECT_TRUE(proposed().empty());
}

TEST_F(embedder_test, vectors_are_not_dropped_for_none_unless_the_file_says_so) {
  auto o = options_of({});
  start(o, false);
  command theirs;
  theirs.body = set_embedding{test_model()};
  apply(theirs);
  lead();
  tick_to(5'000);
  EXPECT_TRUE(proposed().empty());
  caf::anon_send_exit(actor, caf::exit_reason::kill);
  s.run();
  o.replace = true;
  actor = s.spawn(embedder, o, raft.pointer(), keeper, embed_worker_actor{}, embed_worker_actor{});
  lead();
  settle();
  EXPECT_EQ(machine->embedding().model.maker, vector_maker::none);
}

TEST_F(embedder_test, a_proposal_that_is_not_taken_is_made_again_after_a_pause) {
  start(options_of(test_model()));
  lead();
  settle();
  tick_to(1'100);
  apply(putting_text("a", "one"));
  auto first = proposed();
  ASSERT_EQ(first.size(), 1u);
  raft.tell(first[0].sink, answer_batch{{{first[0].id, refusal{refusal_kind::overloaded, 0, {}}}}});
  s.run();
  EXPECT_TRUE(proposed().empty());
  tick_to(1'500);
  EXPECT_TRUE(proposed().empty());
  tick_to(2'500);
  EXPECT_EQ(proposed().size(), 1u);
}

TEST_F(embedder_test, who_no_longer_leads_proposes_nothing_and_goes_on_when_it_leads_again) {
  start(options_of(test_model()));
  lead();
  settle();
  lead(false);
  apply(putting_text("a", "one"));
  tick_to(9'000);
  EXPECT_TRUE(proposed().empty());
  lead();
  settle();
  EXPECT_EQ(machine->pending_vectors(), 0u);
}

TEST_F(embedder_test, another_model_embeds_everything_anew) {
  start(options_of(test_model("fake@1")));
  apply(putting_text("a", "one"));
  lead();
  settle();
  auto before = machine->embedding().id;
  // As by a leader with another cluster file.
  command other;
  other.body = set_embedding{test_model("fake@2")};
  apply(other);
  EXPECT_EQ(machine->pending_vectors(), 1u);
  settle();
  tick_to(3'000);
  settle();
  EXPECT_EQ(machine->embedding().model, test_model("fake@1")) << "this leader's file counts";
  EXPECT_GT(machine->embedding().id, before);
  EXPECT_EQ(machine->pending_vectors(), 0u);
}

TEST_F(embedder_test, without_a_model_nothing_is_proposed) {
  start(options_of({}), false);
  apply(putting_text("a", "one"));
  lead();
  tick_to(3'000);
  EXPECT_TRUE(proposed().empty());
}

TEST_F(embedder_test, a_clients_model_is_set_and_nothing_embedded) {
  start(options_of({vector_maker::client, "mine@1", 3, vector_metric::l2}), false);
  apply(putting_text("a", "one"));
  lead();
  settle();
  tick_to(3'000);
  EXPECT_TRUE(proposed().empty());
  EXPECT_EQ(machine->embedding().model.name, "mine@1");
  EXPECT_EQ(machine->vector_revision(), machine->revision());
}

class embedder_sync : public embedder_test {
protected:
  void write(command c, std::uint64_t id = 7) {
    write_request w{encode_command(c), true};
    raft.tell(actor, embed_writes{{{id, 5'000, w}}}, sink.as<answer_sink_actor>());
    s.run();
  }
  std::optional<refusal> refused() {
    auto batches = sink.take<answer_batch>();
    if (batches.empty()) return std::nullopt;
    auto* r = std::get_if<refusal>(&batches[0].answers[0].body);
    return r ? std::optional{*r} : std::nullopt;
  }

  probe sink{s};
};

TEST_F(embedder_sync, the_vector_travels_with_the_value) {
  start(options_of(test_model()));
  lead();
  settle();
  write(putting_text("a", "red shoes"));
  auto p = proposed();
  ASSERT_EQ(p.size(), 1u);
  EXPECT_EQ(p[0].id, 7u) << "the answer goes to who asked";
  EXPECT_EQ(p[0].sink, sink.as<answer_sink_actor>());
  apply(p[0].what);
  EXPECT_EQ(machine->vector_revision(), machine->revision());
  EXPECT_EQ(machine->pending_vectors(), 0u);
}

TEST_F(embedder_sync, only_the_value_that_stays_is_annotated) {
  start(options_of(test_model()));
  lead();
  settle();
  auto c = putting_text("a", "first");
  auto& t = std::get<transaction>(c.body);
  t.success.emplace_back(storage::testing::put_of("a", "second", media_type::text));
  t.success.emplace_back(storage::testing::put_of("b", "gone", media_type::text));
  t.success.emplace_back(delete_operation{"b"});
  write(c);
  auto p = proposed();
  ASSERT_EQ(p.size(), 1u);
  auto& ops = std::get<transaction>(p[0].what.body).success;
  ASSERT_EQ(ops.size(), 5u);
  auto& a = std::get<annotate_operation>(ops[4]);
  EXPECT_EQ(a.key, "a");
  auto expected = fake_model{16}.embed("second");
  EXPECT_EQ(decode_vectors(a.vectors.view(), 16)->vectors, expected->vectors);
}

TEST_F(embedder_sync, is_refused_while_the_cluster_has_another_model) {
  start(options_of(test_model()));
  write(putting_text("a", "x"));
  auto r = refused();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->kind, refusal_kind::overloaded);
}

TEST_F(embedder_sync, is_refused_without_a_model) {
  start(options_of({}), false);
  write(putting_text("a", "x"));
  auto r = refused();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->kind, refusal_kind::invalid);
}

TEST_F(embedder_sync, is_refused_when_no_vector_can_be_had) {
  start(options_of(test_model()));
  lead();
  settle();
  for (auto* text : {"away", "impossible"}) {
    write(putting_text("a", text));
    auto r = refused();
    ASSERT_TRUE(r) << text;
    EXPECT_EQ(r->kind, refusal_kind::overloaded);
    EXPECT_TRUE(proposed().empty());
  }
}

TEST_F(embedder_sync, is_bounded_in_bytes_and_in_texts) {
  auto o = options_of(test_model());
  o.sync_bytes_max = 1'000;
  o.sync_texts_max = 2;
  start(o);
  lead();
  settle();
  write(putting_text("a", std::string(600, 'x')));
  EXPECT_EQ(refused()->kind, refusal_kind::overloaded);
  auto c = putting_text("a", "one");
  std::get<transaction>(c.body).success.emplace_back(storage::testing::put_of("b", "two", media_type::text));
  write(c);
  EXPECT_EQ(proposed().size(), 1u);
  std::get<transaction>(c.body).success.emplace_back(
      storage::testing::put_of("c", "three", media_type::text));
  write(c);
  EXPECT_EQ(refused()->kind, refusal_kind::invalid);
  write(putting_text("a", "fits again"));
  EXPECT_EQ(proposed().size(), 1u) << "what was answered no longer counts";
}

TEST_F(embedder_sync, what_is_no_transaction_is_refused) {
  start(options_of(test_model()));
  lead();
  settle();
  write({{}, {}, compact_history{revision_t{1}}});
  EXPECT_EQ(refused()->kind, refusal_kind::invalid);
  raft.tell(actor, embed_writes{{{7, 5'000, write_request{blob{"garbage"}, true}}}},
            sink.as<answer_sink_actor>());
  s.run();
  EXPECT_EQ(refused()->kind, refusal_kind::invalid);
}

} // namespace
} // namespace troupe::test
