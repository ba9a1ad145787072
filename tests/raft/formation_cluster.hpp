#pragma once

// Several nodes that form a cluster, over links and disks that the test moves by hand.

#include "raft/formation.hpp"
#include "raft/formation_archive.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::raft {

class formation_cluster {
public:
  struct node {
    member self;
    std::vector<std::string> addresses;
    formation_record folder; ///< durable
    std::unique_ptr<formation> process;
    std::optional<formation_record> writing;
  };

  static std::string address_of(int i) { return "host" + std::to_string(i) + ":7000"; }

  explicit formation_cluster(int size) {
    std::vector<std::string> addresses;
    for (int i = 1; i <= size; ++i)
      addresses.push_back(address_of(i));
    for (int i = 1; i <= size; ++i) {
      auto& n = nodes_[address_of(i)];
      n.self = {node_id{"n" + std::to_string(i)}, fresh_storage(), address_of(i),
                "host" + std::to_string(i) + ":8000", true};
      n.addresses = addresses;
    }
  }

  node& at(int i) { return nodes_.at(address_of(i)); }
  std::map<std::string, node>& nodes() { return nodes_; }
  formation_state state(int i) { return at(i).process->state(); }

  void start(int i) { start(address_of(i)); }
  void start(const std::string& address) {
    auto& n = nodes_.at(address);
    n.writing.reset();
    n.process = std::make_unique<formation>(n.self, n.addresses, n.folder, cluster_id{7, ++ids_});
    take(address);
    for (auto& [other, peer] : nodes_) {
      if (other == address || !peer.process) continue;
      n.process->connected(other);
      peer.process->connected(address);
      take(other);
    }
    take(address);
  }
  void start_all() {
    for (auto& [address, n] : nodes_)
      start(address);
  }
  /// The process ends; what it was writing is lost, and so is what is on its links.
  void stop(const std::string& address) {
    auto& n = nodes_.at(address);
    n.process.reset();
    n.writing.reset();
    for (auto& [link, queue] : links_)
      if (link.first == address || link.second == address) queue.clear();
    for (auto& [other, peer] : nodes_)
      if (peer.process) {
        peer.process->disconnected(address);
        take(other);
      }
  }
  /// Somebody removes the folder.
  void wipe(const std::string& address) {
    nodes_.at(address).folder = {};
    nodes_.at(address).self.storage = fresh_storage();
  }

  void take(const std::string& address) {
    auto& n = nodes_.at(address);
    auto out = n.process->take();
    if (out.persist) n.writing = out.persist;
    for (auto& m : out.messages) {
      // Messages cross the wire as bytes.
      auto copy = decode<formation_message>(encode(m.body), "formation message").value();
      links_[{address, m.to}].push_back(std::move(copy));
    }
  }
  bool finish_write(const std::string& address) {
    auto& n = nodes_.at(address);
    if (!n.process || !n.writing) return false;
    n.folder = *n.writing;
    n.writing.reset();
    n.process->persisted();
    take(address);
    return true;
  }
  bool deliver(const std::string& from, const std::string& to) {
    auto& queue = links_[{from, to}];
    if (queue.empty()) return false;
    auto m = std::move(queue.front());
    queue.pop_front();
    auto found = nodes_.find(to);
    if (found == nodes_.end() || !found->second.process) return true;
    found->second.process->step(from, m);
    take(to);
    return true;
  }
  /// Until nothing moves any more.
  void settle() {
    for (bool moved = true; moved;) {
      moved = false;
      for (auto& [address, n] : nodes_) {
        moved = finish_write(address) || moved;
        for (auto& [other, peer] : nodes_)
          moved = deliver(address, other) || moved;
      }
    }
  }
  void tick_all() {
    for (auto& [address, n] : nodes_)
      if (n.process) {
        n.process->tick();
        take(address);
      }
  }

private:
  storage_id fresh_storage() { return {9, ++ids_}; }

  std::map<std::string, node> nodes_;
  std::map<std::pair<std::string, std::string>, std::deque<formation_message>> links_;
  std::uint64_t ids_ = 0;
};

} // namespace troupe::raft
