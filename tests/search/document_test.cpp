#include "search/document.hpp"

#include "search/json_scanner.hpp"
#include "search/utf8.hpp"
#include "tests/search/analysis_support.hpp"

#include <gtest/gtest.h>

namespace troupe::search {
namespace {

extracted of_json(std::string_view value) {
  return extract({"k", value, value_kind::json, {}});
}

/// "field=text" for each text, then "field:fact" for each fact.
std::vector<std::string> shown(const extracted& e) {
  std::vector<std::string> out;
  for (const auto& t : e.texts)
    out.push_back(t.field + "=" + t.text);
  for (const auto& f : e.facts) {
    if (f.what == field_fact::type::keyword) out.push_back(f.field + ":'" + f.keyword + "'");
    if (f.what == field_fact::type::boolean)
      out.push_back(f.field + ":" + (f.number == 1 ? "true" : "false"));
    if (f.what == field_fact::type::number) out.push_back(f.field + ":" + std::to_string(f.number));
  }
  return out;
}

using list = std::vector<std::string>;

TEST(extract, takes_a_text_as_it_is_and_nothing_of_bytes) {
  EXPECT_EQ(shown(extract({"k", "hello", value_kind::text, {}})), list{"=hello"});
  EXPECT_EQ(shown(extract({"k", "hello", value_kind::bytes, {}})), list{});
  EXPECT_EQ(shown(extract({"k", "", value_kind::text, {}})), list{});
  EXPECT_EQ(shown(extract({"k", {}, value_kind::json, {}})), list{});
  EXPECT_EQ(shown(extract({"k", "bad \xFF", value_kind::text, {}})), list{});
}

TEST(extract, names_the_strings_of_json_by_their_path) {
  EXPECT_EQ(
      shown(of_json(
          R"({"title":"A","author":{"name":"B","age":3,"tags":["x",["y"],{"z":"w"}]},"ok":true,"no":null})")),
      (list{"title=A", "author.name=B", "author.tags=x", "author.tags=y", "author.tags.z=w", "title:'A'",
            "author.name:'B'", "author.age:3.000000", "author.tags:'x'", "author.tags:'y'",
            "author.tags.z:'w'", "ok:true"}));
  EXPECT_EQ(shown(of_json(R"( "alone" )")), list{"=alone"});
  EXPECT_EQ(shown(of_json(R"(["a","b"])")), (list{"=a", "=b"}));
  EXPECT_EQ(shown(of_json("42")), list{});
  EXPECT_EQ(shown(of_json(R"({"a":{},"b":[],"c":"d","e":""})")), (list{"c=d", "c:'d'", "e:''"}));
}

TEST(extract, reads_escapes_and_numbers) {
  EXPECT_EQ(of_json(R"({"a":"q\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00"})").texts.at(0).text,
            "q\"\\/\b\f\n\r\t\u00E9\U0001F600");
  EXPECT_EQ(of_json(R"({"\u0061\"b":"c"})").texts.at(0).field, "a\"b");
  EXPECT_EQ(shown(of_json(R"({"a":[0,-1.5,2e3,1E-2,-0]})")),
            (list{"a:0.000000", "a:-1.500000", "a:2000.000000", "a:0.010000", "a:-0.000000"}));
  EXPECT_EQ(shown(of_json(R"({"a":1e999,"b":-1e999,"c":1})")), list{"c:1.000000"});
}

TEST(extract, yields_nothing_of_malformed_json) {
  const list bad{"",
                 "{",
                 "}",
                 "[1,]",
                 R"({"a":"x",})",
                 R"({"a" "b"})",
                 R"({"a":})",
                 R"({a:"b"})",
                 R"(["x")",
                 R"("x)",
                 R"("x\q")",
                 R"("\u12")",
                 R"("\ud800")",
                 R"("\ud800\u0041")",
                 R"("\udc00")",
                 "\"a\nb\"",
                 "01",
                 "1.",
                 ".5",
                 "+1",
                 "1e",
                 "nan",
                 "tru",
                 "nulll",
                 R"("a" "b")",
                 R"(["a"]])",
                 "[\"a\" 1]",
                 R"(["a"}])",
                 R"({"a":"b"]})",
                 "\"a\xFF\"",
                 "-",
                 "\xEF\xBB\xBF\"a\"",
                 "[\"a\",,\"b\"]",
                 "\"\\",
                 "{\"a\":\"b\",1:2}"};
  for (const auto& text : bad)
    EXPECT_EQ(shown(of_json(text)), list{}) << text;
}

TEST(extract, bounds_what_a_hostile_value_makes_of_itself) {
  // Deeper than is indexed, and as deep as a value can be; neither is recursion.
  auto nested = [](std::size_t depth) {
    std::string inside = R"({"a":"shallow","b":)";
    return inside + std::string(depth, '[') + "\"deep\"" + std::string(depth, ']') + ",\"c\":\"behind\"}";
  };
  EXPECT_EQ(of_json(nested(json_depth_max - 1)).texts.size(), 3U);
  EXPECT_EQ(of_json(nested(json_depth_max)).texts.size(), 2U);
  EXPECT_EQ(of_json(nested(1'000'000)).texts.size(), 2U);
  EXPECT_EQ(of_json(std::string(2'000'000, '[')).texts.size(), 0U);
  std::string objects;
  for (int i = 0; i < 100; ++i)
    objects += "{\"n\":";
  EXPECT_EQ(of_json(objects + "\"x\"" + std::string(100, '}')).texts.size(), 0U);

  EXPECT_EQ(of_json("{\"" + std::string(field_bytes_max + 1, 'n') + R"(":{"m":"x"},"o":"y"})").texts.size(),
            1U);
  EXPECT_EQ(of_json("{\"" + std::string(field_bytes_max, 'n') + R"(":"x"})").texts.size(), 1U);

  std::string fields = "{";
  for (std::size_t i = 0; i < fields_per_document_max + 50; ++i)
    fields += "\"f" + std::to_string(i) + "\":\"x\",";
  EXPECT_EQ(of_json(fields + R"("f0":"again"})").texts.size(), fields_per_document_max + 1);

  std::string array = R"({"a":["x")";
  for (std::size_t i = 0; i < parts_per_document_max + 50; ++i)
    array += R"(,"x")";
  const auto many = of_json(array + "]}");
  EXPECT_EQ(many.texts.size(), parts_per_document_max);
  EXPECT_EQ(many.facts.size(), parts_per_document_max);

  const auto longest = of_json(R"({"a":")" + std::string(keyword_bytes_max + 1, 'k') + "\"}");
  EXPECT_EQ(longest.texts.size(), 1U);
  EXPECT_EQ(longest.facts.size(), 0U);
}

TEST(extract, survives_any_bytes) {
  dice d{35};
  const std::string base = R"({"title":"A\u00e9","n":[1,2.5,{"x":true}],"s":"\ud83d\ude00"})";
  for (int round = 0; round < 20'000; ++round) {
    auto text = d.below(2) == 0 ? base : random_bytes(d, d.below(60), "{}[]\",:\\u0123eE+-.truefalsn ");
    for (auto n = d.below(4); n > 0 && !text.empty(); --n) {
      const auto at = d.below(text.size());
      if (d.below(2) == 0)
        text[at] = static_cast<char>(d.below(256));
      else
        text.erase(at, 1 + d.below(3));
    }
    const auto e = of_json(text);
    for (const auto& t : e.texts)
      ASSERT_TRUE(is_utf8(t.text) && is_utf8(t.field)) << testing::PrintToString(text);
  }
}

TEST(embeddable_text, joins_the_strings_of_a_value) {
  EXPECT_EQ(embeddable_text({"k", "as it is", value_kind::text, {}}), "as it is");
  EXPECT_EQ(embeddable_text({"k", R"({"a":"One","b":[2,"Two"],"c":{"d":"Three"}})", value_kind::json, {}}),
            "One. Two. Three");
  EXPECT_EQ(embeddable_text({"k", "raw", value_kind::bytes, {}}), "");
  EXPECT_EQ(embeddable_text({"k", "\xFF", value_kind::text, {}}), "");
  EXPECT_EQ(embeddable_text({"k", "{", value_kind::json, {}}), "");
}

TEST(json_number, is_strict) {
  for (const char* good : {"0", "-0", "10", "1.5", "-2e5", "1E+2", "0.0"})
    EXPECT_TRUE(is_json_number(good)) << good;
  for (const char* bad : {"", "-", "+1", "01", "1.", ".1", "1e", "inf", "nan", "0x1", "1 ", "1,5"})
    EXPECT_FALSE(is_json_number(bad)) << bad;
  EXPECT_EQ(json_number("2.5e1"), 25.0);
  EXPECT_EQ(json_number("1e400"), std::nullopt);
}

} // namespace
} // namespace troupe::search
