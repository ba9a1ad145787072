#pragma once

// Owns the links of a node: makes them for the addresses that the formation actor wants and for nodes that
// say hello from elsewhere, starts them again when they fail, and ends those that nobody wants any more.

#include "messages/formation.hpp"
#include "messages/link_keeper.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <set>
#include <string>

namespace troupe {

struct link_keeper_options {
  std::set<std::string> addresses; ///< wanted at the start
  /// Spawns a link to this peer address; null when that is none. Runs on the keeper's thread.
  std::function<peer_link_actor(const std::string& address)> make;
  /// Links to nodes that came by themselves. When there are more, their hello is refused.
  std::size_t strangers_max = 32;
  /// A link that is not wanted lives for so long: a node that says hello has that time to show who it is.
  std::int64_t unwanted_ms = 10'000;
  /// How often one link may be started again. After that the keeper gives up, and its supervisor decides.
  unsigned restarts_max = 5;
};

struct link_keeper_state {
  static inline const char* name = "link_keeper";

  struct kept {
    peer_link_actor link;
    unsigned restarts = 0;
    std::int64_t unwanted_since_ms = 0;
  };

  link_keeper_options options;
  formation_actor formation;
  std::map<std::string, kept> links; ///< by peer address
  std::set<caf::actor_addr> made;    ///< of links whose end has not been told yet
  std::set<std::string> wanted;
  std::int64_t now_ms = 0;
};

link_keeper_actor::behavior_type link_keeper(link_keeper_actor::stateful_pointer<link_keeper_state> self,
                                             link_keeper_options options, formation_actor formation);

} // namespace troupe
