// Text, JSON, targets and cursors: the small parts below the translation.

#include "net/http_cursor.hpp"
#include "net/http_json.hpp"
#include "net/http_target.hpp"
#include "net/http_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace troupe::net {
namespace {

TEST(http_text, knows_utf8_from_other_bytes) {
  for (std::string good :
       {"", "plain ascii longer than eight", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(good)) << good;
  for (std::string bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xfe", "a\xf0\x9f\x98"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(http_text, reads_numbers_strictly) {
  EXPECT_EQ(parse_u64("0"), 0u);
  EXPECT_EQ(parse_u64("18446744073709551615"), UINT64_MAX);
  for (auto bad : {"", "-0", "+1", " 1", "1 ", "0x1", "1.0", "1e3", "18446744073709551616"})
    EXPECT_FALSE(parse_u64(bad)) << bad;
}

TEST(http_text, escapes_what_json_needs_escaped) {
  std::string out;
  append_json_string(out, std::string_view{"a\"\\\n\r\t\0\x1f/\xe2\x82\xac", 12});
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\r\\t\\u0000\\u001f/\xe2\x82\xac\"");
  EXPECT_TRUE(check_json(out, 1));
}

TEST(http_json, bounds_depth_and_size) {
  EXPECT_TRUE(check_json(std::string(128, '[') + std::string(128, ']'), 128));
  EXPECT_FALSE(check_json(std::string(129, '[') + std::string(129, ']'), 128));
  EXPECT_FALSE(check_json(std::string(1'000'000, '['), 128));
  std::string many = "[";
  for (std::size_t i = 0; i < json_nodes_max; ++i)
    many += "0,";
  const auto read = read_json(many + "0]", 128);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().detail, "the body has too many elements");
}

TEST(http_json, accepts_what_rfc_8259_does) {
  for (auto good : {"0", "-0", "1e400", "-1E-400", "123456789012345678901234567890", "\"\\ud83d\\ude00\"",
                    " [ ] ", "{\"a\":1,\"a\":2}", "{\"\":null}"})
    EXPECT_TRUE(check_json(good, 16)) << good;
  for (auto bad : {"", " ", "01", "+1", ".5", "1.", "1e", "tru", "nul", "'a'", "{a:1}", "{\"a\"}", "[1,,2]",
                   "\"\x01\"", "\"\\x\"", "\"\\u12\"", "[1]]",
                   "\xef\xbb\xbf"
                   "1"})
    EXPECT_FALSE(check_json(bad, 16)) << bad;
}

TEST(http_target, decodes_segments_and_parameters_apart) {
  const auto target = parse_target("/v1/kv/a%2Fb%3F+?x=1+2%2B%26&y").value();
  EXPECT_EQ(target.segments, (std::vector<std::string>{"v1", "kv", "a/b?+"}));
  EXPECT_EQ(target.parameter("x"), "1 2+&");
  EXPECT_EQ(target.parameter("y"), "");
  EXPECT_FALSE(target.parameter("z"));
  EXPECT_EQ(parse_target("/v1/kv/..").value().segments.back(), "..");
}

TEST(http_cursor, comes_back_as_it_was) {
  const char* given = std::getenv("TROUPE_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("TROUPE_SEED=" + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto bytes = [&](std::size_t max) {
    std::string text(random() % (max + 1), '\0');
    for (auto& c : text)
      c = static_cast<char>(random());
    return text;
  };
  for (int i = 0; i < 500; ++i) {
    const range_cursor cursor{revision_t{random()}, bytes(40), bytes(40), random() % 2 == 0,
                              static_cast<std::uint32_t>(random())};
    auto text = write_cursor(cursor);
    EXPECT_EQ(read_cursor(text), cursor);
    const auto place = random() % text.size();
    const auto before = text[place];
    text[place] = static_cast<char>(random());
    EXPECT_EQ(read_cursor(text).has_value(), text[place] == before);
    EXPECT_FALSE(read_cursor(bytes(60)));
  }
}

} // namespace
} // namespace troupe::net
