#include "config/load.hpp"

#include "base/assert.hpp"
#include "config/draft.hpp"
#include "config/start_line.hpp"

#include <algorithm>

namespace troupe::config {
namespace {

std::string with_node_id(std::string path, const node_id& id) {
  constexpr std::string_view mark = "{node}";
  for (auto at = path.find(mark); at != std::string::npos; at = path.find(mark, at + id.name.size()))
    path.replace(at, mark.size(), id.name);
  return path;
}

std::vector<std::string> notices_about(const node_config& node) {
  std::vector<std::string> notices;
  const auto count = node.members.size();
  if (count % 2 == 0)
    notices.push_back(std::to_string(count) + " nodes survive the loss of no more nodes than " +
                      std::to_string(count - 1) + " do; an odd number is the better choice");
  if (!is_loopback(node.http.host))
    notices.push_back(
        "HTTP listens on " + node.http.to_string() +
        " without encryption or authentication: whoever reaches it reads and writes everything");
  return notices;
}

/// Precondition: the draft has no problems, so every field of a node of the file and of this one is there.
node_config build(const draft& all, std::size_t self) {
  node_config out;
  static_cast<settings&>(out) = all.shared;
  out.cluster_name = all.cluster_name;
  out.source = all.file;
  const auto& own = all.nodes.at(self);
  TROUPE_ASSERT(own.id && own.peer && own.http && own.data_dir, "a node without problems is complete");
  out.id = *own.id;
  out.peer = *own.peer;
  out.http = *own.http;
  out.data_dir = *own.data_dir;
  for (const auto& node : all.nodes)
    out.members.push_back({node.id, node.peer.value(), node.http.value()});
  std::ranges::sort(out.members, {}, &member::peer);
  if (out.tls) {
    out.tls->certificate = with_node_id(out.tls->certificate, out.id);
    out.tls->key = with_node_id(out.tls->key, out.id);
    out.tls->ca = with_node_id(out.tls->ca, out.id);
  }
  out.notices = notices_about(out);
  return out;
}

} // namespace

std::vector<address> node_config::peer_addresses() const {
  std::vector<address> out;
  for (const auto& m : members)
    out.push_back(m.peer);
  return out;
}

std::vector<member> node_config::others() const {
  std::vector<member> out;
  std::ranges::copy_if(members, std::back_inserter(out), [&](const member& m) { return m.peer != peer; });
  return out;
}

result<cluster_config> parse_cluster(std::string_view text, std::string_view file) {
  draft all;
  if (read_toml(text, file, all)) cross_check(all);
  if (!all.problems.empty()) return all.problems.to_error();
  cluster_config out;
  static_cast<settings&>(out) = all.shared;
  out.name = all.cluster_name;
  for (const auto& node : all.nodes)
    out.nodes.push_back({node.id.value(), node.peer.value(), node.http.value(), node.data_dir.value()});
  return out;
}

result<node_config> load_node(const start_arguments& flags, const environment& env, const file_reader& read) {
  draft all;
  if (flags.config) {
    const auto text = read(*flags.config);
    if (!text) return error{text.error().code, "--config: " + text.error().detail};
    if (!read_toml(*text, *flags.config, all)) return all.problems.to_error();
  }
  std::optional<std::size_t> self = 0;
  if (all.lists_nodes)
    self = select_file_node(flags, env, all);
  else
    add_start_line_nodes(flags, env, all);
  if (flags.log_level) {
    if (const auto level = parse_log_level(*flags.log_level))
      all.shared.log.level = *level;
    else
      all.problems.add({"--log-level"}, level.error().detail);
  }
  cross_check(all);
  if (!all.problems.empty()) return all.problems.to_error();
  if (flags.join && all.nodes.size() == 1) {
    all.problems.add({"--join"}, "needs the address of a member of the cluster: in the file, or by --peers");
    return all.problems.to_error();
  }
  auto out = build(all, self.value());
  out.join = flags.join;
  return out;
}

} // namespace troupe::config
