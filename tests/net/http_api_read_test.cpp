// Reads, refusals by the node, and what an operator asks for.

#include "tests/net/http_api_fixture.hpp"

namespace troupe::net {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(http_api_test, reads_as_the_parameters_say) {
  const auto plain = std::get<read_request>(accepted(get("/v1/kv/k")).body);
  EXPECT_EQ(plain.mode, consistency::linearizable);
  EXPECT_EQ(std::get<get_query>(plain.what), (get_query{"k", std::nullopt}));
  const auto old = std::get<read_request>(accepted(get("/v1/kv/k?consistency=stale&revision=17")).body);
  EXPECT_EQ(old.mode, consistency::stale);
  EXPECT_EQ(std::get<get_query>(old.what), (get_query{"k", revision_t{17}}));
  const auto proxied = std::get<read_request>(accepted(get("http://node:8000/v1/kv/k")).body);
  EXPECT_EQ(std::get<get_query>(proxied.what).key, "k");
  EXPECT_EQ(accepted(make(http_method::head, "/v1/kv/k")).plan.index(),
            accepted(get("/v1/kv/k")).plan.index());
}

TEST_F(http_api_test, gives_values_back_as_they_were_put) {
  const auto plan = accepted(get("/v1/kv/k")).plan;
  const std::string number = " 123456789012345678901234567890.000 ";
  const auto json = api.render(plan, found({item("k", number, media_type::json)}));
  EXPECT_EQ(json.status, 200u);
  EXPECT_EQ(json.body.view(), number);
  EXPECT_EQ(json.content_type, "application/json");
  EXPECT_THAT(json.headers, HasSubstr("ETag: \"7\"\r\n"));
  EXPECT_THAT(json.headers, HasSubstr("Troupe-Revision: 9\r\n"));
  EXPECT_EQ(api.render(plan, found({item("k", "x")})).content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(api.render(plan, found({item("k", "x", media_type::bytes)})).content_type,
            "application/octet-stream");
  const auto absent = api.render(plan, found({}));
  expect_problem(absent, 404, "key-not-found");
  EXPECT_THAT(absent.headers, HasSubstr("Troupe-Revision: 9\r\n"));
}

TEST_F(http_api_test, wraps_values_for_clients_that_ask_for_json) {
  auto request = get("/v1/kv/k");
  for (std::string accept :
       {"application/json", "text/html, application/json;q=0.5", "*/*, Application/JSON"}) {
    request.accept = accept;
    const auto response = api.render(accepted(request).plan, found({item("k", "h\xc3\xa4\"\x01")}));
    EXPECT_EQ(response.body.view(),
              "{\"key\":\"k\",\"value\":\"h\xc3\xa4\\\"\\u0001\",\"media_type\":\"text/plain\","
              "\"create_revision\":3,\"mod_revision\":7,\"version\":2}\n");
  }
  for (std::string accept : {"*/*", "application/json;q=0", "text/plain", "application/jsonx", ""}) {
    request.accept = accept;
    EXPECT_EQ(api.render(accepted(request).plan, found({item("k", "raw")})).body.view(), "raw");
  }
  request.accept = "application/json";
  const auto plan = accepted(request).plan;
  EXPECT_THAT(std::string{api.render(plan, found({item("k", "\xff", media_type::bytes)})).body.view()},
              HasSubstr("\"value\":{\"base64\":\"/w==\"}"));
  // Another kind of client may have put what is not what it says; the envelope must stay JSON.
  for (auto type : {media_type::json, media_type::text})
    EXPECT_THAT(std::string{api.render(plan, found({item("k", "\xff}", type)})).body.view()},
                HasSubstr("\"value\":{\"base64\":\"/30=\"}"));
}

TEST_F(http_api_test, answers_conditional_reads) {
  auto request = get("/v1/kv/k");
  request.if_none_match = "\"7\"";
  const auto unchanged = api.render(accepted(request).plan, found({item("k", "x")}));
  EXPECT_EQ(unchanged.status, 304u);
  EXPECT_EQ(unchanged.body.size(), 0u);
  EXPECT_THAT(unchanged.headers, HasSubstr("ETag: \"7\"\r\n"));
  EXPECT_EQ(api.render(accepted(request).plan, found({item("k", "x", media_type::text, 8)})).status, 200u);
  request = get("/v1/kv/k");
  request.if_match = "\"6\"";
  expect_problem(api.render(accepted(request).plan, found({item("k", "x")})), 412, "precondition-failed");
  expect_problem(api.render(accepted(request).plan, found({})), 412, "precondition-failed");
}

TEST_F(http_api_test, pages_through_a_range_at_one_revision) {
  const auto call = accepted(get("/v1/kv?prefix=user/&limit=2"));
  const auto first = std::get<range_query>(std::get<read_request>(call.body).what);
  EXPECT_EQ(first.start, "user/");
  EXPECT_EQ(first.end, "user0");
  EXPECT_EQ(first.limit, 2u);
  EXPECT_FALSE(first.at);
  auto page = found({item("user/1", "a"), item("user/2", "b")});
  page.more = true;
  const auto body = boost::json::parse(api.render(call.plan, page).body.view()).as_object();
  EXPECT_EQ(body.at("revision").as_int64(), 9);
  EXPECT_EQ(body.at("items").as_array().size(), 2u);
  const std::string cursor{body.at("cursor").as_string()};

  for (std::string target :
       {"/v1/kv?limit=2&cursor=" + cursor, "/v1/kv?prefix=user/&limit=2&cursor=" + cursor,
        "/v1/kv?revision=9&limit=2&cursor=" + cursor}) {
    const auto next_call = accepted(get(target));
    const auto next = std::get<range_query>(std::get<read_request>(next_call.body).what);
    EXPECT_EQ(next.start, std::string("user/2\0", 7));
    EXPECT_EQ(next.end, "user0");
    EXPECT_EQ(next.at, revision_t{9});
    EXPECT_EQ(next.limit, 2u);
    EXPECT_THAT(std::string{api.render(next_call.plan, found({})).body.view()}, HasSubstr("\"cursor\":null"));
  }
  expect_problem(refused(get("/v1/kv?prefix=other&cursor=" + cursor)), 400, "bad-parameter");
  expect_problem(refused(get("/v1/kv?revision=8&cursor=" + cursor)), 400, "bad-parameter");
  auto damaged = cursor;
  damaged[3] = damaged[3] == 'A' ? 'B' : 'A';
  expect_problem(refused(get("/v1/kv?cursor=" + damaged)), 400, "bad-parameter");
  expect_problem(refused(get("/v1/kv?cursor=" + cursor + "A")), 400, "bad-parameter");
}

TEST_F(http_api_test, pages_backwards_and_without_values) {
  const auto call = accepted(get("/v1/kv?start=a&end=m&reverse=true&keys_only=true"));
  const auto query = std::get<range_query>(std::get<read_request>(call.body).what);
  EXPECT_TRUE(query.reverse);
  EXPECT_TRUE(query.keys_only);
  auto page = found({item("k\xff", "")});
  page.more = true;
  const auto text = std::string{api.render(call.plan, page).body.view()};
  EXPECT_THAT(text, StartsWith("{\"items\":[{\"key\":{\"base64\":\"a/8=\"},\"media_type\":"));
  EXPECT_THAT(text, Not(HasSubstr("\"value\"")));
  const auto next =
      accepted(get("/v1/kv?cursor=" + std::string{boost::json::parse(text).at("cursor").as_string()}));
  const auto rest = std::get<range_query>(std::get<read_request>(next.body).what);
  EXPECT_EQ(rest.start, "a");
  EXPECT_EQ(rest.end, "k\xff");
  EXPECT_TRUE(rest.reverse);
}

TEST_F(http_api_test, cuts_ranges_that_exclude_each_other_to_nothing) {
  for (std::string target : {"/v1/kv?prefix=b&end=a", "/v1/kv?prefix=a&start=b", "/v1/kv?start=a&end=a"}) {
    const auto query = std::get<range_query>(std::get<read_request>(accepted(get(target)).body).what);
    EXPECT_EQ(query.start, query.end) << target;
    EXPECT_FALSE(query.start.empty());
  }
}

TEST_F(http_api_test, says_when_a_revision_cannot_be_read) {
  for (auto target : {"/v1/kv/k?revision=3", "/v1/kv?revision=3"}) {
    const auto plan = accepted(get(target)).plan;
    query_result result;
    result.code = query_outcome::compacted;
    result.compacted = revision_t{5};
    expect_problem(api.render(plan, result), 410, "compacted");
    result.code = query_outcome::future;
    expect_problem(api.render(plan, result), 504, "revision-not-reached");
  }
}

TEST_F(http_api_test, renders_what_the_node_refuses) {
  struct {
    refusal_kind kind;
    unsigned status;
    std::string_view slug;
  } cases[] = {
      {refusal_kind::no_leader, 503, "no-leader"},
      {refusal_kind::overloaded, 503, "overloaded"},
      {refusal_kind::stopping, 503, "stopping"},
      {refusal_kind::disk_full, 503, "disk-full"},
      {refusal_kind::memory_full, 507, "memory-full"},
      {refusal_kind::not_ready, 503, "not-ready"},
      {refusal_kind::outcome_unknown, 504, "outcome-unknown"},
      {refusal_kind::timed_out, 504, "timed-out"},
      {refusal_kind::invalid, 400, "bad-parameter"},
  };
  const auto plan = accepted(put("/v1/kv/k", "v")).plan;
  for (auto& one : cases) {
    const auto response = api.render(plan, refusal{one.kind, 1'200, "because"});
    expect_problem(response, one.status, one.slug);
    if (one.status == 503 || one.status == 507)
      EXPECT_EQ(response.headers, "Retry-After: 2\r\n");
    else
      EXPECT_EQ(response.headers, "");
  }
}

TEST_F(http_api_test, renders_what_the_state_machine_refuses) {
  struct {
    outcome code;
    unsigned status;
    std::string_view slug;
  } cases[] = {
      {outcome::idempotency_conflict, 422, "idempotency-conflict"},
      {outcome::idempotency_full, 503, "overloaded"},
      {outcome::sessions_full, 503, "overloaded"},
      {outcome::malformed, 500, "internal"},
  };
  for (auto& one : cases) {
    command_result result;
    result.code = one.code;
    expect_problem(api.render(put_plan{"k", false}, result), one.status, one.slug);
  }
}

TEST_F(http_api_test, calls_lost_writes_unknown_and_lost_reads_late) {
  for (bool stopping : {false, true}) {
    for (auto request : {put("/v1/kv/k", "v"), make(http_method::del, "/v1/kv/k"), post("/v1/bulk", "{}"),
                         post("/v1/txn", "{}")})
      expect_problem(http_api::render_lost(accepted(request).plan, stopping), 504, "outcome-unknown");
  }
  for (auto target : {"/v1/kv/k", "/v1/kv", "/v1/cluster"}) {
    expect_problem(http_api::render_lost(accepted(get(target)).plan, false), 504, "timed-out");
    expect_problem(http_api::render_lost(accepted(get(target)).plan, true), 503, "stopping");
  }
}

TEST_F(http_api_test, never_mixes_up_answers) {
  expect_problem(api.render(put_plan{"k", false}, cluster_status{}), 500, "internal");
  expect_problem(api.render(cluster_plan{}, query_result{}), 500, "internal");
}

TEST_F(http_api_test, serves_health_and_pages_at_once) {
  EXPECT_EQ(refused(get("/healthz")).body.view(), "{\"status\":\"ok\"}\n");
  const auto root = refused(get("/"));
  EXPECT_EQ(root.status, 302u);
  EXPECT_EQ(root.headers, "Location: /docs\r\n");
  for (auto target : {"/docs", "/docs/"})
    EXPECT_EQ(refused(get(target)).content_type, "text/html; charset=utf-8");
  EXPECT_GT(refused(get("/docs/swagger-ui-bundle.js")).body.size(), 100'000u);
  EXPECT_THAT(std::string{refused(get("/docs/start.js")).body.view()}, HasSubstr("/openapi.json"));

  api_options options;
  options.metrics_text = [] { return std::string{"up 1\n"}; };
  auto translated = http_api{options}.translate(get("/metrics"));
  EXPECT_EQ(std::get<http_response>(translated.outcome).body.view(), "up 1\n");
}

TEST_F(http_api_test, is_ready_when_a_linearizable_read_works) {
  const auto call = accepted(get("/readyz"));
  EXPECT_EQ(std::get<read_request>(call.body).mode, consistency::linearizable);
  EXPECT_EQ(api.render(call.plan, found({})).body.view(), "{\"ready\":true,\"revision\":9}\n");
  for (auto kind : {refusal_kind::no_leader, refusal_kind::timed_out, refusal_kind::stopping}) {
    const auto response = api.render(call.plan, refusal{kind, 0, "not now"});
    expect_problem(response, 503, "not-ready");
    EXPECT_EQ(response.headers, "Retry-After: 1\r\n");
  }
  expect_problem(http_api::render_lost(call.plan, false), 503, "not-ready");
}

TEST_F(http_api_test, shows_the_cluster_and_snapshots) {
  cluster_status status;
  status.self = node_id{"n1"};
  const auto forming =
      boost::json::parse(api.render(accepted(get("/v1/cluster")).plan, status).body.view()).as_object();
  EXPECT_TRUE(forming.at("cluster_id").is_null());
  EXPECT_TRUE(forming.at("leader").is_null());
  EXPECT_EQ(forming.at("role").as_string(), "forming");
  status.cluster = {1, 2};
  status.leader = node_id{"n2"};
  status.role = node_role::follower;
  status.term = term_t{3};
  status.members = {{node_id{"n1"}, "p1", "h1", node_role::follower, index_t{0}, -1},
                    {node_id{"n2"}, "p2", "h2", node_role::leader, index_t{4}, 12}};
  const auto formed = boost::json::parse(api.render(cluster_plan{}, status).body.view()).as_object();
  EXPECT_EQ(formed.at("leader").as_string(), "n2");
  EXPECT_EQ(formed.at("term").as_int64(), 3);
  const auto& members = formed.at("members").as_array();
  ASSERT_EQ(members.size(), 2u);
  EXPECT_TRUE(members[0].at("last_contact_ms").is_null());
  EXPECT_EQ(members[1].at("last_contact_ms").as_int64(), 12);
  EXPECT_EQ(members[1].at("match_index").as_int64(), 4);
  EXPECT_EQ(formed.at("health").at("status").as_string(), "unknown") << "a follower cannot tell";
  EXPECT_TRUE(formed.at("recovered").is_null());

  status.self = status.leader;
  status.role = node_role::leader;
  status.commit = index_t{5'000};
  status.members[0].match = index_t{5'000};
  status.recovered = "2026-01-01T00:00:00Z by=somebody";
  const auto led = boost::json::parse(api.render(cluster_plan{}, status).body.view()).as_object();
  const auto& health = led.at("health").as_object();
  EXPECT_EQ(health.at("status").as_string(), "unavailable") << "n1 was never heard, and n2 is behind";
  EXPECT_EQ(health.at("members").as_array()[1].at("lag").as_int64(), 4'996);
  EXPECT_EQ(health.at("problems").as_array().size(), 2u);
  EXPECT_EQ(led.at("recovered").as_string(), status.recovered);

  const auto call = accepted(make(http_method::post, "/v1/snapshot"));
  EXPECT_EQ(call.timeout_ms, api.options().snapshot_timeout_ms);
  EXPECT_EQ(api.render(call.plan, snapshot_result{index_t{7}, term_t{2}, 99}).body.view(),
            "{\"index\":7,\"term\":2,\"bytes\":99}\n");
}

TEST_F(http_api_test, hands_the_leadership_over) {
  const auto any = accepted(make(http_method::post, "/v1/cluster/transfer"));
  EXPECT_EQ(std::get<transfer_request>(any.body), transfer_request{});
  auto request = make(http_method::post, "/v1/cluster/transfer");
  request.body = "{\"to\":\"n2\"}";
  const auto named = accepted(std::move(request));
  EXPECT_EQ(std::get<transfer_request>(named.body), transfer_request{node_id{"n2"}});
  EXPECT_EQ(api.render(named.plan, transfer_result{node_id{"n2"}, term_t{5}}).body.view(),
            "{\"leader\":\"n2\",\"term\":5}\n");
  const auto refused = api.render(named.plan, refusal{refusal_kind::not_possible, 0, "n2 is not heard"});
  EXPECT_EQ(refused.status, 409u);
}

TEST_F(http_api_test, changes_the_members) {
  auto add = make(http_method::post, "/v1/cluster/members");
  add.body = "{\"id\":\"n4\",\"peer\":\"10.0.0.4:7000\"}";
  const auto added = accepted(std::move(add));
  EXPECT_EQ(std::get<member_request>(added.body),
            (member_request{member_action::add, node_id{"n4"}, "10.0.0.4:7000"}));
  EXPECT_EQ(api.render(added.plan, member_result{true, index_t{9}, 3, 1}).body.view(),
            "{\"id\":\"n4\",\"changed\":true,\"index\":9,\"voters\":3,\"learners\":1}\n");
  const auto promoted = accepted(make(http_method::post, "/v1/cluster/members/n4/promote"));
  EXPECT_EQ(std::get<member_request>(promoted.body),
            (member_request{member_action::promote, node_id{"n4"}, {}}));
  const auto replaced = accepted(make(http_method::post, "/v1/cluster/members/n%2D4/replace"));
  EXPECT_EQ(std::get<member_request>(replaced.body),
            (member_request{member_action::replace, node_id{"n-4"}, {}}));
  const auto removed = accepted(make(http_method::del, "/v1/cluster/members/n4"));
  EXPECT_EQ(std::get<member_request>(removed.body),
            (member_request{member_action::remove, node_id{"n4"}, {}}));
  EXPECT_EQ(http_api::render_lost(removed.plan, false).status, 504u) << "it may be done all the same";
  auto spelled = make(http_method::post, "/v1/cluster/members");
  spelled.body = "{\"id\":\"n4\",\"peer\":\"LOCALHOST:7000\"}";
  EXPECT_EQ(std::get<member_request>(accepted(std::move(spelled)).body).peer_address, "127.0.0.1:7000")
      << "as members spell theirs";
}

TEST_F(http_api_test, refuses_members_that_no_cluster_file_could_have) {
  const std::string longest(64, 'n');
  const std::string longer(65, 'n');
  const auto detail_of = [&](http_request request, const char* slug) {
    const auto translated = api.translate(std::move(request));
    const auto* response = std::get_if<http_response>(&translated.outcome);
    if (!response) return std::string{"was accepted"};
    expect_problem(*response, 400, slug);
    return std::string{boost::json::parse(response->body.view()).at("detail").as_string()};
  };
  const auto with_body = [&](const char* target, std::string body) {
    auto request = make(http_method::post, target);
    request.body = std::move(body);
    return request;
  };
  accepted(make(http_method::del, "/v1/cluster/members/" + longest));
  for (auto* end : {"", "/promote", "/replace"}) {
    const auto method = *end ? http_method::post : http_method::del;
    for (auto& id : {longer, std::string{"n%204"}, std::string{"-n"}})
      EXPECT_NE(
          detail_of(make(method, "/v1/cluster/members/" + id + end), "bad-parameter").find("1 to 64 letters"),
          std::string::npos)
          << id << end;
  }
  for (auto& id : {longer, std::string{"n 4"}, std::string{}}) {
    const auto quoted = "\"" + id + "\"";
    EXPECT_NE(
        detail_of(with_body("/v1/cluster/members", "{\"id\":" + quoted + "}"), "bad-body").find("1 to 64"),
        std::string::npos);
    EXPECT_NE(
        detail_of(with_body("/v1/cluster/transfer", "{\"to\":" + quoted + "}"), "bad-body").find("1 to 64"),
        std::string::npos);
  }
  for (auto* peer : {"host", "0.0.0.0:7000", "host:0", ""})
    for (auto* target : {"/v1/cluster/members", "/v1/cluster/members/n4/replace"}) {
      auto body = std::string{"{\"peer\":\""} + peer + "\"" + (target[19] ? "}" : ",\"id\":\"n4\"}");
      EXPECT_EQ(detail_of(with_body(target, body), "bad-body").substr(0, 6), "peer: ") << target << peer;
    }
}

} // namespace
} // namespace troupe::net
