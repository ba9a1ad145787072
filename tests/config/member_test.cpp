// Names and addresses of nodes, as everything that takes one from a person checks them.

#include "config/member.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::config {
namespace {

TEST(member_names, are_those_of_a_cluster_file) {
  for (const auto& fine : {std::string{"n1"}, std::string{"0"}, std::string{"a.b_c-d"}, std::string(64, 'n')})
    EXPECT_EQ(*parse_node_id(fine), node_id{fine});
  for (const auto& bad :
       {std::string{}, std::string{"a b"}, std::string{"-n"}, std::string{"n/1"}, std::string{"\xc3\xbc"},
        std::string{"n\0", 2}, std::string(65, 'n'), std::string(1 << 20, 'n')}) {
    auto parsed = parse_node_id(bad);
    ASSERT_FALSE(parsed);
    EXPECT_NE(parsed.error().detail.find("1 to 64 letters"), std::string::npos) << parsed.error().detail;
    EXPECT_LT(parsed.error().detail.size(), 300u) << "a sentence, however long the name";
  }
}

TEST(member_addresses, can_be_dialled_and_have_one_spelling) {
  EXPECT_EQ(parse_peer_address("LOCALHOST:7000")->to_string(), "127.0.0.1:7000");
  EXPECT_EQ(parse_peer_address("[0:0::1]:7000")->to_string(), "[::1]:7000");
  for (auto* bad : {"", "host", "host:0", "host:65536", ":7000", "0.0.0.0:7000", "[::]:7000", "a b:7000"})
    EXPECT_FALSE(parse_peer_address(bad)) << bad;
}

TEST(member_addresses, of_one_node_do_not_meet) {
  const auto apart = [](const char* peer, const char* http) {
    return static_cast<bool>(check_apart(*parse_address(peer), *parse_address(http)));
  };
  EXPECT_TRUE(apart("10.0.0.1:7000", "10.0.0.1:8000"));
  EXPECT_TRUE(apart("10.0.0.1:7000", "10.0.0.2:7000"));
  EXPECT_FALSE(apart("10.0.0.1:7000", "10.0.0.1:7000"));
  EXPECT_FALSE(apart("127.0.0.1:7000", "0.0.0.0:7000"));
}

} // namespace
} // namespace troupe::config
