#pragma once

// The actor around raft/formation.hpp: brings the cluster into being once, then checks every peer that
// connects against the membership and tells links and Raft who is who.

#include "actors/folder_record.hpp"
#include "base/file.hpp"
#include "messages/formation.hpp"
#include "messages/raft.hpp"
#include "messages/supervisor.hpp"
#include "raft/formation.hpp"
#include "storage/node_id_file.hpp"

#include <caf/all.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace troupe {

struct formation_options {
  file_system* files = nullptr;
  std::string data_folder;
  storage::node_identity identity;
  folder_record record;
  member self;                        ///< as it would be a member
  std::vector<std::string> addresses; ///< of all nodes of the cluster file, sorted
  cluster_id fresh_cluster;
};

struct formation_actor_state {
  static inline const char* name = "formation";

  formation_options options;
  raft_actor raft;
  supervisor_actor supervisor;

  /// Until the cluster is formed; afterwards hellos are checked against `record`.
  std::unique_ptr<raft::formation> machine;
  folder_record record;
  std::map<std::string, peer_link_actor> links; ///< by peer address
  std::set<std::string> connected;
  std::map<std::string, node_id> checked; ///< connected members that showed the right storage id
  std::int64_t now_ms = 0;
  std::int64_t next_hello_ms = 0;
  std::map<std::string, std::int64_t> greeted_ms; ///< when each address was last sent a hello
  std::string last_problem;                       ///< said once
  /// Connected nodes that belong to another cluster. When they are most of the list, this folder is the
  /// foreign one.
  std::set<std::string> foreign_to;
  std::map<std::string, std::string> last_refusal; ///< by address; each sentence is said once
};

formation_actor::behavior_type formation(formation_actor::stateful_pointer<formation_actor_state> self,
                                         formation_options options, raft_actor raft,
                                         supervisor_actor supervisor);

} // namespace troupe
