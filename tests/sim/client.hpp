#pragma once

// A client of the cluster: one operation at a time, through a node's client endpoint or as a gateway of the
// node does, with a session, idempotency keys, or nothing that would let it try again after a lost answer.

#include "tests/sim/cluster.hpp"
#include "tests/sim/workload.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>

namespace troupe::simulation {

class client {
public:
  client(surroundings& around, cluster& nodes, const scenario& plan, unsigned number,
         checkers::history& into);
  client(const client&) = delete;

  void start();
  /// It ends what it is doing, and begins nothing more.
  void retire() { retired_ = true; }
  bool idle() const { return !current_ && !opening_; }

private:
  enum class guard { none, session, idempotency };

  void begin();
  void open_session();
  void attempt();
  void send(node& to, request r);
  void deliver(const answer& a);
  void learn(const answer& a);
  void learn_write(const command_result& r);
  void learn_session(const answer& a);
  void refused(bool certain);
  void finish(checkers::outcome_kind outcome);
  void rest();
  request make_request();

  surroundings& around_;
  cluster& cluster_;
  const scenario& scenario_;
  unsigned number_;
  checkers::history& history_;
  workload work_;
  caf::actor ear_;
  bool by_endpoint_;
  guard guard_;
  bool retired_ = false;

  std::optional<task> current_;
  command stamped_;               ///< of a write: the same at every attempt
  std::set<std::uint64_t> asked_; ///< ids of the attempts at it
  bool opening_ = false;          ///< a session is being opened
  unsigned attempts_ = 0;
  bool in_doubt_ = false; ///< an attempt may have been, or may yet be, applied
  bool answer_lost_ = false;
  std::uint64_t last_id_ = 0;
  std::uint64_t waiting_for_ = 0; ///< the newest attempt, unless it has failed
  session_id session_;
  std::uint64_t sequence_ = 0;
};

} // namespace troupe::simulation
