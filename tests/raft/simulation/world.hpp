#pragma once

// One history: a cluster, its clients and its misfortunes, all from one seed.

#include "tests/raft/simulation/network.hpp"
#include "tests/raft/simulation/node.hpp"

#include <memory>
#include <vector>

namespace troupe::raft::simulation {

class world {
public:
  /// The clocks that leases are measured by run at `slowest_clock` to 1200 thousandths of the common time.
  /// The lease allows for those that are not slower than slowest_clock_allowed; below that, all are so slow.
  world(std::uint64_t seed, coverage& seen, unsigned slowest_clock = slowest_clock_allowed);
  static constexpr unsigned slowest_clock_allowed = 800;

  /// Throws violation when a promise is broken, during the misfortunes or when the cluster does not recover
  /// from them.
  void run();

private:
  /// How often what happens, in chances of one in N a time unit; 0: never.
  struct misfortunes {
    unsigned crash = 0;
    unsigned restart = 20;
    unsigned part = 0;
    unsigned heal = 25;
    unsigned compact = 0;
    unsigned hand_over = 0;
    unsigned change = 0;
  };

  void choose_misfortunes();
  void build_cluster(std::size_t size, bool with_learner);
  void pass_time(bool calm);
  void strike();
  void use();
  void deliver();
  void observe(const message& m);
  void recover_and_settle();
  bool settled();
  void change_members(node& leader);
  node* find(const node_id& id);
  node* leading();
  void tell_unreachable(const node_id& lost, bool both);
  bool one_in(unsigned n) { return n != 0 && dice_.between(1, n) == 1; }

  random dice_;
  const unsigned slowest_clock_;
  coverage& seen_;
  checker check_;
  network network_{network::weather{}};
  misfortunes rate_;
  settings limits_;
  membership members_;
  std::vector<std::unique_ptr<node>> nodes_;
  std::uint64_t now_ = 0;
  std::uint64_t next_read_ = 1;
  std::uint64_t next_proposal_ = 1;
  std::uint64_t spared_until_ = 0; ///< no misfortunes before this time
  bool had_leader_ = false;
};

} // namespace troupe::raft::simulation
