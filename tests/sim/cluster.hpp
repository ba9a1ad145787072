#pragma once

// The nodes of one history, what happens to them, and whether the way in which each ends is one it may end.

#include "tests/sim/node.hpp"
#include "tests/sim/scenario.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe::simulation {

class cluster {
public:
  cluster(surroundings& around, const scenario& plan);
  ~cluster();

  std::vector<std::unique_ptr<node>>& nodes() { return nodes_; }
  /// The leader of the highest term among those that think so; null: none.
  node* leader();
  /// Any that answers; null: none does.
  node* any_running();
  /// Often the leader.
  node* victim();

  void start();
  /// Whom the leader takes for members; empty: there is no leader.
  std::vector<node*> members();
  /// Faults come from now on, and until end_faults().
  void begin_faults();
  void end_faults();
  /// A clock has jumped so far that what is remembered for minutes may be forgotten at once.
  bool may_forget() const { return may_forget_; }
  /// To be called whenever the actors have come to rest: looks at who has ended.
  void watch();
  /// Ends it and starts it again after a while.
  void crash(node& n, crash_mode mode);

private:
  struct rotten_bit {
    std::string path;
    std::uint64_t offset;
    unsigned bit;
    std::string content; ///< of the file with it, of a log segment as far as the bit
  };

  node_plan plan_of(const std::string& name, const std::vector<std::string>& names,
                    const std::vector<std::string>& founders);
  void restart_later(node& n);
  void start_again(node& n);
  void ended(node& n, const node::ending& e);
  void repair(node& n);
  void schedule(const std::string& kind, std::int64_t mean);
  void strike(const std::string& kind);
  void ask_for_transfer();
  void ask_for_snapshot();
  void change_members();
  void mend_members();
  void lose_disk();
  void cut_off(node& n);
  void part();
  void part_one_way();
  void turn_flaky();
  void jump_clock();
  void fill_disk();
  void rot();
  void after(std::int64_t low, std::int64_t high, calendar::action what);
  void admin(node& n, request r);

  surroundings& around_;
  const scenario& scenario_;
  std::vector<std::unique_ptr<node>> nodes_;
  weather calm_;
  node* lost_ = nullptr;    ///< its disk was lost, and it has to be replaced
  bool may_forget_ = false; ///< clocks may jump beyond what sessions and keys are remembered for
  std::uint64_t storm_ = 0; ///< counts phases, so that what was to end a fault of an earlier one is ignored
  raft_options raft_;
  caf::actor admin_;
  std::uint64_t admin_id_ = 0;
  node* rotten_ = nullptr; ///< at most one at a time: more could take the majority
  std::vector<rotten_bit> rotten_bits_;
};

} // namespace troupe::simulation
