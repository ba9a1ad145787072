#pragma once

// What the two files of the formation actor share: formation.cpp is about this node's own folder,
// formation_peers.cpp about the nodes that connect once it belongs to a cluster.

#include "actors/formation.hpp"

#include <string>

namespace troupe::formation_detail {

using self_pointer = formation_actor::stateful_pointer<formation_actor_state>;

inline constexpr std::int64_t hello_period_ms = 1'000;

// formation.cpp
void send(self_pointer self, const std::string& address, raft::formation_message m);
void greet(self_pointer self, const std::string& address);
void refuse_to_start(self_pointer self, const std::string& why);
/// This node was removed: its folder is marked as of no use, and the node stops.
void stop_removed(self_pointer self, const membership& without);
/// Says a refusal, of either direction, when it is news.
void say_refusal(self_pointer self, const std::string& address, const std::string& sentence);
/// Tells the keeper to which addresses there are to be links.
void want_links(self_pointer self);

// formation_peers.cpp; the cluster has formed
void check_peer(self_pointer self, const std::string& address, const raft::formation_message& m);
/// The link is down, or leads to another process: the node there has to show itself anew.
void forget_peer(self_pointer self, const std::string& address);
/// The members are others, or what is known of them.
void on_members(self_pointer self, const raft::known_members& known);
/// Nodes that were removed, and have had their farewell.
void let_out_removed(self_pointer self);

} // namespace troupe::formation_detail
