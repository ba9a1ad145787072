#include "raft/formation_sentences.hpp"

namespace troupe::raft::sentence {

namespace {

std::string join(const std::vector<std::string>& addresses) {
  std::string out;
  for (auto& a : addresses) {
    if (!out.empty()) out += ", ";
    out += a;
  }
  return out;
}

std::string name(const member& m) {
  return m.id.name + " at " + m.peer_address;
}

} // namespace

std::string replaced(const member& node, const membership& known, bool is_self) {
  auto text = "cluster " + known.cluster.to_string() + " knows " + name(node);
  for (auto& m : known.members)
    if (m.id == node.id || m.peer_address == node.peer_address) {
      text += " with storage " + m.storage.to_string();
      break;
    }
  text += is_self ? ", but this data folder is " : ", but its data folder is ";
  text += node.storage.to_string();
  return text +
         ": a replaced folder has forgotten its votes and must not take part; bring the old folder back, "
         "or start with --join and replace the node as docs/operations.md says, or, if this cluster "
         "never held data, stop all nodes, remove all their data folders and start again";
}

std::string folder_of_another_node(const member& self, const membership& known) {
  for (auto& m : known.members)
    if (m.storage == self.storage)
      return "this data folder belongs to node " + m.id.name + " of cluster " + known.cluster.to_string() +
             ", but this node is " + self.id.name + ": give each node its own folder";
  return "this data folder belongs to cluster " + known.cluster.to_string() + ", of which " + self.id.name +
         " with storage " + self.storage.to_string() + " is no member";
}

std::string acceptance_lost(const member& self, const std::string& address) {
  return "the node at " + address + " knows that storage " + self.storage.to_string() + " of " +
         self.id.name +
         " accepted its cluster, but this data folder does not: it is damaged or was put together from parts";
}

std::string another_cluster(const std::string& address, const membership& theirs) {
  return "the node at " + address + " belongs to cluster " + theirs.cluster.to_string() +
         " with other data folders than those met here: check that each node has its own folder and none is "
         "left over";
}

std::string not_in_list(const member& self, const std::vector<std::string>& ours, const std::string& address,
                        const hello& theirs) {
  return name(self) + " does not list " + theirs.self.id.name + " at " + address + "; it lists " + join(ours);
}

std::string lists_differ(const member& self, const std::vector<std::string>& ours, const std::string& address,
                         const hello& theirs) {
  return theirs.self.id.name + " at " + address + " lists " + join(theirs.addresses) + ", but " + name(self) +
         " lists " + join(ours);
}

std::string list_changed(const member& self, const std::vector<std::string>& accepted,
                         const std::vector<std::string>& ours) {
  return name(self) + " accepted a cluster of " + join(accepted) + ", but now lists " + join(ours) +
         ": the list must not change while the cluster forms";
}

std::string joining(const std::string& address, const hello& theirs) {
  return theirs.self.id.name + " at " + address +
         " was started with --join, so it waits to be added to a cluster that exists, and forms none: start "
         "it "
         "without --join, or take it off the list";
}

std::string waiting(const member& node, const membership& known) {
  auto text = name(node) + " waits to be added to cluster " + known.cluster.to_string() + ": ";
  auto* before = known.find(node.id);
  return text +
         (before && before->storage != node.storage
              ? "a member of this id had another data folder; troupe member replace "
              : "troupe member add ") +
         node.id.name;
}

std::string id_taken(const member& node, const member& holder, const membership& known) {
  bool is_member = find_storage(known, holder) != nullptr;
  return name(node) + " cannot be added to cluster " + known.cluster.to_string() + " under the id " +
         node.id.name + ": the node at " + holder.peer_address +
         (is_member ? " is a member under it" : " waits to be added under it") +
         "; start this one with an id of its own, or stop the other one";
}

std::string removed(const member& node, const membership& known) {
  return node.id.name + " with storage " + node.storage.to_string() + " was removed from cluster " +
         known.cluster.to_string() +
         ": its data folder is of no more use to it; to come back, it starts with an empty folder and --join";
}

std::string wrong_address(const std::string& address, const hello& theirs) {
  return "the node reached at " + address + " is " + theirs.self.id.name + " and says its address is " +
         theirs.self.peer_address;
}

std::string same_id(const member& node, const std::string& other_address) {
  return "node id " + node.id.name + " is claimed by both " + node.peer_address + " and " + other_address;
}

std::string same_storage(const member& a, const member& b) {
  return name(a) + " and " + name(b) + " have the same storage id " + a.storage.to_string() +
         ": a data folder was copied";
}

} // namespace troupe::raft::sentence
