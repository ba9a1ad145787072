// Flags and environment variables, one a line: host, port, peer host, peer port, node id, peers, data folder,
// log level, DB_PORT, DB_DATA_DIR, DB_NODE_ID, DB_PEERS, a time, a size, an address. An empty line: not
// given.

#include "config/address.hpp"
#include "config/load.hpp"
#include "config/units.hpp"
#include "tests/fuzzing/pieces.hpp"
#include "tests/fuzzing/target.hpp"

#include <array>
#include <map>
#include <sstream>

namespace troupe::fuzzing {

namespace {

void run_units(std::string_view time, std::string_view size, std::string_view place) {
  if (auto t = config::parse_duration(time)) {
    auto again = config::parse_duration(config::format_duration(*t));
    require(again && *again == *t, "a time that is written can be read");
  }
  if (auto s = config::parse_size(size)) {
    auto again = config::parse_size(config::format_size(*s));
    require(again && *again == *s, "a size that is written can be read");
  }
  if (auto a = config::parse_address(place)) {
    auto again = config::parse_address(a->to_string());
    require(again && *again == *a, "an address has one spelling");
    require(!config::dials(*a, *a), "nobody dials itself");
  }
}

void run(std::string_view input) {
  pieces in{input};
  config::start_arguments flags;
  for (auto flag : {&flags.host, &flags.port, &flags.peer_host, &flags.peer_port, &flags.node_id,
                    &flags.peers, &flags.data_dir, &flags.log_level})
    if (auto text = in.line(); !text.empty()) *flag = text;
  std::map<std::string, std::string> variables;
  for (auto name : {"DB_PORT", "DB_DATA_DIR", "DB_NODE_ID", "DB_PEERS"})
    if (auto text = in.line(); !text.empty()) variables[name] = text;
  const auto environment = [&](const std::string& name) -> std::optional<std::string> {
    auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional{found->second};
  };
  const auto no_file = [](const std::string& path) -> result<std::string> {
    return error{errc::not_found, path};
  };
  if (const auto node = config::load_node(flags, environment, no_file)) {
    require(!config::describe(*node).empty(), "a configuration can be shown");
    require(node->others().size() + 1 == node->members.size(), "a node is one of the members");
  } else {
    std::istringstream lines(node.error().detail);
    for (std::string line; std::getline(lines, line);)
      require(line.starts_with("--") || line.starts_with("DB_") || line.starts_with("and "),
              "a line says where");
  }
  auto time = in.line();
  auto size = in.line();
  run_units(time, size, in.rest());
}

} // namespace

constinit const target start_line{"start_line", run};

} // namespace troupe::fuzzing
