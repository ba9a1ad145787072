// trouped: one node of a troupe.

#include "config/load.hpp"
#include "config/read_file.hpp"
#include "node/node.hpp"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace {

std::optional<std::string> from_environment(const std::string& name) {
  auto* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>{value} : std::nullopt;
}

} // namespace

int main(int argc, char** argv) {
  using troupe::exit_code;
  troupe::config::start_arguments flags;
  bool check_only = false;
  CLI::App app{
      "A node of a troupe: a replicated key-value store.\n"
      "Exit codes: 0 stopped cleanly, 2 refused to start, 3 the disk is in doubt, 4 internal failure."};
  app.set_version_flag("--version", TROUPE_VERSION);
  app.add_option("--config", flags.config, "cluster file (TOML)");
  app.add_option("--node", flags.node, "which [[node]] of the cluster file this process is");
  app.add_option("--host", flags.host, "address of the HTTP interface");
  app.add_option("--port", flags.port, "port of the HTTP interface");
  app.add_option("--peer-host", flags.peer_host, "address of the peer port");
  app.add_option("--peer-port", flags.peer_port, "peer port; the HTTP port - 1000 if not given");
  app.add_option("--node-id", flags.node_id, "id of this node, without a cluster file");
  app.add_option("--peers", flags.peers, "HTTP URLs of the other nodes, separated by commas");
  app.add_option("--data-dir", flags.data_dir, "folder for log and snapshots");
  app.add_option("--log-level", flags.log_level, "trace, debug, info, warn or error");
  app.add_flag("--join", flags.join,
               "with an empty data folder: wait to be added to the cluster of the other nodes");
  app.add_flag("--check-config", check_only, "say what was understood, and end");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(exit_code::refused);
  }
  auto config = troupe::config::load_node(flags, from_environment, troupe::config::read_file);
  if (!config) {
    std::fprintf(stderr, "trouped: %s\n", config.error().detail.c_str());
    return static_cast<int>(exit_code::refused);
  }
  if (check_only) {
    std::cout << troupe::config::describe(*config);
    return 0;
  }
  return static_cast<int>(troupe::run_node(*config, argv[0]));
}
