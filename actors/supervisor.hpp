#pragma once

// The supervisor: starts a node's actors in dependency order, starts what may be restarted again, and ends
// the node in good order.
//
// What the actors are is told by whoever composes the node (node/), so that this file is about starting and
// stopping only.

#include "messages/supervisor.hpp"

#include <caf/all.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace troupe {

struct child_spec {
  std::string name;
  /// Spawns the actor; called in order at the start, and again to replace it. Runs on the supervisor's
  /// thread.
  std::function<caf::actor(const supervisor_actor& supervisor)> start;
  /// How often it may be started again in the life of the node. 0: when it ends, the node ends.
  unsigned restarts_max = 0;
  /// Called with the new handle after a restart, to hand it to who needs it.
  std::function<void()> restarted = {};
};

struct supervisor_options {
  std::vector<child_spec> children;
  /// From the stop message on, a child that has not ended is killed after this.
  std::int64_t child_end_ms = 500;
  /// Asks whoever leads the cluster from here to hand over before the node stops; gave_way is to come back.
  /// None: the node stops at once.
  std::function<void(const supervisor_actor& supervisor)> give_way = {};
  /// gave_way is not waited for longer than this.
  std::int64_t give_way_ms = 300;
  /// Called once, when all children have ended. From then on main may leave.
  std::function<void(exit_code, const std::string& why)> ended;
};

struct supervisor_state {
  static inline const char* name = "supervisor";

  struct child {
    caf::actor handle; ///< null: not running
    unsigned restarts = 0;
  };

  supervisor_options options;
  std::vector<child> children; ///< by position in options.children
  bool stopping = false;
  std::size_t stopping_at = 0; ///< children behind this position have ended
  exit_code code = exit_code::clean;
  std::string why;
};

supervisor_actor::behavior_type supervisor(supervisor_actor::stateful_pointer<supervisor_state> self,
                                           supervisor_options options);

} // namespace troupe
