#pragma once

// A few cores on a stage: the test says which message arrives, what becomes durable and when, and reads what
// was said.

#include "raft/core.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe::raft {

/// Nodes are named by strings here. Committed entries count as applied at once; entries and snapshots are
/// served from memory.
class stage {
public:
  struct actor {
    std::optional<core> brain;
    std::vector<entry> log;           ///< as written; [i] is index before + i + 1
    index_t before;                   ///< log begins after it
    std::deque<std::uint64_t> writes; ///< batches not durable yet
    std::vector<entry> applied;
    std::vector<read_ready> reads;
    std::vector<std::uint64_t> reads_failed;
    snapshot_meta snapshot;
    hard_state state; ///< as written
  };
  struct packet {
    std::string from;
    std::string to;
    message body;
  };

  /// Voters, and learners after them. Their logs all start with the entry of formation.
  explicit stage(std::vector<std::string> voters, std::vector<std::string> learners = {});

  settings limits;                              ///< change before the first enter()
  std::int64_t clock_us = 1;                    ///< what every core is told at its take()
  std::map<std::string, std::int64_t> clock_ms; ///< what each core is told at its ticks and proposals; else 0

  /// A node starts, with a log of entries of these terms (the first is 1, the entry of formation) and this
  /// hard state.
  void enter(const std::string& name, std::vector<std::uint64_t> terms = {1}, std::uint64_t term = 0,
             const std::string& vote = {});
  /// A node without a cluster starts.
  void enter_empty(const std::string& name);
  /// A node starts again with what it has written, durable or not.
  void restart(const std::string& name);
  /// All that have not entered do.
  void enter_all();
  void leave(const std::string& name) { actors_.erase(name); }

  actor& at(const std::string& name) { return actors_.at(name); }
  core& brain(const std::string& name) { return *actors_.at(name).brain; }
  std::vector<std::uint64_t> log_terms(const std::string& name);
  const membership& members() const { return members_; }

  void tick(const std::string& name, unsigned ticks = 1);
  /// Ticks until it wants to be elected.
  void campaign(const std::string& name);
  void propose(const std::string& name, const std::vector<std::string>& payloads);
  change_refusal change(const std::string& name, const membership_change& what);
  handover hand_over(const std::string& name, const std::string& to = {});
  void read(const std::string& name, std::uint64_t id);
  void unreachable(const std::string& name, const std::string& peer);
  void step(const std::string& from, const std::string& to, message m);
  void snapshot(const std::string& name, std::uint64_t index, std::uint64_t first_kept);

  /// The writes of the node become durable, all or those up to batch `number`.
  void persist(const std::string& name, std::uint64_t number = UINT64_MAX);
  /// Of all its writes only the hard states do, as on a disk that has no space for entries.
  void persist_states(const std::string& name);
  /// The oldest message on this link arrives; false if there is none.
  bool deliver(const std::string& from, const std::string& to);
  void drop(const std::string& from, const std::string& to);
  /// Everything is written and delivered, except on cut links, until nothing moves.
  void settle();
  /// Nothing passes between the node and the others from now on; what is on its way is lost.
  void isolate(const std::string& name) { isolated_[name] = true; }
  void reconnect(const std::string& name) { isolated_.erase(name); }
  /// campaign() and settle(): afterwards the node leads.
  void elect(const std::string& name);

  /// Messages on their way, oldest first.
  const std::deque<packet>& flying() const { return flying_; }
  void lose_all_messages() { flying_.clear(); }
  /// The newest message of a kind from one node to another, if any is on its way.
  template <class Kind>
  const Kind* newest(const std::string& from, const std::string& to) const {
    for (auto p = flying_.rbegin(); p != flying_.rend(); ++p)
      if (p->from == from && p->to == to)
        if (auto* m = std::get_if<Kind>(&p->body)) return m;
    return nullptr;
  }

  /// What was said since the last call, one line each.
  std::string take_transcript();

private:
  void pump(const std::string& name);
  void carry_out(const std::string& name, output out);
  void load(const std::string& name, const load_request& request);
  void give_chunk(const std::string& name, const snapshot_request& request);
  void store_chunk(const std::string& name, const incoming_chunk& chunk);
  void say(std::string line) { transcript_ += line + "\n"; }

  membership members_;
  std::map<std::string, actor> actors_;
  std::deque<packet> flying_;
  std::map<std::string, bool> isolated_;
  std::string transcript_;
  std::uint64_t seed_ = 1;
};

/// One line, as conversations write it.
std::string describe(const message& m);

} // namespace troupe::raft
