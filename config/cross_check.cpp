// What only shows when one part of a configuration is held against another.

#include "config/draft.hpp"
#include "config/member.hpp"
#include "config/schema.hpp"
#include "config/text.hpp"

#include <algorithm>
#include <filesystem>
#include <vector>

namespace troupe::config {
namespace {

const setting& row_of(std::string_view key) {
  const auto dot = key.find('.');
  return *std::ranges::find_if(scalar_settings(), [&](const setting& s) {
    return s.section == key.substr(0, dot) && s.key == key.substr(dot + 1);
  });
}

std::string shown(const draft& all, std::string_view key) {
  const auto& row = row_of(key);
  return std::string(key) + " (" + format_quantity(row.kind, row.get(all.shared)) + ")";
}

/// Demands low * times <= high, or < when strict. The blame goes to the key that the file sets, the low one
/// if both. A key that is wrong in itself is not held against anything.
struct order {
  std::string_view low;
  std::string_view high;
  std::uint64_t times;
  bool strict;
  std::string_view why;
};

constexpr order orders[] = {
    {"raft.tick", "raft.heartbeat", 1, false, "a heartbeat is a number of ticks"},
    {"raft.heartbeat", "raft.election_timeout_min", 2, false,
     "one lost heartbeat must not start an election, so the time-out has to be at least twice the heartbeat"},
    {"raft.election_timeout_min", "raft.election_timeout_max", 1, true,
     "nodes wait a random time between the two, so that they do not all stand at once"},
    {"limits.key_bytes", "limits.command_bytes", 1, true, "a command carries its keys"},
    {"limits.command_bytes", "raft.uncommitted_bytes", 1, false, "the largest command has to fit"},
    {"limits.command_bytes", "limits.requests_in_flight_bytes", 1, false, "the largest command has to fit"},
    {"limits.value_bytes", "limits.http_body_bytes", 1, false, "the largest value has to fit in a body"},
    {"limits.http_body_bytes", "limits.requests_in_flight_bytes", 1, false, "the largest body has to fit"},
    {"raft.append_bytes", "raft.inflight_bytes", 1, false, "a message on its way counts as in flight"},
};

void check_orders(draft& all) {
  for (const auto& o : orders) {
    if (all.problems.blames(all.where(o.low)) || all.problems.blames(all.where(o.high))) continue;
    const auto low = row_of(o.low).get(all.shared) * o.times;
    const auto high = row_of(o.high).get(all.shared);
    if (o.strict ? low < high : low <= high) continue;
    const bool blame_low = all.set_at.contains(o.low);
    const auto factor = o.times > 1 ? std::to_string(o.times) + " times " : std::string{};
    const auto relation = o.strict ? " has to be less than " : " must not be more than ";
    all.problems.add(all.where(blame_low ? o.low : o.high),
                     factor + shown(all, o.low) + relation + shown(all, o.high) + ": " + std::string(o.why));
  }
}

void check_command_holds_value(draft& all) {
  // What a transaction with one put needs besides key and value.
  constexpr std::uint64_t frame_bytes = 256;
  const auto& l = all.shared.limits;
  const std::string_view keys[] = {"limits.value_bytes", "limits.key_bytes", "limits.command_bytes"};
  if (std::ranges::any_of(keys, [&](auto key) { return all.problems.blames(all.where(key)); })) return;
  if (l.key_bytes + l.value_bytes + frame_bytes <= l.command_bytes) return;
  const bool blame_value = all.set_at.contains(keys[0]);
  all.problems.add(all.where(keys[blame_value ? 0 : 2]),
                   shown(all, keys[0]) + " and " + shown(all, keys[1]) + " do not fit in " +
                       shown(all, keys[2]) + ", with " + std::to_string(frame_bytes) + " bytes to spare");
}

void check_whole_ticks(draft& all) {
  const auto tick = all.shared.raft.tick.count();
  if (all.problems.blames(all.where("raft.tick"))) return;
  for (std::string_view key : {"raft.heartbeat", "raft.election_timeout_min", "raft.election_timeout_max"}) {
    const auto time = row_of(key).get(all.shared);
    if (time % static_cast<std::uint64_t>(tick) == 0 || all.problems.blames(all.where(key))) continue;
    all.problems.add(all.where(all.set_at.contains(key) ? key : "raft.tick"),
                     shown(all, key) + " is not a whole number of ticks; " + shown(all, "raft.tick") +
                         " is the grain of all times in [raft]");
  }
}

/// The lease as raft/lease.hpp reckons it, with the two ticks that are not counted on.
void check_lease(draft& all) {
  const auto& r = all.shared.raft;
  if (!r.read_lease || all.problems.blames(all.where("raft.election_timeout_min"))) return;
  const auto promised = static_cast<double>((r.election_timeout_min - 2 * r.tick).count());
  if (promised / (1 + r.read_lease_drift) > static_cast<double>(r.heartbeat.count())) return;
  all.problems.add(all.where("raft.read_lease"),
                   "is no use: the lease ends two ticks before " + shown(all, "raft.election_timeout_min") +
                       ", less the drift, and would be over before the next heartbeat");
}

/// Which keys of [embedding] a maker has beside `maker`.
struct maker_key {
  std::string_view key;
  std::vector<embedding_maker> of;
  bool needed;
};

void check_embedding(draft& all) {
  using enum embedding_maker;
  const auto& e = all.shared.embedding;
  const std::string_view maker_at = "embedding.maker";
  if (all.problems.blames(all.where(maker_at))) return;
  const maker_key keys[] = {
      {"model_file", {builtin}, true},   {"name", {client, http}, true}, {"dimension", {client, http}, true},
      {"metric", {client, http}, false}, {"url", {http}, true},          {"api_key_file", {http}, false},
      {"timeout", {http}, false},        {"retries", {http}, false}};
  for (const auto& [key, of, needed] : keys) {
    const auto name = "embedding." + std::string(key);
    const bool set = all.set_at.contains(name);
    if (std::ranges::find(of, e.maker) != of.end()) {
      if (needed && !set)
        all.problems.add(all.where(maker_at), in_quotes(to_string(e.maker)) + " needs " + std::string(key));
    } else if (set && !all.problems.blames(all.where(name))) {
      std::string makers;
      for (const auto maker : of)
        makers += (makers.empty() ? "" : " or ") + in_quotes(to_string(maker));
      all.problems.add(all.where(name),
                       "belongs to maker = " + makers + ", and maker is " + in_quotes(to_string(e.maker)));
    }
  }
}

void check_search(draft& all) {
  const auto& s = all.shared.search;
  if (s.stop_words && s.language != "english" && !all.problems.blames(all.where("search.language")))
    all.problems.add(all.where("search.stop_words"),
                     "there is a list of stop words for \"english\" only, and "
                     "language is " +
                         in_quotes(s.language));
}

std::string name_of(const draft_node& node) {
  if (node.id) return "node " + in_quotes(node.id->name);
  return node.peer ? "node " + node.peer->to_string() : "another node";
}

bool same_machine(const draft_node& a, const draft_node& b) {
  return a.peer && b.peer && a.peer->host == b.peer->host;
}

void check_pair(draft& all, const draft_node& a, const draft_node& b) {
  const bool one_machine = same_machine(a, b);
  if (a.id && b.id && *a.id == *b.id)
    all.problems.add(b.id_origin, in_quotes(b.id->name) + " is the id of two nodes");
  const auto hold = [&](const std::optional<address>& x, const std::optional<address>& y, const origin& where,
                        std::string_view role) {
    if (x && y && collide(*x, *y, one_machine))
      all.problems.add(where,
                       y->to_string() + " is also the " + std::string(role) + " address of " + name_of(a));
  };
  hold(a.peer, b.peer, b.peer_origin, "peer");
  hold(a.http, b.peer, b.peer_origin, "HTTP");
  hold(a.peer, b.http, b.http_origin, "peer");
  hold(a.http, b.http, b.http_origin, "HTTP");
  if (!one_machine || !a.data_dir || !b.data_dir) return;
  const auto path = [](const std::string& dir) {
    return (std::filesystem::path(dir) / "").lexically_normal().string();
  };
  const auto p = path(*a.data_dir), q = path(*b.data_dir);
  if (p == q)
    all.problems.add(b.data_dir_origin, in_quotes(*b.data_dir) + " is also the data folder of " + name_of(a));
  else if (p.starts_with(q) || q.starts_with(p))
    all.problems.add(b.data_dir_origin, in_quotes(*b.data_dir) + " lies within the data folder of " +
                                            name_of(a) + ", or that within it");
}

void check_node(draft& all, const draft_node& node) {
  if (node.data_dir && std::filesystem::path(*node.data_dir).lexically_normal() == "/")
    all.problems.add(node.data_dir_origin, "is the root folder; give the node a folder of its own");
  if (node.peer && node.http)
    if (auto apart = check_apart(*node.peer, *node.http); !apart)
      all.problems.add(node.http_origin, apart.error().detail);
  if (!node.peer) return;
  if (auto dialable = check_dialable(*node.peer); !dialable) {
    all.problems.add(node.peer_origin, dialable.error().detail);
  } else if (!is_loopback(node.peer->host) && !all.shared.tls && !all.set_at.contains("tls")) {
    all.problems.add(node.peer_origin,
                     node.peer->to_string() +
                         " can be reached from other machines, and whoever speaks on a peer port "
                         "is trusted with everything: that needs [tls] with certificate, key and "
                         "ca (deploy/make-certificates makes them)");
  }
}

void check_reach(draft& all) {
  const auto loopback = [](const draft_node& n) { return n.peer && is_loopback(n.peer->host); };
  const auto remote = [](const draft_node& n) {
    return n.peer && !is_loopback(n.peer->host) && !is_wildcard(n.peer->host);
  };
  const auto other = std::ranges::find_if(all.nodes, remote);
  if (other == all.nodes.end()) return;
  for (const auto& node : all.nodes)
    if (loopback(node))
      all.problems.add(node.peer_origin, node.peer->to_string() + " is out of reach for " + name_of(*other) +
                                             " at " + other->peer->to_string() +
                                             "; use loopback for all nodes or for none");
}

} // namespace

void cross_check(draft& all) {
  check_orders(all);
  check_command_holds_value(all);
  check_whole_ticks(all);
  check_lease(all);
  check_search(all);
  check_embedding(all);
  for (std::size_t i = 0; i < all.nodes.size() && i < cluster_config::nodes_max; ++i) {
    check_node(all, all.nodes[i]);
    for (std::size_t j = 0; j < i; ++j)
      check_pair(all, all.nodes[j], all.nodes[i]);
  }
  check_reach(all);
}

} // namespace troupe::config
