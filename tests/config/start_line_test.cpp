#include "tests/config/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::start;
using ::testing::StartsWith;
using testing::three_nodes;

const std::string two_peers = "http://localhost:8001,http://localhost:8002";

start from_file(std::optional<std::string> node, const std::string& text = three_nodes) {
  start s;
  s.flags.config = "c.toml";
  s.flags.node = std::move(node);
  s.files["c.toml"] = text;
  return s;
}

TEST(start_line, nothing_at_all_is_a_single_node_on_port_8000) {
  const auto node = start{}.load().value();
  EXPECT_EQ(node.id.name, "0");
  EXPECT_EQ(node.http, (address{"127.0.0.1", 8000}));
  EXPECT_EQ(node.peer, (address{"127.0.0.1", 7000}));
  EXPECT_EQ(node.data_dir, "./troupe-data/node-8000");
  EXPECT_THAT(node.members, ElementsAre(member{node_id{"0"}, node.peer, node.http}));
  EXPECT_TRUE(node.others().empty());
  EXPECT_EQ(static_cast<const settings&>(node), settings{});
  EXPECT_EQ(node.source, "");
  EXPECT_TRUE(node.notices.empty());
}

TEST(start_line, a_port_alone) {
  start s;
  s.flags.port = "9000";
  const auto node = s.load().value();
  EXPECT_EQ(node.http.port, 9000);
  EXPECT_EQ(node.peer.port, 8000);
  EXPECT_EQ(node.data_dir, "./troupe-data/node-9000");
}

TEST(start_line, one_of_three) {
  start s;
  s.flags.port = "8001";
  s.flags.node_id = "1";
  s.flags.peers = "http://localhost:8002/, localhost:8000";
  const auto node = s.load().value();
  EXPECT_EQ(node.id.name, "1");
  EXPECT_THAT(node.peer_addresses(), ElementsAre(address{"127.0.0.1", 7000}, address{"127.0.0.1", 7001},
                                                 address{"127.0.0.1", 7002}));
  EXPECT_EQ(node.members[0], (member{std::nullopt, {"127.0.0.1", 7000}, {"127.0.0.1", 8000}}));
  EXPECT_EQ(node.members[1], (member{node_id{"1"}, {"127.0.0.1", 7001}, {"127.0.0.1", 8001}}));
  EXPECT_EQ(node.others().size(), 2u);
}

TEST(start_line, all_three_hold_the_same_list) {
  std::vector<std::vector<address>> lists;
  for (int own = 0; own < 3; ++own) {
    start s;
    s.flags.port = std::to_string(8000 + own);
    s.flags.node_id = std::to_string(own);
    std::string peers;
    for (int other = 2; other >= 0; --other)
      if (other != own)
        peers += (peers.empty() ? "" : ",") + ("http://LocalHost:" + std::to_string(8000 + other));
    s.flags.peers = peers;
    lists.push_back(s.load().value().peer_addresses());
  }
  EXPECT_EQ(lists[0], lists[1]);
  EXPECT_EQ(lists[1], lists[2]);
}

TEST(start_line, the_environment_says_it_as_well) {
  start s;
  s.variables = {{"DB_PORT", "8001"},
                 {"DB_DATA_DIR", "/data"},
                 {"DB_NODE_ID", "7"},
                 {"DB_PEERS", "http://localhost:8000"}};
  const auto node = s.load().value();
  EXPECT_EQ(node.http.port, 8001);
  EXPECT_EQ(node.data_dir, "/data");
  EXPECT_EQ(node.id.name, "7");
  EXPECT_EQ(node.members.size(), 2u);
}

TEST(start_line, flags_come_before_the_environment) {
  start s;
  s.variables = {{"DB_PORT", "x"}, {"DB_DATA_DIR", ""}, {"DB_NODE_ID", "?"}, {"DB_PEERS", "?"}};
  s.flags.port = "8002";
  s.flags.data_dir = "here";
  s.flags.node_id = "2";
  s.flags.peers = "http://localhost:8000,http://localhost:8001";
  const auto node = s.load().value();
  EXPECT_EQ(node.http.port, 8002);
  EXPECT_EQ(node.data_dir, "here");
  EXPECT_EQ(node.id.name, "2");
}

TEST(start_line, host_is_where_http_listens) {
  start s;
  s.flags.host = "0.0.0.0";
  s.flags.peers = two_peers;
  s.flags.node_id = "0";
  const auto node = s.load().value();
  EXPECT_EQ(node.http.to_string(), "0.0.0.0:8000");
  EXPECT_EQ(node.peer.to_string(), "127.0.0.1:7000") << "peers stay on loopback";
  ASSERT_EQ(node.notices.size(), 1u);
  EXPECT_THAT(node.notices[0], HasSubstr("without encryption or authentication"));
}

TEST(start_line, the_peer_port_can_be_given) {
  start s;
  s.flags.port = "80";
  s.flags.node_id = "a";
  s.flags.peer_port = "7500";
  s.flags.peers = "http://localhost:81?peer_port=7501,http://localhost:8002/?peer_port=7502";
  const auto node = s.load().value();
  EXPECT_THAT(node.peer_addresses(), ElementsAre(address{"127.0.0.1", 7500}, address{"127.0.0.1", 7501},
                                                 address{"127.0.0.1", 7502}));
}

TEST(start_line, peers_elsewhere_need_an_own_address_and_tls) {
  start s;
  s.flags.node_id = "0";
  s.flags.peers = "http://10.0.0.2:8000";
  EXPECT_THAT(s.problems(), HasSubstr("--peer-host: is needed, since 10.0.0.2:7000 is on another machine"));
  s.flags.host = "0.0.0.0";
  EXPECT_THAT(s.problems(), HasSubstr("--peer-host: is needed"));
  s.flags.host = "10.0.0.1";
  EXPECT_THAT(s.problems(), HasSubstr("10.0.0.1:7000 can be reached from other machines"));
  EXPECT_THAT(s.problems(), HasSubstr("--peers: 10.0.0.2:7000 can be reached from other machines"));

  // Settings come from a file that lists no nodes.
  s.flags.config = "c.toml";
  s.files["c.toml"] = "[tls]\ncertificate = \"/e/{node}.pem\"\nkey = \"/e/{node}-{node}\"\nca = \"/e/ca\"\n";
  const auto node = s.load().value();
  EXPECT_EQ(node.peer.to_string(), "10.0.0.1:7000");
  EXPECT_EQ(node.tls, (tls_settings{"/e/0.pem", "/e/0-0", "/e/ca"}));
  EXPECT_EQ(node.source, "c.toml");

  s.flags.host = "0.0.0.0";
  s.flags.peer_host = "db1.example.org";
  EXPECT_EQ(s.load().value().peer.to_string(), "db1.example.org:7000");
  s.flags.peer_host = "localhost";
  EXPECT_THAT(s.problems(), HasSubstr("--peer-host: 127.0.0.1:7000 is out of reach"));
}

struct wrong_start {
  start_arguments flags;
  std::map<std::string, std::string> variables;
  std::string problem;
};

start_arguments with(std::optional<std::string> start_arguments::*flag, std::string value,
                     start_arguments flags = {}) {
  flags.*flag = std::move(value);
  return flags;
}

TEST(start_line, says_what_is_wrong_and_where_it_was_said) {
  using f = start_arguments;
  const auto numbered = with(&f::node_id, "0");
  const auto peers = [&](std::string list) { return with(&f::peers, std::move(list), numbered); };
  const wrong_start cases[] = {
      {with(&f::port, "eighty"), {}, "--port: \"eighty\" is not a port; a port is a number from 1 to 65535"},
      {with(&f::port, ""), {}, "--port: \"\" is not a port"},
      {with(&f::port, "0"), {}, "--port: \"0\" is not a port"},
      {with(&f::port, "70000"), {}, "--port: \"70000\" is not a port"},
      {with(&f::port, "1000"),
       {},
       "--port: the peer port is the HTTP port - 1000, and 1000 leaves none; give --peer-port"},
      {{}, {{"DB_PORT", "eighty"}}, "DB_PORT: \"eighty\" is not a port"},
      {{}, {{"DB_PORT", ""}}, "DB_PORT: \"\" is not a port"},
      {{}, {{"DB_PORT", "80"}}, "DB_PORT: the peer port is the HTTP port - 1000"},
      {{}, {{"DB_PORT", "8000\n"}}, "DB_PORT: \"8000?\" is not a port"},
      {{}, {{"DB_DATA_DIR", ""}}, "DB_DATA_DIR: is empty"},
      {{}, {{"DB_DATA_DIR", "/"}}, "DB_DATA_DIR: is the root folder"},
      {{}, {{"DB_NODE_ID", "a b"}}, "DB_NODE_ID: \"a b\" is not a name"},
      {{}, {{"DB_NODE_ID", "1"}, {"DB_PEERS", ""}}, "DB_PEERS: is empty; leave it out for a single node"},
      {{}, {{"DB_PEERS", two_peers}}, "--node-id: is needed beside --peers (or DB_NODE_ID)"},
      {with(&f::host, "a b"), {}, "--host: \"a b\" is neither an IP address nor a host name"},
      {with(&f::host, "localhost:8000"), {}, "--host: \"localhost:8000\" is not an IPv6 address"},
      {with(&f::node_id, "-1"), {}, "--node-id: \"-1\" is not a name"},
      {with(&f::node, "n1"), {}, "--node: needs --config FILE; without a file, use --node-id"},
      {with(&f::peer_port, "x"), {}, "--peer-port: \"x\" is not a port"},
      {with(&f::peer_port, "8000"), {}, "127.0.0.1:8000 is the peer address of the same node as well"},
      {with(&f::peer_host, "0.0.0.0"),
       {},
       "--peer-host: 0.0.0.0:7000 is not an address that other nodes can dial"},
      {with(&f::peer_host, "10.0.0.1"), {}, "--peer-host: 10.0.0.1:7000 can be reached from other machines"},
      {with(&f::data_dir, ""), {}, "--data-dir: is empty"},
      {with(&f::log_level, "loud"), {}, "--log-level: \"loud\" is not a log level"},
      {with(&f::peers, two_peers), {}, "--node-id: is needed"},
      {peers(""), {}, "--peers: is empty"},
      {peers(","), {}, "--peers: \"\" is empty; write the HTTP address"},
      {peers("http://localhost:8001,"), {}, "--peers: \"\" is empty; write the HTTP address"},
      {peers("http://localhost:8001,,http://localhost:8002"),
       {},
       "--peers: \"\" is empty; write the HTTP address"},
      {peers("http://localhost"),
       {},
       "\"http://localhost\" has no port; write the HTTP address of another node"},
      {peers("http://localhost:"), {}, "has no port"},
      {peers("localhost"), {}, "has no port"},
      {peers("http://:8001"), {}, "\"\" is neither an IP address nor a host name"},
      {peers("https://localhost:8001"), {}, "is not an http URL"},
      {peers("ftp://localhost:8001"), {}, "is not an http URL"},
      {peers("http://u:p@localhost:8001"), {}, "has more in it than host and port"},
      {peers("http://localhost:8001/v1"), {}, "has more in it than host and port"},
      {peers("http://localhost:8001#x"), {}, "has more in it than host and port"},
      {peers("http://localhost:8001?x=1"), {}, "has a query other than peer_port=PORT"},
      {peers("http://localhost:8001?peer_port=1&peer_port=2"), {}, "has a query other than peer_port=PORT"},
      {peers("http://localhost:8001?"), {}, "has a query other than peer_port=PORT"},
      {peers("http://localhost:8001?peer_port=x"), {}, "has a wrong peer_port: \"x\" is not a port"},
      {peers("http://localhost:900"), {}, "needs \"?peer_port=PORT\""},
      {peers("http://localhost:70000"), {}, "\"70000\" is not a port"},
      {peers("http://loc alhost:8001"), {}, "is not a URL"},
      {peers("http://%6cocalhost:8001"), {}, "neither an IP address nor a host name"},
      {peers("http://127.1:8001"), {}, "is not an IPv4 address"},
      {peers("http://localhost:8001,http://127.0.0.1:8001"), {}, "127.0.0.1:8001 is also the HTTP address"},
      {peers("http://localhost:8000,http://localhost:8001"), {}, "127.0.0.1:8000 is this node itself"},
      {peers("http://localhost:9000"), {}, "127.0.0.1:8000 is also the HTTP address of node \"0\""},
      {peers("http://0.0.0.0:8001"), {}, "0.0.0.0:7001 is not an address that other nodes can dial"},
      {with(&f::config, "gone.toml"), {}, "--config: gone.toml: there is no such file"},
  };
  for (const auto& c : cases) {
    const auto problems = start{c.flags, c.variables, {}}.problems();
    EXPECT_THAT(problems, HasSubstr(c.problem));
    if (problems.empty()) ADD_FAILURE() << "accepted: " << c.problem;
  }
}

TEST(start_line, has_a_bound_for_peers) {
  start s;
  s.flags.node_id = "0";
  for (int i = 1; i <= 15; ++i)
    s.flags.peers =
        s.flags.peers.value_or("http://localhost:8100") + ",http://localhost:" + std::to_string(8100 + i);
  EXPECT_EQ(s.problems(), "--peers: has too many nodes; a cluster has at most 15");
}

TEST(start_line, every_source_reports_its_problems_at_once) {
  start s;
  s.flags.port = "x";
  s.flags.log_level = "y";
  s.variables["DB_PEERS"] = "z:";
  s.flags.config = "c.toml";
  s.files["c.toml"] = "[raft]\ntick = 5\n[limits]\nkey_bytes = 5\n";
  const auto problems = s.problems();
  for (auto part :
       {"--port: ", "DB_PEERS: ", "--node-id: ", "--log-level: ", "c.toml:2: raft.tick", "c.toml:4: limits."})
    EXPECT_THAT(problems, HasSubstr(part));
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 5);
  EXPECT_THAT(problems, StartsWith("--")) << "what was typed comes before what is in the file";
}

TEST(start_from_file, picks_the_node) {
  const auto node = from_file("n2").load().value();
  EXPECT_EQ(node.id.name, "n2");
  EXPECT_EQ(node.http, (address{"127.0.0.1", 8001}));
  EXPECT_EQ(node.peer, (address{"127.0.0.1", 7001}));
  EXPECT_EQ(node.data_dir, "d/n2");
  EXPECT_EQ(node.source, "c.toml");
  ASSERT_EQ(node.members.size(), 3u);
  EXPECT_EQ(node.members[2], (member{node_id{"n3"}, {"127.0.0.1", 7002}, {"127.0.0.1", 8002}}));
  EXPECT_THAT(node.others(), ElementsAre(node.members[0], node.members[2]));
}

TEST(start_from_file, the_node_may_come_from_the_environment_or_be_the_only_one) {
  auto s = from_file({});
  s.variables["DB_NODE_ID"] = "n3";
  EXPECT_EQ(s.load().value().id.name, "n3");
  s.flags.node_id = "n1";
  EXPECT_EQ(s.load().value().id.name, "n1");
  EXPECT_EQ(from_file({}, three_nodes.substr(0, three_nodes.find("[[node]]", 1))).load().value().id.name,
            "n1");
}

TEST(start_from_file, flags_and_variables_override_what_is_the_nodes_own_business) {
  auto s = from_file("n1");
  s.variables = {{"DB_PORT", "9001"}, {"DB_DATA_DIR", "from-env"}};
  auto node = s.load().value();
  EXPECT_EQ(node.http.port, 9001);
  EXPECT_EQ(node.data_dir, "from-env");
  s.flags.port = "9002";
  s.flags.host = "::1";
  s.flags.data_dir = "from-flag";
  s.flags.log_level = "debug";
  node = s.load().value();
  EXPECT_EQ(node.http.to_string(), "[::1]:9002");
  EXPECT_EQ(node.data_dir, "from-flag");
  EXPECT_EQ(node.log.level, log_level::debug);
  EXPECT_EQ(node.peer, (address{"127.0.0.1", 7000})) << "peer addresses are everybody's business";
  EXPECT_EQ(node.members[0].http, node.http);
}

TEST(start_from_file, says_what_is_wrong) {
  EXPECT_EQ(from_file({}).problems(), "--node: is needed: c.toml has the nodes n1, n2, n3");
  EXPECT_EQ(from_file("n4").problems(), "--node: there is no node \"n4\"; c.toml has n1, n2, n3");
  auto s = from_file({});
  s.variables["DB_NODE_ID"] = "0";
  EXPECT_EQ(s.problems(), "DB_NODE_ID: there is no node \"0\"; c.toml has n1, n2, n3");
  s = from_file("n1");
  s.flags.node_id = "n1";
  EXPECT_EQ(s.problems(), "--node-id: and --node mean the same here; give only --node");
  s = from_file("n1");
  s.flags.peer_port = "7100";
  s.flags.peer_host = "localhost";
  s.variables["DB_PEERS"] = two_peers;
  EXPECT_THAT(s.problems(), HasSubstr("--peer-port: cannot be combined with a file that lists its nodes"));
  EXPECT_THAT(s.problems(), HasSubstr("--peer-host: cannot be combined"));
  EXPECT_THAT(s.problems(), HasSubstr("DB_PEERS: cannot be combined"));
  s = from_file("n1");
  s.flags.port = "8001";
  EXPECT_THAT(s.problems(), HasSubstr("127.0.0.1:8001 is also the HTTP address of node"));
  s = from_file("n4");
  s.flags.port = "x";
  EXPECT_THAT(s.problems(), HasSubstr("--port: \"x\" is not a port"));
  EXPECT_THAT(s.problems(), HasSubstr("--node: there is no node \"n4\""));
  s = from_file("n1");
  s.flags.data_dir = "d/n3";
  EXPECT_THAT(s.problems(), HasSubstr("is also the data folder of node"));
  EXPECT_THAT(from_file("n1", "[raft").problems(), StartsWith("c.toml:1: not TOML"));
  EXPECT_THAT(from_file("n1", "[raft]\n").problems(), HasSubstr("the file lists no [[node]] to choose from"));
  EXPECT_THAT(from_file("n1", "[node]\nid = \"n1\"\n").problems(), HasSubstr("double brackets"));
  EXPECT_THAT(from_file("n1", "node = []\n").problems(), HasSubstr("there is no node \"n1\""));
}

TEST(start_from_file, an_even_number_of_nodes_is_worth_a_notice) {
  const auto two = three_nodes.substr(0, three_nodes.rfind("[[node]]"));
  const auto node = from_file("n1", two).load().value();
  ASSERT_EQ(node.notices.size(), 1u);
  EXPECT_THAT(node.notices[0], StartsWith("2 nodes survive the loss of no more nodes than 1 do"));
  EXPECT_TRUE(from_file("n1").load().value().notices.empty());
}

} // namespace
} // namespace troupe::config
