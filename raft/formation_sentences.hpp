#pragma once

// What a person reads when a cluster does not form: each sentence names the other node and what to do.

#include "base/entry.hpp"
#include "raft/formation.hpp"

#include <string>
#include <vector>

namespace troupe::raft::sentence {

/// `node` has a folder other than the one `known` names. `is_self`: it is this node that reads it.
std::string replaced(const member& node, const membership& known, bool is_self);
std::string folder_of_another_node(const member& self, const membership& known);
std::string acceptance_lost(const member& self, const std::string& address);
std::string another_cluster(const std::string& address, const membership& theirs);
std::string not_in_list(const member& self, const std::vector<std::string>& ours, const std::string& address,
                        const hello& theirs);
std::string lists_differ(const member& self, const std::vector<std::string>& ours, const std::string& address,
                         const hello& theirs);
std::string list_changed(const member& self, const std::vector<std::string>& accepted,
                         const std::vector<std::string>& ours);
/// The node there waits to be added while this one forms a cluster with it.
std::string joining(const std::string& address, const hello& theirs);
/// For the node that waits to be added to the cluster of `known`.
std::string waiting(const member& node, const membership& known);
/// The same, when another node is connected that is a member under its id, or waits to become one.
std::string id_taken(const member& node, const member& holder, const membership& known);
/// For a node that `known` no longer names.
std::string removed(const member& node, const membership& known);
std::string wrong_address(const std::string& address, const hello& theirs);
std::string same_id(const member& node, const std::string& other_address);
std::string same_storage(const member& a, const member& b);

} // namespace troupe::raft::sentence
