// The whole library against fake nodes on loopback.

#include "client/client.hpp"
#include "tests/client/fake_node.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace troupe::client::testing {

namespace {

fate serve_all(const request&) {
  return fate::serve;
}

bool is_put(const request& r) {
  auto* w = std::get_if<write_request>(&r.body);
  auto c = w ? decode_command(w->command.view()) : command{};
  return c && std::holds_alternative<transaction>(c->body) && w;
}

class client_library : public ::testing::Test {
protected:
  std::shared_ptr<fake_cluster> cluster = std::make_shared<fake_cluster>();
  client_options in_order{.timeout = std::chrono::seconds(20), .tls = {}, .in_order = true};

  std::uint64_t version_of(const std::string& key) {
    std::lock_guard hold{cluster->lock};
    auto r = cluster->state.m.run(get_query{key, std::nullopt});
    return r.items.empty() ? 0 : r.items.front().version;
  }
  std::uint64_t sessions() {
    std::lock_guard hold{cluster->lock};
    return cluster->state.m.sessions();
  }
};

TEST_F(client_library, a_search_has_hits_or_a_reason) {
  fake_node node{cluster, serve_all};
  client store{{node.address()}, in_order};
  search_request asked;
  asked.query = "words";
  asked.limit = 3;
  const auto found = store.search(asked);
  ASSERT_TRUE(found) << found.error().detail;
  EXPECT_EQ(found->total, 3U);
  const auto failed = [&](const std::string& query, const std::string& cursor = {}) {
    asked.query = query;
    asked.cursor = cursor;
    const auto result = store.search(asked);
    return result ? failure{failure_kind::unavailable, "was found"} : result.error();
  };
  EXPECT_EQ(failed("(").kind, failure_kind::invalid);
  EXPECT_EQ(failed("(").detail, "q: no end (bytes 0 to 1)");
  EXPECT_EQ(failed("off").kind, failure_kind::invalid);
  EXPECT_EQ(failed("behind").kind, failure_kind::not_reached);
  EXPECT_EQ(failed("", "c").kind, failure_kind::cursor_gone);
  EXPECT_EQ(failed("").kind, failure_kind::invalid) << "not even sent";
}

TEST_F(client_library, does_everything_it_offers) {
  fake_node node{cluster, serve_all};
  {
    client store{{node.address()}, in_order};
    const auto put = store.put("k", "v", media_type::text);
    ASSERT_TRUE(put) << put.error().detail;
    EXPECT_TRUE(put->created);
    EXPECT_EQ(put->revision, revision_t{1});
    EXPECT_FALSE(store.put("k", "w")->created);
    const auto read = store.get("k");
    ASSERT_TRUE(read && read->found);
    EXPECT_EQ(read->found->value.view(), "w");
    EXPECT_EQ(store.get("k", {.mode = consistency::stale, .at = revision_t{1}})->found->value.view(), "v");
    EXPECT_FALSE(store.get("absent")->found);
    EXPECT_EQ(store.get("k", {.mode = {}, .at = revision_t{9}}).error().kind, failure_kind::not_reached);

    EXPECT_EQ(store.put("k", "x", media_type::bytes, {.mod_revision = revision_t{1}}).error().kind,
              failure_kind::conflict);
    EXPECT_TRUE(store.put("k", "x", media_type::bytes, {.mod_revision = revision_t{2}}));
    EXPECT_EQ(store.put("k", "x", media_type::bytes, {.mod_revision = {}, .absent = true}).error().kind,
              failure_kind::conflict);
    EXPECT_EQ(store.put("", "x").error().kind, failure_kind::invalid);

    ASSERT_TRUE(store.bulk({{"p/1", blob{"1"}}, {"p/2", blob{"2"}}, {"p/3", blob{"3"}}}, {"k"}));
    EXPECT_FALSE(store.erase("k")->deleted);
    range_query range{.start = "p/", .end = prefix_end("p/"), .limit = 2, .at = {}};
    std::string seen;
    for (std::optional<range_query> page = range; page;) {
      auto items = store.scan(*page);
      ASSERT_TRUE(items);
      for (auto& item : items->items)
        seen += item.key + " ";
      page = next_page(*page, *items);
    }
    EXPECT_EQ(seen, "p/1 p/2 p/3 ");

    transaction t;
    t.compares.push_back({"p/1", compare_target::exists, compare_op::equal, {}, 0});
    t.failure.emplace_back(get_operation{"p/2"});
    auto ran = store.transact(t);
    ASSERT_TRUE(ran);
    EXPECT_FALSE(ran->succeeded);
    EXPECT_EQ(std::get<get_result>(ran->results.at(0)).found->value.view(), "2");
    EXPECT_TRUE(store.status());
    EXPECT_EQ(store.snapshot()->index, index_t{3});
    EXPECT_EQ(store.transfer(node_id{"n2"})->leader, node_id{"n2"});
    EXPECT_EQ(store.transfer(node_id{"far"}).error().kind, failure_kind::conflict);
    EXPECT_TRUE(store.change_members({member_action::add, node_id{"n4"}, {}})->changed);
    EXPECT_FALSE(store.change_members({member_action::remove, node_id{"n4"}, {}})->changed);
    EXPECT_EQ(store.change_members({member_action::promote, node_id{"far"}, {}}).error().kind,
              failure_kind::conflict);
    EXPECT_EQ(sessions(), 1U);
  }
  EXPECT_EQ(sessions(), 0U) << "a client closes its session";
}

TEST_F(client_library, repeats_a_write_whose_node_died_and_applies_it_once) {
  fake_node dying{cluster, [](const request& r) { return is_put(r) ? fate::apply_and_die : fate::serve; }};
  fake_node other{cluster, serve_all};
  client store{{dying.address(), other.address()}, in_order};
  const auto put = store.put("k", "v");
  ASSERT_TRUE(put) << put.error().detail;
  EXPECT_TRUE(put->created) << "the remembered answer of the first application";
  EXPECT_EQ(version_of("k"), 1U);
}

TEST_F(client_library, leaves_a_node_that_has_no_leader) {
  fake_node refusing{cluster, [](const request& r) {
                       return std::holds_alternative<status_request>(r.body) ? fate::serve : fate::refuse;
                     }};
  fake_node other{cluster, serve_all};
  client store{{refusing.address(), other.address()}, in_order};
  EXPECT_TRUE(store.put("k", "v"));
  EXPECT_TRUE(store.get("k")->found);
}

TEST_F(client_library, leaves_a_node_that_does_not_answer_at_all) {
  fake_node silent{cluster, [](const request&) { return fate::ignore; }};
  fake_node other{cluster, serve_all};
  client store{{silent.address(), other.address()}, in_order};
  EXPECT_TRUE(store.put("k", "v"));
}

TEST_F(client_library, leaves_a_node_that_keeps_its_calls_waiting) {
  // As one whose disk is full: it knows who leads, and no read or write comes to an end there.
  fake_node stuck{cluster, [](const request& r) {
                    return std::holds_alternative<status_request>(r.body) ? fate::serve : fate::ignore;
                  }};
  fake_node other{cluster, serve_all};
  cluster_status status;
  status.self = node_id{"s"};
  status.leader = node_id{"o"};
  status.members.push_back({node_id{"s"}, stuck.address(), "", node_role::follower, {}});
  status.members.push_back({node_id{"o"}, other.address(), "", node_role::leader, {}});
  stuck.set_status(status);
  auto options = in_order;
  options.timeout = std::chrono::seconds(12);
  options.prefer_leader = false;
  client store{{stuck.address(), other.address()}, options};
  EXPECT_TRUE(store.get("k"));
  EXPECT_TRUE(store.put("k", "v"));
  EXPECT_EQ(version_of("k"), 1U);
}

TEST_F(client_library, passes_over_an_address_where_nobody_is) {
  std::string gone;
  { gone = fake_node{cluster, serve_all}.address(); }
  fake_node node{cluster, serve_all};
  client store{{gone, node.address()}, in_order};
  EXPECT_TRUE(store.put("k", "v"));
}

TEST_F(client_library, finds_the_leader_through_any_node) {
  std::atomic<bool> leader_was_asked = false;
  fake_node leader{cluster, [&](const request& r) {
                     leader_was_asked = leader_was_asked || std::holds_alternative<read_request>(r.body);
                     return fate::serve;
                   }};
  fake_node follower{cluster, serve_all};
  cluster_status status;
  status.leader = node_id{"l"};
  status.members.push_back({node_id{"f"}, follower.address(), "", node_role::follower, {}});
  status.members.push_back({node_id{"l"}, leader.address(), "", node_role::leader, {}});
  status.self = node_id{"f"};
  follower.set_status(status);
  status.self = node_id{"l"};
  leader.set_status(status);
  client store{{follower.address()}, in_order};
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!leader_was_asked && std::chrono::steady_clock::now() < deadline)
    ASSERT_TRUE(store.get("k"));
  EXPECT_TRUE(leader_was_asked);
}

TEST_F(client_library, serves_many_threads_at_once) {
  fake_node node{cluster, serve_all};
  client store{{node.address()}, in_order};
  std::atomic<int> confirmed = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i)
        if (store.put("k" + std::to_string(thread) + "/" + std::to_string(i), "v")) ++confirmed;
    });
  for (auto& t : threads)
    t.join();
  EXPECT_EQ(confirmed, 400);
  std::lock_guard hold{cluster->lock};
  EXPECT_EQ(cluster->state.m.keys(), 400U);
  EXPECT_EQ(cluster->state.m.revision(), revision_t{400});
}

TEST_F(client_library, says_what_it_knows_when_nobody_answers) {
  std::string gone;
  { gone = fake_node{cluster, serve_all}.address(); }
  client alone{{gone}, {.timeout = std::chrono::milliseconds(200), .tls = {}}};
  EXPECT_EQ(alone.put("k", "v").error().kind, failure_kind::unavailable);
  EXPECT_EQ(alone.get("k").error().kind, failure_kind::unavailable);

  fake_node lost{cluster, [](const request& r) {
                   return is_put(r) || std::holds_alternative<read_request>(r.body) ? fate::ignore
                                                                                    : fate::serve;
                 }};
  client waiting{{lost.address()}, {.timeout = std::chrono::milliseconds(200), .tls = {}}};
  EXPECT_EQ(waiting.get("k").error().kind, failure_kind::timed_out);
  EXPECT_EQ(waiting.put("k", "v").error().kind, failure_kind::outcome_unknown);
}

TEST_F(client_library, refuses_arguments_that_cannot_work) {
  EXPECT_EQ((client{{}, {}}.get("k").error().kind), failure_kind::invalid);
  EXPECT_EQ((client{{"nonsense"}, {}}.get("k").error().kind), failure_kind::invalid);
  client_options o;
  o.tls = tls_files{"/nonexistent/a", "/nonexistent/b", "/nonexistent/c"};
  EXPECT_EQ((client{{"127.0.0.1:1"}, o}.put("k", "v").error().kind), failure_kind::invalid);
}

} // namespace

} // namespace troupe::client::testing
