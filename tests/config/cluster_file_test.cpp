#include "tests/config/support.hpp"

#include "config/read_file.hpp"
#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace troupe::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::problems_of;
using ::testing::StartsWith;
using testing::three_nodes;

TEST(cluster_file, an_empty_one_is_all_defaults) {
  const auto parsed = parse_cluster("", "c.toml");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(static_cast<const settings&>(*parsed), settings{});
  EXPECT_EQ(parsed->name, "troupe");
  EXPECT_TRUE(parsed->nodes.empty());
}

TEST(cluster_file, every_default_is_within_its_range) {
  const settings defaults;
  for (const auto& row : scalar_settings()) {
    const bool has_default = row.section != "embedding" || row.key != "dimension";
    EXPECT_LE(has_default ? row.least : 0, row.get(defaults)) << row.key;
    EXPECT_LE(row.get(defaults), row.most) << row.key;
  }
}

TEST(cluster_file, reads_nodes_in_the_order_of_the_file) {
  const auto parsed = parse_cluster("[cluster]\nname = \"prod-1\"\n" + three_nodes, "c.toml");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->name, "prod-1");
  ASSERT_EQ(parsed->nodes.size(), 3u);
  EXPECT_EQ(parsed->nodes[1], (node_entry{node_id{"n2"}, {"127.0.0.1", 7001}, {"127.0.0.1", 8001}, "d/n2"}));
}

TEST(cluster_file, reads_each_number) {
  for (const auto& row : scalar_settings()) {
    // Alone, an end of a range may contradict another default, so the value is looked at only when nothing
    // does.
    for (const auto value : {row.least, row.most}) {
      const auto written = format_quantity(row.kind, value);
      const auto text = "[" + std::string(row.section) + "]\n" + std::string(row.key) + " = " +
                        (is_quoted(row.kind) ? "\"" + written + "\"" : written) + "\n";
      const auto parsed = parse_cluster(text, "c.toml");
      if (parsed) {
        EXPECT_EQ(row.get(*parsed), value) << text;
        auto expected = settings{};
        row.set(expected, value);
        EXPECT_EQ(static_cast<const settings&>(*parsed), expected) << "no other key changes with " << row.key;
      } else {
        EXPECT_THAT(parsed.error().detail, Not(HasSubstr("out of range"))) << text;
      }
    }
  }
}

TEST(cluster_file, holds_each_number_against_its_range) {
  for (const auto& row : scalar_settings()) {
    if (row.kind == quantity::flag) continue;
    const auto key = std::string(row.section) + "." + std::string(row.key);
    const auto refused = [&](std::uint64_t value) {
      const auto written = format_quantity(row.kind, value);
      const auto problems =
          problems_of("[" + std::string(row.section) + "]\n" + std::string(row.key) + " = " +
                      (is_quoted(row.kind) ? "\"" + written + "\"" : written) + "\n");
      EXPECT_THAT(problems,
                  StartsWith("c.toml:2: " + key + ": " + written + " is out of range; it has to be from "));
    };
    if (row.least > 0) refused(row.least - 1);
    refused(row.most + 1);
  }
}

TEST(cluster_file, a_number_of_the_wrong_kind_is_refused_with_the_right_one) {
  for (const auto& row : scalar_settings()) {
    const auto problems = [&](const std::string& value) {
      return problems_of("[" + std::string(row.section) + "]\n" + std::string(row.key) + " = " + value);
    };
    for (auto value : {"[1]", "{a = 1}", "2026-01-01"})
      EXPECT_THAT(problems(value), HasSubstr("; write ")) << row.key << " = " << value;
    EXPECT_THAT(problems(row.kind == quantity::flag ? "1" : "true"), HasSubstr("; write ")) << row.key;
    EXPECT_THAT(problems(row.kind == quantity::fraction ? "true" : "1.5"), HasSubstr("; write ")) << row.key;
    if (row.kind == quantity::flag) {
      for (auto value : {"1", "\"true\"", "0"})
        EXPECT_THAT(problems(value), HasSubstr("; write true or false, without quotes"));
    } else if (row.kind == quantity::fraction) {
      EXPECT_THAT(problems("-0.5"), HasSubstr("is negative; write a number"));
      EXPECT_THAT(problems("0.1234"), HasSubstr("has more than three digits behind the point"));
      for (auto value : {"nan", "\"1.5\""})
        EXPECT_THAT(problems(value), HasSubstr("; write a number without quotes")) << value;
      for (auto value : {"inf", "1e300"})
        EXPECT_THAT(problems(value), HasSubstr("is too large")) << value;
    } else if (row.kind == quantity::count) {
      EXPECT_THAT(problems("-1"), HasSubstr("is negative"));
      EXPECT_THAT(problems("\"100\""), HasSubstr("write a whole number without quotes"));
    } else {
      EXPECT_THAT(problems("100"), HasSubstr("is a bare number; write a"));
      EXPECT_THAT(problems("\"100\""), HasSubstr("has no unit"));
    }
  }
}

struct bad_file {
  std::string text;
  std::string problem; ///< part of one line of the answer
};

TEST(cluster_file, refuses_with_file_line_and_key) {
  const bad_file cases[] = {
      {"[raft]\n\nheartbeat = 50\n",
       "c.toml:3: raft.heartbeat: is a bare number; write a time with its unit"},
      {"[raft]\nheartbeat = \"50\"\n", "c.toml:2: raft.heartbeat: \"50\" has no unit"},
      {"[storage]\nsegment_bytes = \"64MB\"\n",
       "c.toml:2: storage.segment_bytes: \"64MB\" has an unknown unit"},
      {"[raft]\nheartbeet = \"50ms\"\n",
       "c.toml:2: raft.heartbeet: there is no such key; did you mean \"heartbeat\"?"},
      {"[raft]\nbanana = 1\n", "c.toml:2: raft.banana: there is no such key"},
      {"[rafd]\n", "c.toml:1: rafd: there is no such table; did you mean \"raft\"?"},
      {"[Raft]\n", "c.toml:1: Raft: there is no such table; did you mean \"raft\"?"},
      {"[nodes]\n", "c.toml:1: nodes: there is no such table; did you mean \"node\"?"},
      {"heartbeat = \"50ms\"\n", "c.toml:1: heartbeat: does not belong here but in [raft]"},
      {"[limits]\nheartbeat = \"50ms\"\n", "c.toml:2: limits.heartbeat: does not belong here but in [raft]"},
      {"[storage]\ndata_dir = \"d\"\n", "c.toml:2: storage.data_dir: does not belong here but in [[node]]"},
      {"[storage]\nsync = false\n", "c.toml:2: storage.sync: an acknowledged write is always synced"},
      {"[storage]\nsync = true\n", "c.toml:2: storage.sync: an acknowledged write is always synced"},
      {"[storage]\nfsync = false\n", "always synced"},
      {"[limits]\nsessions = 5\n", "c.toml:2: limits.sessions: bounds of sessions"},
      {"raft = 5\n", "c.toml:1: raft: is a bare number; write a table, [raft]"},
      {"[[raft]]\ntick = \"10ms\"\n", "c.toml:1: raft: is an array; write a table, [raft]"},
      {"[node]\nid = \"a\"\n", "write [[node]] in double brackets"},
      {"node = [1, 2]\n", "write [[node]] in double brackets"},
      {"node = \"n1\"\n", "write [[node]] in double brackets"},
      {"[[node]]\n", "c.toml:1: node: has no id"},
      {"[[node]]\n", "c.toml:1: node: has no peer"},
      {"[[node]]\n", "c.toml:1: node: has no http"},
      {"[[node]]\n", "c.toml:1: node: has no data_dir"},
      {"[[node]]\nid = 1\n", "c.toml:2: node.id: is a bare number; write text in quotes"},
      {"[[node]]\nid = \"\"\n", "c.toml:2: node.id: \"\" is not a name"},
      {"[[node]]\nid = \"a b\"\n", "c.toml:2: node.id: \"a b\" is not a name"},
      {"[[node]]\nid = \"../n\"\n", "is not a name"},
      {"[[node]]\nid = \".\"\n", "is not a name"},
      {"[[node]]\nid = \"" + std::string(65, 'a') + "\"\n", "is not a name"},
      {"[[node]]\npeer = \"127.0.0.1\"\n", "c.toml:2: node.peer: \"127.0.0.1\" has no port"},
      {"[[node]]\nhttp = \"127.0.0.1:99999\"\n", "c.toml:2: node.http: \"99999\" is not a port"},
      {"[[node]]\nhttp = 8000\n", "c.toml:2: node.http: is a bare number"},
      {"[[node]]\ndata_dir = \"\"\n", "c.toml:2: node.data_dir: is empty"},
      {"[[node]]\ndata_dir = \"a\\u0000b\"\n", "c.toml:2: node.data_dir: \"a?b\" has control characters"},
      {"[[node]]\ndata_dir = \"a\\nb\"\n", "has control characters"},
      {"[[node]]\ndata_dir = \"" + std::string(4097, 'a') + "\"\n", "is longer than 4096 bytes"},
      {"[[node]]\npear = \"x\"\n", "c.toml:2: node.pear: there is no such key; did you mean \"peer\"?"},
      {"[cluster]\nname = \"\"\n", "c.toml:2: cluster.name: \"\" is not a name"},
      {"[cluster]\nnmae = \"a\"\n", "did you mean \"name\"?"},
      {"[log]\nlevel = \"debgu\"\n",
       "c.toml:2: log.level: \"debgu\" is not a log level; use trace, debug, info, "
       "warn or error (did you mean \"debug\"?)"},
      {"[log]\nlevel = \"INFO\"\n", "did you mean \"info\"?"},
      {"[log]\nfile = true\n", "c.toml:2: log.file: is true or false; write text"},
      {"[tls]\n",
       "c.toml:1: tls: has no certificate; certificate, key and ca belong together, all three or none"},
      {"[tls]\ncertificate = \"a\"\nkey = \"b\"\n", "c.toml:1: tls: has no ca"},
      {"[tls]\ncertificate = \"a\"\nca = \"b\"\n", "c.toml:1: tls: has no key"},
      {"[tls]\ncertificate = \"a\"\nkey = \"b\"\nca = \"\"\n", "c.toml:4: tls.ca: is empty"},
      {"[tls]\ncertificate = \"a\"\nkey = \"b\"\nca = 5\n", "c.toml:4: tls.ca: is a bare number"},
      {"[tls]\nceritficate = \"a\"\n", "did you mean \"certificate\"?"},
      {"a = \n", "c.toml:1: not TOML: "},
      {"[raft]\ntick = \"10ms\"\ntick = \"20ms\"\n", "c.toml:3: not TOML: "},
      {"[raft\n", "not TOML: "},
      {"[=]\n", "c.toml:1: not TOML: "},
      {"[raft]\n\n[[[a]]]\ntick = 1\n", "c.toml:3: not TOML: "},
      {"[cluster]\n[ .a]", "c.toml:2: not TOML: "},
      {"[", "c.toml:1: not TOML: "},
      {"\xff\xfe", "not TOML: "},
      {std::string("[raft]\0", 7), "not TOML: "},
  };
  for (const auto& [text, problem] : cases) {
    const auto parsed = parse_cluster(text, "c.toml");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, errc::invalid_argument);
    EXPECT_THAT(parsed.error().detail, HasSubstr(problem)) << text;
  }
}

TEST(cluster_file, reports_all_problems_in_the_order_of_the_file) {
  EXPECT_EQ(
      problems_of("[storage]\n"
                  "segment_bytes = 5\n"
                  "[raft]\n"
                  "tick = \"0ms\"\n"
                  "zebra = 1\n"
                  "heartbeat = \"5\"\n"
                  "[apple]\n"),
      "c.toml:2: storage.segment_bytes: is a bare number; write a size with its unit in quotes, such as "
      "\"64MiB\"\n"
      "c.toml:4: raft.tick: 0ms is out of range; it has to be from 1ms to 1s\n"
      "c.toml:5: raft.zebra: there is no such key\n"
      "c.toml:6: raft.heartbeat: \"5\" has no unit; write a time such as \"150ms\", \"2s\" or \"5m\"\n"
      "c.toml:7: apple: there is no such table");
}

TEST(cluster_file, reports_a_bounded_number_of_problems) {
  std::string text = "[raft]\n";
  for (int i = 0; i < 500; ++i)
    text += "key" + std::to_string(i) + " = 1\n";
  const auto problems = problems_of(text);
  EXPECT_EQ(std::count(problems.begin(), problems.end(), '\n'), 50);
  EXPECT_THAT(problems, HasSubstr("\nand 450 more"));
}

TEST(cluster_file, has_a_bound_for_nodes) {
  std::string text;
  for (int i = 0; i < 16; ++i) {
    const auto n = std::to_string(i);
    text += "[[node]]\nid = \"n" + n + "\"\npeer = \"127.0.0.1:" + std::to_string(7000 + i) +
            "\"\nhttp = \"127.0.0.1:" + std::to_string(8000 + i) + "\"\ndata_dir = \"d/" + n + "\"\n";
  }
  EXPECT_EQ(problems_of(text), "c.toml:1: node: there are 16 nodes; a cluster has at most 15");
  EXPECT_EQ(problems_of(text.substr(0, text.rfind("[[node]]"))), "");
}

TEST(cluster_file, tls_is_read_as_written) {
  const auto parsed =
      parse_cluster("[tls]\ncertificate = \"{node}.pem\"\nkey = \"k\"\nca = \"c\"\n", "c.toml");
  ASSERT_TRUE(parsed) << parsed.error().detail;
  EXPECT_EQ(parsed->tls, (tls_settings{"{node}.pem", "k", "c"}));
}

TEST(cluster_file, is_read_from_disk_whole_or_not_at_all) {
  namespace fs = std::filesystem;
  const auto folder = fs::path(::testing::TempDir()) / "troupe_config_read_file";
  fs::create_directories(folder);
  const auto path = (folder / "c.toml").string();
  std::ofstream(path, std::ios::binary) << three_nodes;
  EXPECT_EQ(read_file(path).value(), three_nodes);
  EXPECT_EQ(read_file((folder / "absent.toml").string()).error().code, errc::not_found);
  EXPECT_THAT(read_file(folder.string()).error().detail, HasSubstr("is not a regular file"));
  EXPECT_EQ(read_file("/dev/zero").error().code, errc::io_error);
  std::ofstream(path, std::ios::binary) << std::string(file_bytes_max, ' ');
  EXPECT_TRUE(read_file(path));
  std::ofstream(path, std::ios::binary) << std::string(file_bytes_max + 1, ' ');
  EXPECT_EQ(read_file(path).error().code, errc::too_large);
  fs::remove_all(folder);
  EXPECT_THAT(problems_of(std::string(file_bytes_max + 1, ' ')), HasSubstr("c.toml: is longer than 1MiB"));
}

} // namespace
} // namespace troupe::config
