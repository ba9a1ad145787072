#include "config/address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::config {
namespace {

using ::testing::HasSubstr;

TEST(address, normalises_hosts) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"localhost", "127.0.0.1"},
      {"LOCALHOST", "127.0.0.1"},
      {"localhost.", "127.0.0.1"},
      {"127.0.0.1", "127.0.0.1"},
      {"10.1.2.3", "10.1.2.3"},
      {"Node-1.Example.ORG.", "node-1.example.org"},
      {"db_1", "db_1"},
      {"::1", "::1"},
      {"[::1]", "::1"},
      {"0:0:0:0:0:0:0:1", "::1"},
      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
      {"::ffff:127.0.0.1", "127.0.0.1"},
      {"[::ffff:10.0.0.1]", "10.0.0.1"},
      {"0.0.0.0", "0.0.0.0"},
      {"::", "::"},
      {"127.example.org", "127.example.org"},
      {"1a", "1a"},
  };
  for (const auto& [text, host] : cases) {
    const auto normal = normalise_host(text);
    ASSERT_TRUE(normal) << text << ": " << normal.error().detail;
    EXPECT_EQ(*normal, host);
    EXPECT_EQ(*normalise_host(*normal), host) << "normalising twice changes nothing";
  }
}

TEST(address, refuses_what_is_no_host) {
  const std::string long_label(64, 'a');
  std::string long_name;
  for (int i = 0; i < 130; ++i)
    long_name += "a.";
  const std::string_view cases[] = {
      "",
      ".",
      "..",
      "a..b",
      "-a",
      "a-",
      "a b",
      " a",
      "a/b",
      "a:b",
      "a@b",
      "*",
      "300.1.1.1",
      "1.2.3",
      "127.1",
      "2130706433",
      "0x7f.1",
      "0x7f000001",
      "010.0.0.1",
      "1.2.3.4.5",
      "[",
      "[]",
      "[127.0.0.1]",
      "[::1",
      "::1]",
      "fe80::1%eth0",
      ":::",
      "1::2::3",
      "a\nb",
      "caf\xc3\xa9",
      "a,b",
      "http://a",
      long_label,
      long_name,
  };
  for (auto text : cases)
    EXPECT_FALSE(normalise_host(text)) << text;
  EXPECT_FALSE(normalise_host(std::string_view("a\0b", 3)));
  EXPECT_FALSE(normalise_host(std::string_view("127.0.0.1\0", 10)));
}

TEST(address, reads_and_writes) {
  const std::tuple<std::string_view, std::string_view, int, std::string_view> cases[] = {
      {"localhost:8000", "127.0.0.1", 8000, "127.0.0.1:8000"},
      {"127.0.0.1:1", "127.0.0.1", 1, "127.0.0.1:1"},
      {"DB.example.org:65535", "db.example.org", 65535, "db.example.org:65535"},
      {"[::1]:7000", "::1", 7000, "[::1]:7000"},
      {"[2001:db8::1]:80", "2001:db8::1", 80, "[2001:db8::1]:80"},
      {"[::ffff:1.2.3.4]:80", "1.2.3.4", 80, "1.2.3.4:80"},
  };
  for (const auto& [text, host, port, written] : cases) {
    const auto parsed = parse_address(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().detail;
    EXPECT_EQ(parsed->host, host);
    EXPECT_EQ(parsed->port, port);
    EXPECT_EQ(parsed->to_string(), written);
    EXPECT_EQ(*parse_address(written), *parsed);
  }
}

TEST(address, says_what_is_wrong_with_an_address) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "has no port"},
      {"localhost", "has no port"},
      {"[::1]", "has no port"},
      {":8000", "has no host"},
      {"::1:8000", "in brackets"},
      {"::1", "in brackets"},
      {"localhost:", "is not a port"},
      {"localhost:0", "is not a port"},
      {"localhost:65536", "is not a port"},
      {"localhost:4294967376", "is not a port"},
      {"localhost:99999999999999999999", "is not a port"},
      {"localhost:-1", "is not a port"},
      {"localhost:+80", "is not a port"},
      {"localhost:80x", "is not a port"},
      {"localhost: 80", "is not a port"},
      {"localhost:http", "is not a port"},
      {"http://localhost:80", "ambiguous"},
      {"a b:80", "neither an IP address nor a host name"},
      {"[a]:80", "is not an IPv6 address"},
  };
  for (const auto& [text, part] : cases) {
    const auto parsed = parse_address(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_THAT(parsed.error().detail, HasSubstr(part)) << text;
  }
}

TEST(address, loopback_and_wildcard) {
  for (auto host : {"127.0.0.1", "127.255.0.9", "::1"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (auto host :
       {"10.0.0.1", "0.0.0.0", "::", "128.0.0.1", "127.example.org", "::2", "localhost.evil.org", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
  EXPECT_TRUE(is_wildcard("0.0.0.0"));
  EXPECT_TRUE(is_wildcard("::"));
  EXPECT_FALSE(is_wildcard("127.0.0.1"));
}

TEST(address, of_two_nodes_exactly_one_dials) {
  const address nodes[] = {
      {"127.0.0.1", 7000}, {"127.0.0.1", 7001},    {"10.0.0.1", 7000}, {"10.0.0.2", 7000},
      {"::1", 7000},       {"db.example.org", 80}, {"10.0.0.9", 9},
  };
  for (const auto& a : nodes) {
    EXPECT_FALSE(dials(a, a));
    for (const auto& b : nodes) {
      if (a != b) {
        EXPECT_NE(dials(a, b), dials(b, a)) << a.to_string() << " " << b.to_string();
      }
    }
  }
}

TEST(address, the_smaller_port_dials_and_then_the_smaller_host) {
  EXPECT_TRUE(dials({"z", 7000}, {"a", 7001}));
  EXPECT_FALSE(dials({"a", 7001}, {"z", 7000}));
  EXPECT_TRUE(dials({"10.0.0.1", 7000}, {"10.0.0.2", 7000}));
  EXPECT_TRUE(dials({"a", 999}, {"a", 7000})) << "ports compare as numbers";
}

TEST(address, spelling_does_not_decide_who_dials) {
  EXPECT_FALSE(dials({"localhost", 7000}, {"127.0.0.1", 7000}));
  EXPECT_FALSE(dials({"127.0.0.1", 7000}, {"LOCALHOST", 7000}));
  EXPECT_EQ(dials({"localhost", 7000}, {"a.org", 7000}), dials({"127.0.0.1", 7000}, {"A.ORG.", 7000}));
}

} // namespace
} // namespace troupe::config
