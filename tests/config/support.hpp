#pragma once

// What the tests of the configuration share: a cluster file with parts to swap, and a start in one line.

#include "config/load.hpp"

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

namespace troupe::config::testing {

inline const std::string three_nodes = R"([[node]]
id = "n1"
peer = "127.0.0.1:7000"
http = "127.0.0.1:8000"
data_dir = "d/n1"
[[node]]
id = "n2"
peer = "127.0.0.1:7001"
http = "127.0.0.1:8001"
data_dir = "d/n2"
[[node]]
id = "n3"
peer = "127.0.0.1:7002"
http = "127.0.0.1:8002"
data_dir = "d/n3"
)";

/// The error lines of a cluster file called "c.toml", or "" when it is fine.
inline std::string problems_of(const std::string& text) {
  const auto parsed = parse_cluster(text, "c.toml");
  return parsed ? std::string{} : parsed.error().detail;
}

/// A start without a real environment or disk: variables and files are what the test says.
struct start {
  start_arguments flags;
  std::map<std::string, std::string> variables;
  std::map<std::string, std::string> files;

  result<node_config> load() const {
    const auto env = [this](const std::string& name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      return found == variables.end() ? std::nullopt : std::optional{found->second};
    };
    const auto read = [this](const std::string& path) -> result<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return error{errc::not_found, path + ": there is no such file"};
      return found->second;
    };
    return load_node(flags, env, read);
  }

  std::string problems() const {
    const auto loaded = load();
    return loaded ? std::string{} : loaded.error().detail;
  }
};

/// The text of a file of the checkout.
inline std::string checkout_file(const std::string& path) {
  const char* root = std::getenv("TROUPE_SOURCE_DIR");
  std::ifstream in(std::string(root ? root : ".") + "/" + path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? text.str() : std::string{};
}

} // namespace troupe::config::testing
