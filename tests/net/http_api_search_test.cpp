// /v1/search, vectors with values, and what the index has to do with readiness.

#include "command/vectors.hpp"
#include "tests/net/http_api_fixture.hpp"

namespace troupe::net {
namespace {

using namespace test;
namespace json = boost::json;
using ::testing::HasSubstr;

class http_api_search_test : public http_api_test {
protected:
  search_request asked(http_request request) {
    return std::get<search_request>(accepted(std::move(request)).body);
  }
  json::object shown(const search_plan& plan, const search_result& result) {
    const auto response = api.render(plan, result);
    EXPECT_EQ(response.status, 200u) << response.body.view();
    return json::parse(response.body.view()).as_object();
  }
};

search_result one_hit() {
  search_result result;
  search_hit hit;
  hit.key = "a";
  hit.mod_revision = revision_t{7};
  hit.value = blob{"{\"n\":1}"};
  hit.type = media_type::json;
  hit.score = 0.1;
  hit.highlights.push_back({"title", "two \xc3\xa4 words", {{0, 3}, {7, 12}}});
  result.hits.push_back(std::move(hit));
  result.total = 12;
  result.indexed_revision = revision_t{40};
  result.vector_revision = revision_t{38};
  result.took_us = 1'250;
  return result;
}

TEST_F(http_api_search_test, a_get_and_a_post_say_the_same) {
  search_request expected;
  expected.query = "a \"b c\"";
  expected.mode = search_mode::hybrid;
  expected.limit = 5;
  expected.offset = 2;
  expected.prefix = "p/";
  expected.filter = "price<20";
  expected.fields = {"title", "author.name"};
  expected.facets = {{"tags", 10}, {"a:b", 3}};
  expected.freshness = consistency::stale;
  expected.min_revision = revision_t{9};
  expected.wait_vectors = true;
  expected.explain = true;
  expected.values = false;
  expected.highlights = false;
  expected.paged = true;
  expected.text_weight = 0.5;
  expected.vector_weight = 2;
  const auto call =
      accepted(get("/v1/search?q=a+%22b%20c%22&mode=hybrid&limit=5&offset=2&prefix=p%2F&filter=price%3C20"
                   "&fields=title,author.name&facets=tags,a:b:3&consistency=stale&min_revision=9"
                   "&vectors=wait&explain=true&values=false&highlights=false&paged=true"
                   "&text_weight=0.5&vector_weight=2&timeout=1500ms"));
  EXPECT_EQ(std::get<search_request>(call.body), expected);
  EXPECT_EQ(call.timeout_ms, 1'500u);
  const auto posted =
      accepted(post("/v1/search", R"({"q":"a \"b c\"","mode":"hybrid","limit":5,"offset":2,"prefix":"p/",
    "filter":"price<20","fields":["title","author.name"],"facets":["tags",{"field":"a:b","limit":3}],
    "consistency":"stale","min_revision":9,"vectors":"wait","explain":true,"values":false,"highlights":false,
    "paged":true,"text_weight":0.5,"vector_weight":2,"timeout":"1500ms"})"));
  EXPECT_EQ(std::get<search_request>(posted.body), expected);
  EXPECT_EQ(posted.timeout_ms, 1'500u);
}

TEST_F(http_api_search_test, what_is_left_out_has_its_default) {
  const auto call = accepted(get("/v1/search?q=x"));
  search_request expected;
  expected.query = "x";
  EXPECT_EQ(std::get<search_request>(call.body), expected);
  EXPECT_EQ(call.timeout_ms, api.options().timeout_ms);
  EXPECT_EQ(asked(post("/v1/search", R"({"q":"x"})")), expected);
}

TEST_F(http_api_search_test, a_vector_may_stand_for_the_words) {
  const auto search =
      asked(post("/v1/search", R"({"mode":"semantic","vector":[1,-0.5,1e-3,18446744073709551615]})"));
  EXPECT_EQ(search.vector, (std::vector<float>{1, -0.5f, 1e-3f, 18446744073709551615.0f}));
  EXPECT_TRUE(search.query.empty());
}

TEST_F(http_api_search_test, a_problem_names_the_part_and_the_place) {
  search_result result;
  result.code = search_outcome::bad_request;
  result.part = "q";
  result.detail = "this quote does not end";
  result.begin = 3;
  result.end = 5;
  const auto response = api.render(search_plan{}, result);
  expect_problem(response, 400, "bad-search");
  const auto document = json::parse(response.body.view()).as_object();
  EXPECT_EQ(document.at("part").as_string(), "q");
  EXPECT_EQ(document.at("position"), json::parse("[3,5]"));
  EXPECT_EQ(document.at("detail").as_string(), "q: this quote does not end");
  const auto empty = json::parse(refused(get("/v1/search?q=")).body.view()).as_object();
  EXPECT_EQ(empty.at("part").as_string(), "q");
  EXPECT_FALSE(empty.contains("position"));
}

TEST_F(http_api_search_test, what_has_no_hits_to_show_says_why) {
  search_result result;
  result.code = search_outcome::not_yet;
  result.indexed_revision = revision_t{5};
  result.vector_revision = revision_t{4};
  const auto behind = api.render(search_plan{}, result);
  expect_problem(behind, 504, "index-behind");
  const auto document = json::parse(behind.body.view()).as_object();
  EXPECT_EQ(document.at("indexed_revision").as_int64(), 5);
  EXPECT_EQ(document.at("vector_revision").as_int64(), 4);
  result.code = search_outcome::cursor_gone;
  expect_problem(api.render(search_plan{}, result), 410, "cursor-gone");
  result.code = search_outcome::no_index;
  expect_problem(api.render(search_plan{}, result), 400, "search-off");
  expect_problem(api.render(search_plan{}, refusal{refusal_kind::overloaded, 0, "busy"}), 503, "overloaded");
  expect_problem(http_api::render_lost(search_plan{}, false), 504, "timed-out");
  expect_problem(api.render(search_plan{}, query_result{}), 500, "internal");
}

TEST_F(http_api_search_test, hits_are_shown_as_values_are_elsewhere) {
  EXPECT_EQ(api.render(search_plan{}, one_hit()).body.view(),
            "{\"hits\":[{\"key\":\"a\",\"score\":0.1,\"value\":{\"n\":1},\"media_type\":\"application/json\","
            "\"mod_revision\":7,\"highlights\":[{\"field\":\"title\",\"text\":\"two \xc3\xa4 words\","
            "\"marks\":[[0,3],[7,12]]}]}],\"total\":12,\"indexed_revision\":40,\"vector_revision\":38,"
            "\"took_ms\":1.25}\n");
  auto result = one_hit();
  result.hits[0].key = "\xff";
  result.hits[0].value = blob{"\x01\xff"};
  result.hits[0].type = media_type::bytes;
  const auto document = shown({}, result);
  const auto& hit = document.at("hits").as_array()[0].as_object();
  EXPECT_EQ(hit.at("key"), json::parse(R"({"base64":"/w=="})"));
  EXPECT_EQ(hit.at("value"), json::parse(R"({"base64":"Af8="})"));
}

TEST_F(http_api_search_test, what_is_not_asked_for_is_left_out) {
  const auto call = accepted(get("/v1/search?q=x&values=false&highlights=false"));
  const auto document = json::parse(api.render(call.plan, one_hit()).body.view()).as_object();
  const auto& hit = document.at("hits").as_array()[0].as_object();
  EXPECT_FALSE(hit.contains("value"));
  EXPECT_FALSE(hit.contains("highlights"));
  EXPECT_FALSE(document.contains("cursor"));
  EXPECT_FALSE(document.contains("facets"));
}

TEST_F(http_api_search_test, pages_have_a_cursor_while_there_is_more) {
  auto result = one_hit();
  result.cursor = "next";
  const auto first = accepted(get("/v1/search?q=x&paged=true"));
  EXPECT_EQ(shown(std::get<search_plan>(first.plan), result).at("cursor").as_string(), "next");
  const auto second = accepted(get("/v1/search?cursor=next&limit=3"));
  EXPECT_EQ(std::get<search_request>(second.body).cursor, "next");
  result.cursor.clear();
  result.hits[0].value = {}; // the first page asked for no values
  const auto last = shown(std::get<search_plan>(second.plan), result);
  EXPECT_TRUE(last.at("cursor").is_null());
  EXPECT_FALSE(last.at("hits").as_array()[0].as_object().contains("value"));
}

TEST_F(http_api_search_test, facets_and_explanations_are_shown) {
  auto result = one_hit();
  result.facets = {{"tags", {{"blue", 3}, {"\xff", 1}}}, {"year", {}}};
  search_explanation why;
  why.text = {{"word", "title", 1.5, 2, 10, 12.5, 1, 0.75}};
  why.text_score = 0.75;
  why.text_rank = 1;
  why.vector_score = std::numeric_limits<double>::infinity();
  why.passage = 3;
  result.hits[0].explanation = why;
  const auto document = shown({}, result);
  EXPECT_EQ(document.at("facets"),
            json::parse(R"({"tags":[{"value":"blue","count":3},{"value":"?","count":1}],"year":[]})"));
  EXPECT_EQ(document.at("hits").as_array()[0].at("explanation"), json::parse(R"({"text":[{"term":"word",
    "field":"title","idf":1.5,"frequency":2,"length":10,"average_length":12.5,"weight":1,"score":0.75}],
    "text_score":0.75,"text_rank":1,"vector_score":null,"vector_rank":null,"passage":3})"));
}

TEST_F(http_api_search_test, a_write_may_ask_to_be_embedded_first) {
  EXPECT_TRUE(std::get<write_request>(accepted(put("/v1/kv/a?embed=sync", "x", "text/plain")).body).embed);
  EXPECT_FALSE(std::get<write_request>(accepted(put("/v1/kv/a", "x", "text/plain")).body).embed);
  EXPECT_TRUE(std::get<write_request>(accepted(post("/v1/bulk?embed=sync", "{}")).body).embed);
  EXPECT_TRUE(std::get<write_request>(accepted(post("/v1/txn?embed=sync", "{}")).body).embed);
}

TEST_F(http_api_search_test, vectors_come_with_values) {
  api_options options;
  options.vector_dimension = 2;
  api = http_api{options};
  const auto call = accepted(post("/v1/bulk", R"({"items":[{"key":"a","value":"x","vector":[0.5,-1]},
    {"key":"b","value":{"vector":["kept",1]}}],"delete":["c"]})"));
  const auto write = transaction_of(call);
  ASSERT_EQ(write.success.size(), 4u);
  annotate_operation expected;
  expected.key = "a";
  expected.vectors = encode_vectors({{{0, 0}}, {0.5f, -1}});
  EXPECT_EQ(std::get<annotate_operation>(write.success[1]), expected);
  EXPECT_EQ(std::get<put_operation>(write.success[2]).value.view(), R"({"vector":["kept",1]})");
  command_result result;
  result.succeeded = true;
  result.revision = revision_t{6};
  EXPECT_EQ(api.render(call.plan, result).body.view(), "{\"revision\":6,\"count\":3}\n");

  const auto txn = accepted(post("/v1/txn", R"({"success":[{"put":{"key":"a","value":1,"vector":[1,2]}}],
    "failure":[{"put":{"key":"b","value":1,"vector":[3,4]}}]})"));
  EXPECT_TRUE(std::holds_alternative<annotate_operation>(transaction_of(txn).success[1]));
  EXPECT_TRUE(std::holds_alternative<annotate_operation>(transaction_of(txn).failure[1]));
  result.results = {put_result{true}, annotate_result{true}, delete_result{false}, annotate_result{}};
  EXPECT_EQ(api.render(txn.plan, result).body.view(),
            "{\"succeeded\":true,\"revision\":6,\"results\":[{\"put\":{\"created\":true}},"
            "{\"delete\":{\"deleted\":false}}]}\n");

  // What could not be compared with others would be taken and never found.
  const auto item = [](std::string_view vector) {
    return post("/v1/bulk", R"({"items":[{"key":"a","value":"x","vector":)" + std::string{vector} + "}]}");
  };
  expect_problem(refused(item("[1e17,0]")), 400, "bad-body");
  accepted(item("[0,-0.0]"));
  options.vectors_by_direction = true;
  api = http_api{options};
  expect_problem(refused(item("[0,-0.0]")), 400, "bad-body");
  expect_problem(refused(item("[1e-30,0]")), 400, "bad-body");
  accepted(item("[1e-3,0]"));

  const auto other = refused(post("/v1/bulk", R"({"items":[{"key":"a","value":"x","vector":[1,2,3]}]})"));
  expect_problem(other, 400, "bad-body");
  EXPECT_THAT(std::string{other.body.view()},
              HasSubstr("has 3 numbers, and the vectors of this cluster have 2"));
  options.vector_dimension = api_options::any_dimension;
  api = http_api{options};
  accepted(post("/v1/bulk", R"({"items":[{"key":"a","value":"x","vector":[1,2,3]}]})"));
}

TEST_F(http_api_search_test, is_ready_when_the_index_is) {
  api_options options;
  options.search_on = true;
  api = http_api{options};
  const auto call = accepted(get("/readyz"));
  EXPECT_EQ(std::get<search_request>(call.body).freshness, consistency::linearizable);
  EXPECT_EQ(call.timeout_ms, api.options().ready_timeout_ms);
  EXPECT_EQ(api.render(call.plan, one_hit()).body.view(), "{\"ready\":true,\"revision\":40}\n");
  auto result = one_hit();
  result.code = search_outcome::no_index;
  EXPECT_EQ(api.render(call.plan, result).status, 200u);
  result.code = search_outcome::not_yet;
  expect_problem(api.render(call.plan, result), 503, "not-ready");
  result.code = search_outcome::bad_request;
  expect_problem(api.render(call.plan, result), 500, "internal");
  EXPECT_TRUE(std::holds_alternative<read_request>(accepted(get("/readyz?for=kv")).body));
}

TEST_F(http_api_search_test, the_cluster_says_how_far_its_indexes_are) {
  cluster_status status;
  status.search = {true, true, false, revision_t{5}, revision_t{4}, 10, 20, 3, "m@1"};
  const auto document = json::parse(api.render(cluster_plan{}, status).body.view()).as_object();
  EXPECT_EQ(
      document.at("search"),
      json::parse(R"({"text_on":true,"vectors_on":true,"ready":false,"indexed_revision":5,"vector_revision":4,
              "documents":10,"vectors":20,"pending":3,"model":"m@1"})"));
}

} // namespace
} // namespace troupe::net
