#include "tests/config/support.hpp"

#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::start;
using testing::three_nodes;

start node_of(const std::string& text) {
  start s;
  s.flags.config = "c.toml";
  s.flags.node = "n1";
  s.files["c.toml"] = text;
  return s;
}

TEST(describe, names_the_node_and_its_members) {
  const auto text = describe(node_of(three_nodes).load().value());
  EXPECT_THAT(text, HasSubstr("# node n1 of cluster troupe, from c.toml\n"
                              "# HTTP 127.0.0.1:8000, peers 127.0.0.1:7000, data \"d/n1\"\n"
                              "# member n1: peer 127.0.0.1:7000, HTTP 127.0.0.1:8000 (this node)\n"
                              "# member n2: peer 127.0.0.1:7001, HTTP 127.0.0.1:8001\n"));
  EXPECT_THAT(text, HasSubstr("# no [tls]"));
}

TEST(describe, marks_what_differs_from_the_default) {
  const auto text = describe(node_of("[raft]\nheartbeat = \"150ms\"\n" + three_nodes).load().value());
  EXPECT_THAT(text, HasSubstr("\nheartbeat = \"150ms\"  # default \"100ms\"\n"));
  EXPECT_THAT(text, HasSubstr("\ntick = \"25ms\"\n"));
}

TEST(describe, members_without_an_id_say_so) {
  start s;
  s.flags.node_id = "0";
  s.flags.peers = "http://localhost:8001,http://localhost:8002";
  const auto text = describe(s.load().value());
  EXPECT_THAT(text, HasSubstr("# node 0 of cluster troupe, without a file\n"));
  EXPECT_THAT(text, HasSubstr("# member (id not known yet): peer 127.0.0.1:7001, HTTP 127.0.0.1:8001\n"));
}

TEST(describe, what_it_prints_can_be_read_back_as_settings) {
  // Everything that is not a default, and text with quotes in it.
  std::string file =
      "[cluster]\nname = \"other\"\n[log]\nlevel = \"trace\"\nfile = 'a \"b\" \\c'\n"
      "[tls]\ncertificate = \"{node}.pem\"\nkey = \"k\"\nca = \"c\"\n"
      "[raft]\ntick = \"5ms\"\nheartbeat = \"50ms\"\n[limits]\nconnections = 7\nrange_bytes = \"1MiB\"\n";
  const auto node = node_of(file + three_nodes).load().value();
  const auto again = parse_cluster(describe(node), "described.toml");
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(static_cast<const settings&>(*again), static_cast<const settings&>(node));
  EXPECT_EQ(again->name, node.cluster_name);
}

TEST(describe, what_it_prints_of_search_can_be_read_back) {
  const std::string searches[] = {
      "",
      "[search]\ntext = false\nvectors = false\nprefixes = [\"a/\", \"\\u0001\\\"\\u007f\"]\nvalue_bytes = "
      "\"2KiB\"\n"
      "language = \"none\"\nk1 = 2\nb = 0.125\nhnsw_links = 8\n",
      "[search]\nstop_words = true\ntext_values = false\njson_values = false\nk1 = 0.001\n",
      "[embedding]\nmaker = \"none\"\n",
      "[embedding]\nmaker = \"none\"\nreplace = true\n",
      "[embedding]\nmaker = \"builtin\"\nmodel_file = \"m.troupe-model\"\n",
      "[embedding]\nmaker = \"client\"\nname = \"m@1\"\ndimension = 384\nmetric = \"l2\"\n",
      "[embedding]\nmaker = \"http\"\nname = \"m\"\ndimension = 4096\nurl = \"https://h/v1/embeddings?a=b\"\n"
      "api_key_file = \"key\"\ntimeout = \"2s\"\nretries = 0\nmetric = \"inner_product\"\n",
  };
  for (const auto& search : searches) {
    const auto node = node_of(search + three_nodes).load();
    ASSERT_TRUE(node) << search << node.error().detail;
    const auto again = parse_cluster(describe(*node), "described.toml");
    ASSERT_TRUE(again) << search << again.error().detail;
    EXPECT_EQ(static_cast<const settings&>(*again), static_cast<const settings&>(*node)) << search;
  }
}

TEST(describe, prints_every_number_once) {
  const auto text = describe(
      node_of(
          "[embedding]\nmaker = \"http\"\nurl = \"http://h/v1/embeddings\"\nname = \"m\"\ndimension = 3\n" +
          three_nodes)
          .load()
          .value());
  for (const auto& row : scalar_settings()) {
    const auto begin = text.find("\n[" + std::string(row.section) + "]\n");
    ASSERT_NE(begin, std::string::npos) << row.section;
    const auto section = text.substr(begin, text.find("\n\n", begin + 1) - begin + 1);
    const auto line = "\n" + std::string(row.key) + " = ";
    const auto at = section.find(line);
    ASSERT_NE(at, std::string::npos) << row.key;
    EXPECT_THAT(section.substr(at + 1), Not(HasSubstr(line))) << row.key;
  }
}

TEST(describe, prints_the_notices) {
  auto s = node_of(three_nodes);
  s.flags.host = "0.0.0.0";
  EXPECT_THAT(describe(s.load().value()), HasSubstr("# notice: HTTP listens on 0.0.0.0:8000 without"));
}

} // namespace
} // namespace troupe::config
