#pragma once

// One node: a core and a driver whose disk and state machine take their time.

#include "raft/core.hpp"
#include "tests/raft/simulation/checker.hpp"
#include "tests/raft/simulation/coverage.hpp"
#include "tests/raft/simulation/disk.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::raft::simulation {

/// What all nodes of one history share.
struct surroundings {
  random& dice;
  coverage& seen;
  checker& check;
  std::function<void(const node_id& from, envelope)> send;
  std::function<std::vector<const disk*>(const membership&)> voters;
  std::function<std::uint64_t()> now; ///< time units
  unsigned slowest_clock;             ///< for leases, in thousandths of a time unit
  unsigned fastest_clock;
};

class node {
public:
  node(node_id id, const settings& limits, image first, surroundings around);

  bool alive() const { return core_.has_value(); }
  const node_id& id() const { return id_; }
  const disk& files() const { return disk_; }
  raft::core& core() { return *core_; }
  index_t applied() const { return state_.index; }
  /// What the lease is measured by; it runs evenly, and also while the node gets no ticks.
  std::int64_t clock_us() const { return static_cast<std::int64_t>(around_.now() * clock_us_per_unit_) + 1; }
  /// Clocks differ: whether a tick of this node is due now.
  bool clock_runs() { return around_.dice.between(1, 16) <= ticks_in_16_; }
  /// So that a leader that was cut off believes in itself for long.
  void slow_clock() { ticks_in_16_ = 3; }
  bool has_open_reads() const { return !open_reads_.empty(); }

  void start();
  void crash();
  void receive(const node_id& from, message m);
  void tick(std::int64_t clock_ms);
  refusal propose(std::vector<proposal> batch, std::int64_t clock_ms);
  void read(std::uint64_t id);
  void hand_over(const node_id& to);
  change_refusal change(const membership_change& what);
  void unreachable(const node_id& peer);

  /// One step of disk or state machine. `eager`: everything that waits is done, nothing fails.
  void work(bool eager);
  /// The disk finishes nothing for so many steps.
  void stall_disk(unsigned steps) { stalled_steps_ = steps; }
  /// Writes a snapshot of the present state and compacts the log.
  void snapshot();

private:
  struct machine_state {
    index_t index;
    std::uint64_t hash = 0;
    std::int64_t leader_time_ms = 0;
    membership members;
  };

  void pump();
  void carry_out(output out);
  void check_commit(bool leads);
  void note_change_of_role();
  void sync();
  void sync_state();
  void notify();
  void apply();
  void load(const load_request& request);
  void give_chunk(const snapshot_request& request);
  void store(incoming_chunk chunk, bool eager);
  void install(const incoming_chunk& chunk, bool eager);
  static std::string encode_state(const machine_state& s);
  static std::optional<machine_state> decode_state(const std::string& bytes);

  const node_id id_;
  const settings limits_;
  surroundings around_;
  disk disk_;
  unsigned sync_one_in_; ///< how slow the disk is: chances a time unit that it syncs
  unsigned stalled_steps_ = 0;
  std::uint64_t clock_us_per_unit_;
  unsigned ticks_in_16_; ///< speed of its clock: ticks in 16 time units
  std::optional<raft::core> core_;
  machine_state state_;
  bool led_ = false;
  term_t led_term_;
  node_id heir_;                      ///< of a handover that goes on
  std::deque<std::uint64_t> notices_; ///< batches that are durable, not told yet
  std::deque<std::vector<entry>> applying_;
  std::deque<load_request> loads_;
  std::deque<snapshot_request> chunk_requests_;
  std::deque<incoming_chunk> chunks_;
  std::string incoming_;                        ///< chunks stored so far
  std::map<std::uint64_t, index_t> open_reads_; ///< what each must see at least
};

} // namespace troupe::raft::simulation
