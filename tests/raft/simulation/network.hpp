#pragma once

// Links that lose, repeat, delay, reorder and part.

#include "raft/message.hpp"
#include "raft/random.hpp"
#include "tests/raft/simulation/coverage.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace troupe::raft::simulation {

struct packet {
  node_id from;
  node_id to;
  message body;
};

class network {
public:
  struct weather {
    unsigned lost_permille = 0;
    unsigned repeated_permille = 0;
    unsigned delay_max = 2; ///< time units; different delays reorder
  };

  explicit network(weather w) : weather_(w) {}

  void set(weather w) { weather_ = w; }
  void send(std::uint64_t now, packet p, random& dice, coverage& seen);
  /// Packets that have arrived, in the order of their arrival.
  std::vector<packet> due(std::uint64_t now);
  /// Nodes on different sides do not hear each other from now on; what is on its way is lost.
  void part(std::set<node_id> one_side) { side_ = std::move(one_side); }
  void heal() { side_.clear(); }
  bool parted(const node_id& a, const node_id& b) const { return side_.count(a) != side_.count(b); }

private:
  weather weather_;
  std::set<node_id> side_;
  std::multimap<std::uint64_t, packet> flying_; ///< by time of arrival
};

} // namespace troupe::raft::simulation
