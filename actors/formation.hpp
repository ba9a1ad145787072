#pragma once

// The actor around raft/formation.hpp: brings the cluster into being once, or waits until this node is added
// to one; then checks every node that connects against the members of the log and tells links and Raft who is
// who.

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
  bool rebuilt = false; ///< the folder was made from one of another cluster (node/recover.hpp)
  bool join = false;    ///< with an empty folder: wait to be added instead of forming a cluster
};

struct formation_actor_state {
  static inline const char* name = "formation";

  formation_options options;
  raft_actor raft;
  supervisor_actor supervisor;
  link_keeper_actor keeper; ///< null: the links never change

  /// Until the cluster is formed. Null as well in a node that waits to be added.
  std::unique_ptr<raft::formation> machine;
  folder_record record;
  raft::known_members known;                    ///< as the log says; never behind the membership in `record`
  raft::log_position listed_at;                 ///< where `known` last named this node
  std::map<std::string, peer_link_actor> links; ///< by peer address
  std::map<std::string, std::uint64_t> connected; ///< address and link_state::serial
  std::map<std::string, raft::hello> greetings;   ///< newest of those connected
  std::map<std::string, member> checked;          ///< connected nodes of this cluster
  std::map<node_id, std::string> active;          ///< of those with one id, the one that Raft sends to
  std::map<std::string, member> waiting;          ///< connected nodes that wait to be added
  std::set<std::string> told;   ///< addresses of the members of the cluster that this node waits to join
  std::set<std::string> wanted; ///< what the keeper was told last
  std::int64_t now_ms = 0;
  std::int64_t next_hello_ms = 0;
  std::optional<std::int64_t> stop_at_ms;         ///< its removal is committed
  membership stop_without;                        ///< the members after that
  std::map<std::string, std::int64_t> leaving;    ///< removed nodes that are still let in, and until when
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
