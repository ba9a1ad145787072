#include "config/start_line.hpp"

#include "config/text.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>

namespace troupe::config {
namespace {

constexpr std::uint16_t http_port_default = 8000;
/// The peer port is the HTTP port less this, unless given.
constexpr std::uint16_t peer_port_distance = 1000;

/// What was typed, and where.
struct given {
  std::string text;
  origin where;
};

std::optional<given> pick(const std::optional<std::string>& flag, std::string_view flag_name,
                          const environment& env, const std::string& variable) {
  if (flag) return given{*flag, {std::string(flag_name)}};
  if (env)
    if (auto value = env(variable)) return given{*std::move(value), {variable}};
  return std::nullopt;
}

template <class Parse>
auto parsed(const std::optional<given>& value, Parse parse, draft& into) {
  std::optional<typename decltype(parse(std::string_view{}))::value_type> out;
  if (!value) return out;
  if (auto good = parse(std::string_view{value->text}); good)
    out = *std::move(good);
  else
    into.problems.add(value->where, good.error().detail);
  return out;
}

error invalid(std::string detail) {
  return {errc::invalid_argument, std::move(detail)};
}

result<std::uint16_t> peer_port_of(std::uint16_t http_port) {
  if (http_port > peer_port_distance) return static_cast<std::uint16_t>(http_port - peer_port_distance);
  return invalid("the peer port is the HTTP port - 1000, and " + std::to_string(http_port) + " leaves none");
}

/// The peer port of another node: what "?peer_port=" says, or what follows from its HTTP port.
result<std::uint16_t> peer_port_in(const boost::urls::url_view& url, std::uint16_t http_port) {
  if (!url.has_query()) {
    const auto port = peer_port_of(http_port);
    return port ? port : invalid("needs \"?peer_port=PORT\" (" + port.error().detail + ")");
  }
  const auto query = url.params();
  if (query.size() != 1 || (*query.begin()).key != "peer_port")
    return invalid("has a query other than peer_port=PORT");
  const auto port = parse_port((*query.begin()).value);
  return port ? port : invalid("has a wrong peer_port: " + port.error().detail);
}

/// "http://localhost:8001", "http://localhost:8001/?peer_port=7101" or "localhost:8001" -> both addresses of
/// another node.
result<draft_node> parse_peer(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return invalid(in_quotes(text) + " " + std::string(why) +
                   "; write the HTTP address of another node, such as \"http://localhost:8001\"");
  };
  if (text.empty()) return bad("is empty");
  const std::string full =
      text.find("://") == std::string_view::npos ? "http://" + std::string(text) : std::string(text);
  const auto url = boost::urls::parse_uri(full);
  if (!url) return bad("is not a URL");
  if (url->scheme() != "http") return bad("is not an http URL");
  if (url->has_userinfo() || url->has_fragment() || (url->encoded_path() != "" && url->encoded_path() != "/"))
    return bad("has more in it than host and port");
  if (!url->has_port() || url->port().empty()) return bad("has no port");

  const auto host = normalise_host(std::string_view{url->encoded_host()});
  if (!host) return host.error();
  const auto port = parse_port(std::string_view{url->port()});
  if (!port) return port.error();
  const auto peer_port = peer_port_in(*url, *port);
  if (!peer_port) return bad(peer_port.error().detail);
  draft_node node;
  node.http = address{*host, *port};
  node.peer = address{*host, *peer_port};
  return node;
}

std::vector<draft_node> parse_peers(const given& list, draft& into) {
  std::vector<draft_node> nodes;
  if (list.text.empty()) {
    into.problems.add(list.where, "is empty; leave it out for a single node");
    return nodes;
  }
  std::string_view rest = list.text;
  for (bool more = true; more;) {
    const auto comma = rest.find(',');
    more = comma != std::string_view::npos;
    auto item = rest.substr(0, comma);
    rest = more ? rest.substr(comma + 1) : std::string_view{};
    while (item.starts_with(' '))
      item.remove_prefix(1);
    while (item.ends_with(' '))
      item.remove_suffix(1);
    if (nodes.size() + 2 > cluster_config::nodes_max) {
      into.problems.add(list.where, "has too many nodes; a cluster has at most " +
                                        std::to_string(cluster_config::nodes_max));
      break;
    }
    auto node = parse_peer(item);
    if (!node) {
      into.problems.add(list.where, node.error().detail);
      continue;
    }
    node->self = node->peer_origin = node->http_origin = list.where;
    nodes.push_back(*std::move(node));
  }
  return nodes;
}

/// What the other nodes call this one. Loopback unless some peer is elsewhere: then it has to be an address
/// of this machine, which only --peer-host or --host can tell.
std::optional<std::string> own_peer_host(const start_arguments& flags, const std::string& http_host,
                                         const std::vector<draft_node>& peers, draft& into) {
  if (flags.peer_host) return parsed(given{*flags.peer_host, {"--peer-host"}}, normalise_host, into);
  const auto remote = std::ranges::find_if(peers, [](const auto& p) { return !is_loopback(p.peer->host); });
  if (remote == peers.end()) return "127.0.0.1";
  if (!is_wildcard(http_host) && !is_loopback(http_host)) return http_host;
  into.problems.add({"--peer-host"},
                    "is needed, since " + remote->peer->to_string() +
                        " is on another machine: name this machine as the other nodes see it");
  return std::nullopt;
}

std::optional<std::uint16_t> own_peer_port(const start_arguments& flags,
                                           const std::optional<std::uint16_t>& http_port,
                                           const origin& port_origin, draft& into) {
  if (flags.peer_port) return parsed(given{*flags.peer_port, {"--peer-port"}}, parse_port, into);
  if (!http_port) return std::nullopt;
  const auto port = peer_port_of(*http_port);
  if (port) return *port;
  into.problems.add(port_origin, port.error().detail + "; give --peer-port");
  return std::nullopt;
}

/// Drops peers that are this node itself, with a problem: what the user meant is then one node less than
/// written.
void refuse_self(const draft_node& self, std::vector<draft_node>& peers, draft& into) {
  const auto is_self = [&](const draft_node& p) { return self.peer && p.peer == self.peer; };
  for (const auto& p : peers)
    if (is_self(p))
      into.problems.add(p.http_origin, p.http->to_string() + " is this node itself; name only the others");
  std::erase_if(peers, is_self);
}

void override_own(const start_arguments& flags, const environment& env, draft& in, draft_node& node) {
  const auto host = flags.host ? std::optional<given>{{*flags.host, {"--host"}}} : std::nullopt;
  if (const auto name = parsed(host, normalise_host, in); name && node.http) {
    node.http->host = *name;
    node.http_origin = host->where;
  }
  const auto port = pick(flags.port, "--port", env, "DB_PORT");
  if (const auto number = parsed(port, parse_port, in); number && node.http) {
    node.http->port = *number;
    node.http_origin = port->where;
  }
  const auto folder = pick(flags.data_dir, "--data-dir", env, "DB_DATA_DIR");
  if (auto path = parsed(folder, parse_path, in)) {
    node.data_dir = *std::move(path);
    node.data_dir_origin = folder->where;
  }
}

std::string names_of(const draft& in) {
  std::string names;
  for (const auto& node : in.nodes)
    if (node.id) names += (names.empty() ? "" : ", ") + node.id->name;
  return printable(names);
}

/// The place of the node that the start line asks for among those of the file, or nothing and a problem.
std::optional<std::size_t> find_own(const start_arguments& flags, const environment& env, draft& in) {
  if (flags.node && flags.node_id) {
    in.problems.add({"--node-id"}, "and --node mean the same here; give only --node");
    return std::nullopt;
  }
  auto wanted = flags.node ? std::optional<given>{{*flags.node, {"--node"}}}
                           : pick(flags.node_id, "--node-id", env, "DB_NODE_ID");
  if (!wanted && in.nodes.size() != 1) {
    in.problems.add({"--node"}, "is needed: " + in.file + " has the nodes " + names_of(in));
    return std::nullopt;
  }
  const auto is_wanted = [&](const draft_node& n) { return !wanted || (n.id && n.id->name == wanted->text); };
  const auto found = std::ranges::find_if(in.nodes, is_wanted);
  if (found == in.nodes.end()) {
    in.problems.add(wanted->where,
                    "there is no node " + in_quotes(wanted->text) + "; " + in.file + " has " + names_of(in));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - in.nodes.begin());
}

} // namespace

void add_start_line_nodes(const start_arguments& flags, const environment& env, draft& into) {
  if (flags.node)
    into.problems.add({"--node"}, flags.config ? "the file lists no [[node]] to choose from; use --node-id"
                                               : "needs --config FILE; without a file, use --node-id");
  const auto port = pick(flags.port, "--port", env, "DB_PORT");
  const auto port_origin = port ? port->where : origin{"--port"};
  const auto port_number = port ? parsed(port, parse_port, into) : http_port_default;
  const auto host = flags.host ? std::optional<given>{{*flags.host, {"--host"}}} : std::nullopt;
  const auto host_name = host ? parsed(host, normalise_host, into) : std::string{"127.0.0.1"};
  const auto peer_list = pick(flags.peers, "--peers", env, "DB_PEERS");
  auto peers = peer_list ? parse_peers(*peer_list, into) : std::vector<draft_node>{};
  const auto id = pick(flags.node_id, "--node-id", env, "DB_NODE_ID");
  if (peer_list && !id)
    into.problems.add({"--node-id"},
                      "is needed beside --peers (or DB_NODE_ID): the nodes are told apart by it");
  const auto id_name = id ? parsed(id, parse_name, into) : std::string{"0"};
  const auto folder = pick(flags.data_dir, "--data-dir", env, "DB_DATA_DIR");
  const auto folder_path = parsed(folder, parse_path, into);

  draft_node self;
  self.self = self.http_origin = port_origin;
  if (id_name) self.id = node_id{*id_name};
  self.id_origin = id ? id->where : origin{"--node-id"};
  if (host_name && port_number) self.http = address{*host_name, *port_number};
  const auto peer_host = own_peer_host(flags, host_name.value_or("127.0.0.1"), peers, into);
  const auto peer_port = own_peer_port(flags, port_number, port_origin, into);
  if (peer_host && peer_port) self.peer = address{*peer_host, *peer_port};
  self.peer_origin = flags.peer_host   ? origin{"--peer-host"}
                     : flags.peer_port ? origin{"--peer-port"}
                                       : port_origin;
  self.data_dir_origin = folder ? folder->where : origin{"--data-dir"};
  if (folder_path)
    self.data_dir = folder_path;
  else if (!folder && port_number)
    self.data_dir = "./troupe-data/node-" + std::to_string(*port_number);

  refuse_self(self, peers, into);
  into.nodes.push_back(std::move(self));
  std::ranges::move(peers, std::back_inserter(into.nodes));
}

std::optional<std::size_t> select_file_node(const start_arguments& flags, const environment& env, draft& in) {
  constexpr std::string_view listed =
      "cannot be combined with a file that lists its nodes; the [[node]] tables say it";
  if (flags.peer_host) in.problems.add({"--peer-host"}, listed);
  if (flags.peer_port) in.problems.add({"--peer-port"}, listed);
  if (const auto peers = pick(flags.peers, "--peers", env, "DB_PEERS")) in.problems.add(peers->where, listed);
  const auto own = find_own(flags, env, in);
  // What is wrong with the overrides is said even when there is no node to override.
  draft_node nobody;
  override_own(flags, env, in, own ? in.nodes.at(*own) : nobody);
  return own;
}

} // namespace troupe::config
