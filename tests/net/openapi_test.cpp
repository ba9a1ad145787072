// /openapi.json says what the route table does, and every reference in it leads somewhere.

#include "command/health.hpp"
#include "net/docs_ui.hpp"
#include "net/http_routes.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace troupe::net {
namespace {

namespace json = boost::json;

json::value document() {
  return json::parse(find_embedded_file("openapi.json")->bytes);
}

std::string method_name(http_method method) {
  switch (method) {
  case http_method::get: return "get";
  case http_method::put: return "put";
  case http_method::post: return "post";
  case http_method::del: return "delete";
  default: return "?";
  }
}

TEST(openapi, lists_exactly_the_documented_routes) {
  std::set<std::string> served;
  for (auto& route : routes())
    if (route.documented) served.insert(method_name(route.method) + " " + std::string{route.path});
  std::set<std::string> described;
  const auto root = document();
  for (auto& path : root.at("paths").as_object())
    for (auto& method : path.value().as_object())
      if (method.key() != "parameters")
        described.insert(std::string{method.key()} + " " + std::string{path.key()});
  EXPECT_EQ(described, served);
}

void check_references(const json::value& node, const json::value& root) {
  if (auto* object = node.if_object()) {
    if (auto* reference = object->if_contains("$ref")) {
      const std::string pointer{reference->as_string()};
      ASSERT_EQ(pointer.substr(0, 2), "#/");
      boost::system::error_code ec;
      EXPECT_NE(root.find_pointer(pointer.substr(1), ec), nullptr) << pointer;
    }
    for (auto& member : *object)
      check_references(member.value(), root);
  } else if (auto* array = node.if_array()) {
    for (auto& element : *array)
      check_references(element, root);
  }
}

TEST(openapi, has_no_dangling_references_and_unique_operations) {
  const auto root = document();
  check_references(root, root);
  std::set<std::string> names;
  for (auto& path : root.at("paths").as_object())
    for (auto& method : path.value().as_object())
      if (auto* operation = method.value().if_object()) {
        EXPECT_TRUE(names.insert(std::string{operation->at("operationId").as_string()}).second);
      }
}

TEST(openapi, names_every_state_of_a_member) {
  const auto root = document();
  const auto& state = root.at("components").at("schemas").at("Health").at("properties").at("members");
  std::set<std::string> described;
  for (auto& name : state.at("items").at("properties").at("state").at("enum").as_array())
    described.insert(std::string{name.as_string()});
  using enum member_state;
  std::set<std::string> said;
  for (auto each : {ok, behind, unreachable, catching_up, disk_full, unknown})
    said.insert(std::string{to_string(each)});
  EXPECT_EQ(described, said);
}

TEST(openapi, the_page_loads_only_files_that_are_there) {
  const std::string page{find_embedded_file("")->bytes};
  for (std::size_t at = page.find("\"/docs/"); at != std::string::npos; at = page.find("\"/docs/", at + 1)) {
    const auto name = page.substr(at + 7, page.find('"', at + 1) - at - 7);
    EXPECT_NE(find_embedded_file(name), nullptr) << name;
  }
  EXPECT_EQ(page.find("https://"), std::string::npos) << "the page must work without the internet";
}

} // namespace
} // namespace troupe::net
