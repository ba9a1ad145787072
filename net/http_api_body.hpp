#pragma once

// JSON bodies of requests, for the families that take one. For net/http_api*.cpp only.

#include "net/http_api_detail.hpp"
#include "net/http_json.hpp"

#include <algorithm>
#include <array>

namespace troupe::net::api {

/// Refused inside a body: what is wrong, and where ("success[3].put").
inline error wrong(const std::string& where, std::string_view what) {
  return {errc::invalid_argument, where + ": " + std::string{what}};
}

/// The members of an object by name, null where one is missing. Refuses unknown and repeated names.
template <std::size_t N>
result<std::array<json_node*, N>> members(json_node& node, const std::array<std::string_view, N>& known,
                                          const std::string& where) {
  if (node.what != json_node::kind::object) return wrong(where, "must be an object");
  std::array<json_node*, N> found{};
  for (std::size_t i = 0; i < node.names.size(); ++i) {
    const auto& name = node.names[i];
    const auto place = std::find(known.begin(), known.end(), name);
    if (place == known.end()) return wrong(where, "\"" + name + "\" is not known here");
    auto& member = found[static_cast<std::size_t>(place - known.begin())];
    if (member) return wrong(where, "\"" + name + "\" is given twice");
    member = &node.children[i];
  }
  return found;
}

/// Headers, parameters and grammar of a JSON body.
/// The id of a node, as a cluster file may have it, in the field `name` of a body; null: it is not there.
or_response<node_id> id_in_body(const json_node* field, std::string_view name);

or_response<json_node> read_body(context& request, std::initializer_list<std::string_view> parameters);

} // namespace troupe::net::api
