#pragma once

// One node of a history: its disk and clock, and the actors that the supervisor starts on them, as
// node/blueprint.cpp composes them, with links that end at the simulated network.

#include "actors/client_endpoint.hpp"
#include "actors/embedder.hpp"
#include "actors/formation.hpp"
#include "actors/indexer.hpp"
#include "actors/link_keeper.hpp"
#include "actors/raft.hpp"
#include "actors/storage.hpp"
#include "actors/supervisor.hpp"
#include "base/fault_file.hpp"
#include "node/open_data.hpp"
#include "tests/sim/surroundings.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace troupe::simulation {

/// How often the supervisor starts the indexer and the like again, as node/blueprint.cpp has it.
inline constexpr unsigned restarts_of_parts = 3;

/// Where a node is found by the others.
inline std::string address_of(const std::string& name) {
  return name + ":7000";
}

struct node_plan {
  std::string name;
  std::vector<std::string> names;    ///< of all nodes of the history
  std::vector<std::string> founders; ///< those that form the cluster
  std::uint64_t reserve_bytes = 0;
  raft_options raft; ///< without self, incarnation and seed
  storage_options storage;
  client_endpoint_options endpoint;
  std::optional<embedding_model> model; ///< none: the node does not search
  std::uint64_t segment_bytes = 16u << 10;
  std::int64_t clock_permille = 1'000; ///< speed of its clock
  std::int64_t sync_ms_max = 2;        ///< how long a sync takes at most
};

class node {
public:
  node(surroundings& around, node_plan plan);
  ~node();
  node(const node&) = delete;

  const std::string& name() const { return plan_.name; }
  unsigned number() const { return number_; }
  bool runs() const { return running_; }
  bool paused() const { return around_.actors.is_paused(number_); }
  bool answers() const { return runs() && !paused(); }
  std::uint64_t life() const { return life_; }

  /// False: it refuses to; refused() says why.
  bool start();
  const std::optional<cannot_start>& refused() const { return refused_; }
  /// Every actor ends where it stands, and the disk keeps what `mode` says.
  void kill(crash_mode mode);
  /// As SIGTERM does; the end comes by and by.
  void stop();
  void pause(bool paused) { around_.actors.pause(number_, paused); }
  /// From now on each of its actors takes up to so long for a turn.
  void slow_down(std::int64_t ms) { slow_ms_ = ms; }
  /// The end the node has come to by itself, once.
  struct ending {
    exit_code code;
    std::string why;
  };
  std::optional<ending> take_ending() { return std::exchange(ending_, std::nullopt); }

  /// Another disk, empty; and it waits to be added. Precondition: it does not run.
  void replace_disk();
  bool joins() const { return joins_; }
  std::string folder() const { return folders_ == 0 ? "/data" : "/data" + std::to_string(folders_); }

  void step_clock(std::int64_t ms) { ahead_ms_ += ms; }
  /// Ends an actor that the supervisor starts again. False: it has done so as often as it may.
  bool kill_part(part what);

  // What outsiders send. Precondition: it runs.
  void ask(const caf::actor& from, request_batch batch);
  void ask_endpoint(const caf::actor& from, std::string payload);

  // Looking into it. Precondition: it runs.
  cluster_status status() const;
  bool leads() const;
  /// Null: it does not run, or is about to end.
  const storage::state_machine* machine() const;
  /// Null: it has no index yet.
  const search::engine* index() const;

  fault_file_system disk;
  /// What was done to its disk in a way that may make it stop or refuse to start.
  bool disk_damaged = false;
  /// Somebody asked for its removal: it may end because of that.
  bool removal_asked = false;

private:
  struct parts {
    raft_peers cores;      ///< as raft sees them: behind taps
    storage_actor storage; ///< the actor itself
    wal_writer_actor wal;
    raft_actor raft;
    formation_actor formation;
    indexer_actor indexer;
    embedder_actor embedder;
    embed_worker_actor queries;
    embed_worker_actor values;
    client_endpoint_actor endpoint;
    link_keeper_actor keeper;
    std::map<std::string, peer_link_actor> links; ///< by peer address, the newest
  };

  std::vector<child_spec> children(const std::shared_ptr<opened_data>& data);
  void add_cores(std::vector<child_spec>& out, const std::shared_ptr<opened_data>& data);
  void add_search(std::vector<child_spec>& out);
  raft_peers watched(const raft_peers& real);
  void add_links(std::vector<child_spec>& out);
  std::vector<std::string> known_addresses() const;
  void link_changed(unsigned peer, bool up, std::uint64_t connection);
  template <class F, class... Ts>
  auto spawn(part what, F f, Ts&&... xs) {
    auto handle = around_.actors.spawn(number_, what, f, std::forward<Ts>(xs)...);
    owned_.push_back(caf::actor_cast<caf::actor>(handle));
    return handle;
  }
  void turn_ended(stage::player& p);
  void watch_raft();
  void watch_state();
  void tick();
  void schedule_tick();
  std::int64_t local_ms() const;

  friend class cluster;

  surroundings& around_;
  node_plan plan_;
  unsigned number_;
  bool running_ = false;
  std::uint64_t life_ = 0;
  std::optional<cannot_start> refused_;
  std::optional<ending> ending_;
  caf::actor supervisor_;
  std::vector<caf::actor> owned_;
  std::shared_ptr<parts> parts_;
  std::optional<storage::data_folder> folder_;

  std::int64_t ahead_ms_ = 0; ///< how far its clock has jumped
  std::uint64_t folders_ = 0;
  bool joins_ = false; ///< with an empty folder it waits to be added
  std::uint64_t ticks_ = 0;
  std::int64_t slow_ms_ = 0;
  unsigned parts_killed_ = 0;
  std::uint64_t syncs_seen_ = 0;
  index_t applied_seen_;
  term_t receiving_in_;          ///< of the leader whose snapshot is arriving; 0: none is
  bool receiving_again_ = false; ///< another leader had begun to send one
  term_t led_term_;
  index_t commit_seen_;
  bool disk_full_ = false;
};

} // namespace troupe::simulation
