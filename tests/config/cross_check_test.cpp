#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::problems_of;

struct node_text {
  std::string id, peer, http, data_dir;
};

std::string file_with(const std::vector<node_text>& nodes, const std::string& rest = "") {
  std::string text;
  for (const auto& n : nodes)
    text += "[[node]]\nid = \"" + n.id + "\"\npeer = \"" + n.peer + "\"\nhttp = \"" + n.http +
            "\"\ndata_dir = \"" + n.data_dir + "\"\n";
  return text + rest;
}

const std::string tls = "[tls]\ncertificate = \"a\"\nkey = \"b\"\nca = \"c\"\n";
const node_text first{"n1", "127.0.0.1:7000", "127.0.0.1:8000", "d/n1"};

TEST(cross_check, numbers_fit_each_other) {
  const std::pair<std::string, std::string> cases[] = {
      {"[raft]\nheartbeat = \"300ms\"\n",
       "c.toml:2: raft.heartbeat: 2 times raft.heartbeat (300ms) must not be more than "
       "raft.election_timeout_min (400ms): "},
      {"[raft]\nelection_timeout_min = \"150ms\"\n",
       "c.toml:2: raft.election_timeout_min: 2 times raft.heartbeat"},
      {"[raft]\nelection_timeout_min = \"800ms\"\n",
       "raft.election_timeout_min (800ms) has to be less than raft.election_timeout_max (800ms)"},
      {"[raft]\nelection_timeout_max = \"400ms\"\n",
       "c.toml:2: raft.election_timeout_max: raft.election_timeout_min"},
      {"[raft]\ntick = \"200ms\"\n",
       "c.toml:2: raft.tick: raft.tick (200ms) must not be more than raft.heartbeat"},
      {"[raft]\nheartbeat = \"110ms\"\n",
       "c.toml:2: raft.heartbeat: raft.heartbeat (110ms) is not a whole number"},
      {"[raft]\ntick = \"30ms\"\n",
       "c.toml:2: raft.tick: raft.election_timeout_min (400ms) is not a whole number"},
      {"[limits]\nvalue_bytes = \"16MiB\"\n",
       "c.toml:2: limits.value_bytes: limits.value_bytes (16MiB) and limits.key_bytes (4KiB) do not fit in "
       "limits.command_bytes (16MiB)"},
      {"[limits]\ncommand_bytes = \"8MiB\"\n",
       "c.toml:2: limits.command_bytes: limits.value_bytes (8MiB) and"},
      {"[limits]\nhttp_body_bytes = \"4MiB\"\n",
       "c.toml:2: limits.http_body_bytes: limits.value_bytes (8MiB)"},
      {"[limits]\nrequests_in_flight_bytes = \"1MiB\"\n", "c.toml:2: limits.requests_in_flight_bytes: "},
      {"[raft]\nuncommitted_bytes = \"1MiB\"\n",
       "c.toml:2: raft.uncommitted_bytes: limits.command_bytes (16MiB)"},
      {"[raft]\nappend_bytes = \"32MiB\"\n", "c.toml:2: raft.append_bytes: "},
  };
  for (const auto& [text, problem] : cases)
    EXPECT_THAT(problems_of(text), HasSubstr(problem)) << text;
}

TEST(cross_check, a_wrong_number_is_not_held_against_others) {
  EXPECT_THAT(problems_of("[raft]\nheartbeat = \"300\"\nelection_timeout_min = \"150ms\"\n"),
              Not(HasSubstr("2 times")));
}

TEST(cross_check, numbers_that_fit_are_fine) {
  EXPECT_EQ(problems_of("[raft]\ntick = \"10ms\"\nheartbeat = \"30ms\"\nelection_timeout_min = \"60ms\"\n"
                        "election_timeout_max = \"70ms\"\n"
                        "[limits]\nvalue_bytes = \"1KiB\"\nkey_bytes = \"64B\"\ncommand_bytes = \"4KiB\"\n"
                        "http_body_bytes = \"1KiB\"\n"),
            "");
}

struct pair_case {
  node_text second;
  std::string problem;
};

TEST(cross_check, nodes_do_not_collide) {
  const pair_case cases[] = {
      {{"n1", "127.0.0.1:7001", "127.0.0.1:8001", "d/n2"},
       "c.toml:7: node.id: \"n1\" is the id of two nodes"},
      {{"n2", "127.0.0.1:7000", "127.0.0.1:8001", "d/n2"},
       "c.toml:8: node.peer: 127.0.0.1:7000 is also the peer address of node \"n1\""},
      {{"n2", "localhost:7000", "127.0.0.1:8001", "d/n2"}, "is also the peer address of node \"n1\""},
      {{"n2", "[::ffff:127.0.0.1]:7000", "127.0.0.1:8001", "d/n2"},
       "is also the peer address of node \"n1\""},
      {{"n2", "127.0.0.1:8000", "127.0.0.1:8001", "d/n2"}, "is also the HTTP address of node \"n1\""},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:8000", "d/n2"},
       "c.toml:9: node.http: 127.0.0.1:8000 is also the HTTP"},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:7000", "d/n2"}, "is also the peer address of node \"n1\""},
      {{"n2", "127.0.0.1:7001", "0.0.0.0:8000", "d/n2"},
       "0.0.0.0:8000 is also the HTTP address of node \"n1\""},
      {{"n2", "127.0.0.1:7001", "[::]:7000", "d/n2"}, "[::]:7000 is also the peer address of node \"n1\""},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:7001", "d/n2"}, "is the peer address of the same node as well"},
      {{"n2", "127.0.0.1:7001", "0.0.0.0:7001", "d/n2"}, "is the peer address of the same node as well"},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:8001", "d/n1"},
       "c.toml:10: node.data_dir: \"d/n1\" is also the data folder of node \"n1\""},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:8001", "./d/x/../n1/"}, "is also the data folder of node \"n1\""},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:8001", "d"},
       "lies within the data folder of node \"n1\", or that within it"},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:8001", "d/n1/wal"}, "lies within the data folder of node \"n1\""},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:8001", "/"}, "c.toml:10: node.data_dir: is the root folder"},
      {{"n2", "127.0.0.1:7001", "127.0.0.1:8001", "/d/.."}, "is the root folder"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems_of(file_with({first, c.second})), HasSubstr(c.problem)) << c.second.id << c.problem;
  EXPECT_EQ(problems_of(file_with({first, {"n2", "127.0.0.1:7001", "127.0.0.1:8001", "d/n10"}})), "");
}

TEST(cross_check, machines_may_use_the_same_folder_and_local_addresses) {
  EXPECT_EQ(problems_of(file_with({{"n1", "10.0.0.1:7000", "0.0.0.0:8000", "/var/lib/troupe"},
                                   {"n2", "10.0.0.2:7000", "0.0.0.0:8000", "/var/lib/troupe"},
                                   {"n3", "db3.example.org:7000", "127.0.0.1:8000", "/var/lib/troupe"}},
                                  tls)),
            "");
  EXPECT_THAT(problems_of(file_with({{"n1", "10.0.0.1:7000", "10.0.0.1:8000", "a"},
                                     {"n2", "10.0.0.2:7000", "10.0.0.1:8000", "b"}},
                                    tls)),
              HasSubstr("c.toml:9: node.http: 10.0.0.1:8000 is also the HTTP address of node \"n1\""));
  EXPECT_THAT(problems_of(file_with({{"n1", "10.0.0.1:7000", "10.0.0.1:8000", "a"},
                                     {"n2", "10.0.0.1:7001", "10.0.0.1:8001", "a"}},
                                    tls)),
              HasSubstr("\"a\" is also the data folder"));
}

TEST(cross_check, peers_beyond_loopback_need_tls) {
  for (auto host : {"10.0.0.1", "db.example.org", "[2001:db8::1]"}) {
    const auto file = file_with({{"n1", std::string(host) + ":7000", "127.0.0.1:8000", "d"}});
    const auto problems = problems_of(file);
    EXPECT_THAT(problems,
                HasSubstr("c.toml:3: node.peer: " + std::string(host) +
                          ":7000 can be reached from other machines, and whoever speaks on a peer port is "
                          "trusted with everything: that needs [tls] with certificate, key and ca"));
    EXPECT_EQ(problems_of(file + tls), "");
  }
  for (auto host : {"127.0.0.1", "localhost", "[::1]", "127.9.9.9"})
    EXPECT_EQ(problems_of(file_with({{"n1", std::string(host) + ":7000", "127.0.0.1:8000", "d"}})), "")
        << host;
}

TEST(cross_check, half_of_tls_is_no_tls) {
  const auto file = file_with({{"n1", "10.0.0.1:7000", "127.0.0.1:8000", "d"}});
  EXPECT_EQ(problems_of(file + "[tls]\ncertificate = \"a\"\nkey = \"b\"\n"),
            "c.toml:6: tls: has no ca; certificate, key and ca belong together, all three or none");
}

TEST(cross_check, tls_on_loopback_is_allowed) {
  EXPECT_EQ(problems_of(file_with({first}, tls)), "");
}

TEST(cross_check, nodes_can_reach_each_other) {
  EXPECT_THAT(
      problems_of(file_with({first, {"n2", "10.0.0.2:7000", "10.0.0.2:8000", "d"}}, tls)),
      HasSubstr("c.toml:3: node.peer: 127.0.0.1:7000 is out of reach for node \"n2\" at 10.0.0.2:7000"));
  EXPECT_THAT(problems_of(file_with({{"n1", "0.0.0.0:7000", "127.0.0.1:8000", "d"}}, tls)),
              HasSubstr("0.0.0.0:7000 is not an address that other nodes can dial"));
}

} // namespace
} // namespace troupe::config
