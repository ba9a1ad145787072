#pragma once

// From start line, environment and cluster file to what one node needs.
// Order: flag, environment, file, default.
//
// Every error of every source is reported, not only the first: error::detail holds one line each:
//   cluster.toml:12: raft.heartbeat: "50" has no unit; write a time such as "150ms", "2s" or "5m"
//   DB_PORT: "eighty" is not a port; a port is a number from 1 to 65535
// The code is invalid_argument, or what the file reader answered.

#include "base/result.hpp"
#include "config/config.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace troupe::config {

/// The flags of `trouped` as they were typed, absent when they were not. Nothing is checked before load_node.
/// peer_host, peer_port, node_id and peers describe nodes, so they are refused beside a file that lists
/// nodes.
struct start_arguments {
  std::optional<std::string> config;    ///< --config FILE
  std::optional<std::string> node;      ///< --node ID: which [[node]] of FILE this process is
  std::optional<std::string> host;      ///< --host HOST of the HTTP interface
  std::optional<std::string> port;      ///< --port PORT of the HTTP interface
  std::optional<std::string> peer_host; ///< --peer-host HOST
  std::optional<std::string> peer_port; ///< --peer-port PORT; the default is the HTTP port - 1000
  std::optional<std::string> node_id;   ///< --node-id ID
  std::optional<std::string> peers;     ///< --peers URL,URL: the HTTP addresses of the other nodes
  std::optional<std::string> data_dir;  ///< --data-dir DIR
  std::optional<std::string> log_level; ///< --log-level LEVEL
  bool join = false;                    ///< --join: with an empty folder, wait to be added to a cluster
};

/// Answers the value of an environment variable, or nothing when it is not set.
using environment = std::function<std::optional<std::string>(const std::string& name)>;
/// Answers the text of a file; config/read_file.hpp has the real one.
using file_reader = std::function<result<std::string>(const std::string& path)>;

/// The text of a cluster file, parsed and checked. `file` is only for messages.
result<cluster_config> parse_cluster(std::string_view text, std::string_view file);

/// What this process is to be. Reads the environment's DB_PORT, DB_DATA_DIR, DB_NODE_ID and DB_PEERS,
/// and the file that --config names.
result<node_config> load_node(const start_arguments& flags, const environment& env, const file_reader& read);

/// What `trouped --check-config` prints: the node, its members, and each setting in the form of
/// the cluster file, with a mark where it differs from the default.
std::string describe(const node_config& config);

} // namespace troupe::config
