// The actor behind the peer port: clients' batches in, answers out, links of other nodes led to their links.

#include "actors/client_endpoint.hpp"
#include "command/limits.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {
namespace {

class client_endpoint_test : public testing::Test {
protected:
  void SetUp() override {
    client_endpoint_options o;
    o.bounds = {16, 100, 1'000};
    o.clients_max = 2;
    o.client_requests_max = 3;
    o.timeout_ms_max = 1'000;
    o.window_bytes = 3'000;
    o.held_bytes_max = 4'000;
    o.range_items_max = 10;
    o.range_bytes_max = 500;
    endpoint = s.spawn(client_endpoint, o, raft.as<raft_actor>());
  }
  void ask(const probe& client, std::vector<request> requests) {
    client.tell(endpoint, client_requests{client_protocol_version, encode_requests(requests)});
    s.run();
  }
  std::vector<request> passed_on() {
    std::vector<request> out;
    for (auto& b : raft.take<request_batch>())
      out.insert(out.end(), b.requests.begin(), b.requests.end());
    return out;
  }
  void answer_with(std::vector<answer> answers) {
    raft.tell(endpoint, answer_batch{std::move(answers)});
    s.run();
  }
  std::vector<answer> answers(const probe& client) {
    std::vector<answer> out;
    for (auto& b : client.take<client_answers>()) {
      auto decoded = decode_answers(b.payload);
      EXPECT_TRUE(decoded);
      if (decoded) out.insert(out.end(), decoded->begin(), decoded->end());
    }
    return out;
  }

  stage s;
  probe raft{s};
  probe a{s};
  probe b{s};
  client_endpoint_actor endpoint;
};

answer result_of(std::uint64_t id, std::uint64_t revision) {
  command_result r;
  r.revision = revision_t{revision};
  return {id, r};
}

TEST_F(client_endpoint_test, answers_reach_the_client_that_asked_under_its_own_number) {
  ask(a, {put_request(7, "k", "1")});
  ask(b, {put_request(7, "k", "2")});
  auto open = passed_on();
  ASSERT_EQ(open.size(), 2u);
  EXPECT_NE(open[0].id, open[1].id);
  answer_with({result_of(open[1].id, 2), result_of(open[0].id, 1)});
  auto to_a = answers(a);
  auto to_b = answers(b);
  ASSERT_EQ(to_a.size(), 1u);
  ASSERT_EQ(to_b.size(), 1u);
  EXPECT_EQ(to_a[0], result_of(7, 1));
  EXPECT_EQ(to_b[0], result_of(7, 2));
  answer_with({result_of(open[0].id, 1)});
  EXPECT_TRUE(answers(a).empty()) << "answered twice";
}

TEST_F(client_endpoint_test, the_sink_of_a_batch_is_the_endpoint) {
  ask(a, {put_request(1, "k", "1")});
  ASSERT_EQ(raft.log().size(), 1u);
  auto sink = raft.log()[0].content.get_as<answer_sink_actor>(1);
  EXPECT_EQ(caf::actor_cast<caf::actor_addr>(sink), endpoint.address());
}

TEST_F(client_endpoint_test, bytes_that_are_no_batch_are_dropped) {
  a.tell(endpoint, client_requests{client_protocol_version, "nonsense"});
  a.tell(endpoint, client_requests{client_protocol_version + 1, encode_requests({put_request(1, "k", "1")})});
  auto cut = encode_requests({put_request(1, "k", "1")});
  cut.pop_back();
  a.tell(endpoint, client_requests{client_protocol_version, cut});
  s.run();
  EXPECT_TRUE(raft.log().empty());
  EXPECT_TRUE(a.log().empty());
}

TEST_F(client_endpoint_test, what_is_beyond_the_bounds_is_refused_alone) {
  auto good = put_request(1, "k", "1");
  auto key = put_request(2, "a key that is too long for this node", "1");
  auto value = put_request(3, "k", std::string(101, 'v'));
  request bytes{4, 100, write_request{blob{"no command"}}};
  ask(a, {good, key, value, bytes});
  EXPECT_EQ(passed_on().size(), 1u);
  auto refused = answers(a);
  ASSERT_EQ(refused.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(refused[i].id, i + 2);
    EXPECT_EQ(refusal_in(refused[i]), refusal_kind::invalid);
  }
}

TEST_F(client_endpoint_test, names_that_no_node_can_have_are_refused) {
  auto member = [](std::uint64_t id, std::string name, std::string peer = {}) {
    return request{id, 100, member_request{member_action::add, node_id{std::move(name)}, std::move(peer)}};
  };
  auto transfer = [](std::uint64_t id, std::string name) {
    return request{id, 100, transfer_request{node_id{std::move(name)}}};
  };
  ask(a, {member(1, "n/1"), member(2, ""), transfer(3, "a b"), member(4, "n", "0.0.0.0:1")});
  EXPECT_TRUE(passed_on().empty());
  auto refused = answers(a);
  ASSERT_EQ(refused.size(), 4u);
  for (auto& r : refused)
    EXPECT_EQ(refusal_in(r), refusal_kind::invalid) << r.id;
  ask(a, {member(5, std::string(64, 'n')), transfer(6, "")});
  EXPECT_EQ(passed_on().size(), 2u) << "a transfer need not name anybody";
}

TEST_F(client_endpoint_test, a_client_with_too_many_open_requests_is_told_so) {
  ask(a,
      {put_request(1, "k", ""), put_request(2, "k", ""), put_request(3, "k", ""), put_request(4, "k", "")});
  auto open = passed_on();
  EXPECT_EQ(open.size(), 3u);
  auto refused = answers(a);
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].id, 4u);
  EXPECT_EQ(refusal_in(refused[0]), refusal_kind::overloaded);
  answer_with({result_of(open[0].id, 1)});
  ask(a, {put_request(5, "k", "")});
  EXPECT_EQ(passed_on().size(), 1u);
  ask(b, {put_request(1, "k", "")});
  EXPECT_EQ(passed_on().size(), 1u) << "the limit is one client's";
}

TEST_F(client_endpoint_test, too_many_clients_are_refused) {
  probe c{s};
  ask(a, {put_request(1, "k", "")});
  ask(b, {put_request(1, "k", "")});
  ask(c, {put_request(1, "k", "")});
  EXPECT_EQ(passed_on().size(), 2u);
  a.tell(endpoint, caf::down_msg{a.pointer()->address(), caf::exit_reason::normal});
  ask(c, {put_request(1, "k", "")});
  EXPECT_EQ(passed_on().size(), 1u) << "one left, one may come";
}

TEST_F(client_endpoint_test, answers_for_a_client_that_left_go_nowhere) {
  ask(a, {put_request(1, "k", "")});
  auto open = passed_on();
  a.tell(endpoint, caf::down_msg{a.pointer()->address(), caf::exit_reason::normal});
  answer_with({result_of(open[0].id, 1)});
  EXPECT_TRUE(a.log().empty());
}

TEST_F(client_endpoint_test, a_patient_client_is_answered_within_the_limit) {
  ask(a, {put_request(1, "k", "", UINT32_MAX)});
  EXPECT_EQ(passed_on()[0].timeout_ms, 1'000u);
}

answer page_of(std::uint64_t id, std::size_t bytes) {
  query_result r;
  r.items.push_back({"k", blob{std::string(bytes, 'v')}, media_type::text, {}, {}, 1});
  return {id, r};
}

TEST_F(client_endpoint_test, a_client_that_takes_no_answers_is_sent_no_more) {
  auto get_one = [&](std::uint64_t id) {
    ask(a, {get_request(id, "k")});
    auto open = passed_on();
    if (!open.empty()) answer_with({page_of(open[0].id, 1'500)});
    return !open.empty();
  };
  for (std::uint64_t id = 1; id <= 4; ++id)
    EXPECT_TRUE(get_one(id)) << id;
  EXPECT_EQ(a.count<client_answers>(), 1u) << "the second does not fit in the window beside the first";
  EXPECT_FALSE(get_one(5)) << "too much is held for it";
  ask(b, {get_request(1, "k")});
  EXPECT_EQ(passed_on().size(), 1u) << "others are served";

  auto takes = [&](std::uint64_t messages) {
    a.tell(endpoint, client_requests{client_protocol_version, {}, messages});
    s.run();
  };
  takes(0);
  takes(0);
  EXPECT_EQ(a.count<client_answers>(), 1u);
  takes(1);
  EXPECT_EQ(a.count<client_answers>(), 2u) << "all that was held goes in one message";
  auto got = answers(a);
  ASSERT_EQ(got.size(), 4u);
  for (std::uint64_t id = 1; id <= 4; ++id)
    EXPECT_EQ(got[id - 1].id, id);
  EXPECT_TRUE(get_one(6));
  EXPECT_EQ(a.count<client_answers>(), 0u) << "the message before is not taken";
  takes(1'000);
  EXPECT_EQ(a.count<client_answers>(), 1u) << "and that one cannot have been, so it is not counted twice";
}

TEST_F(client_endpoint_test, a_request_is_open_until_its_answer_is_sent) {
  for (std::uint64_t id = 1; id <= 3; ++id) {
    ask(a, {get_request(id, "k")});
    answer_with({page_of(passed_on().at(0).id, 1'500)});
  }
  ask(a, {get_request(4, "k"), get_request(5, "k")});
  EXPECT_EQ(passed_on().size(), 1u) << "two are held, and three may be open";
}

TEST_F(client_endpoint_test, a_page_is_no_larger_than_the_node_allows) {
  range_query wide;
  wide.limit = UINT32_MAX;
  wide.bytes_max = UINT32_MAX;
  ask(a, {{1, 100, read_request{wide}}});
  auto passed = std::get<range_query>(std::get<read_request>(passed_on().at(0).body).what);
  EXPECT_EQ(passed.limit, 10u);
  EXPECT_EQ(passed.bytes_max, 500u);
}

TEST_F(client_endpoint_test, a_link_hello_is_led_to_the_link_keeper) {
  probe link{s};
  links_ready ready;
  ready.keeper = link.as<link_keeper_actor>();
  raft.tell(endpoint, ready);
  b.tell(endpoint, link_hello{1, "n2:7000", "n1:7000", 5, 6}, b.pointer());
  s.run();
  ASSERT_EQ(link.count<link_hello>(), 1u);
  EXPECT_EQ(link.log()[0].sender, b.pointer());
}

TEST_F(client_endpoint_test, a_link_hello_is_refused_while_the_node_starts) {
  b.tell(endpoint, link_hello{1, "n9:7000", "n1:7000", 5, 6}, b.pointer());
  s.run();
  EXPECT_EQ(b.count<caf::error>(), 1u);
}

} // namespace
} // namespace troupe::test
