#pragma once

// The actor that writes, sends and receives snapshot files. Spawned detached: it blocks in reads, writes and
// syncs.

#include "base/file.hpp"
#include "messages/snapshotter.hpp"
#include "messages/storage.hpp"
#include "messages/supervisor.hpp"
#include "storage/snapshot_file.hpp"

#include <caf/all.hpp>

#include <map>
#include <optional>
#include <string>

namespace troupe {

struct snapshotter_state {
  static inline const char* name = "snapshotter";

  /// One snapshot being written: chunks are pulled one at a time, other messages are handled in between.
  struct writing {
    std::uint64_t pin = 0;
    std::optional<storage::snapshot_writer> writer;
    bool tight = false; ///< snapshot_trigger::tight
  };

  file_system* files = nullptr;
  std::string folder;
  storage_actor storage;
  supervisor_actor supervisor;
  caf::strong_actor_ptr raft; ///< who gets the report

  std::optional<writing> current;
  std::optional<storage::snapshot_info> newest;
  std::map<index_t, storage::snapshot_source>
      sources; ///< open files being sent, at most storage::snapshots_kept
  std::optional<storage::snapshot_sink> sink;
  snapshot_meta sink_meta;
};

snapshotter_actor::behavior_type snapshotter(snapshotter_actor::stateful_pointer<snapshotter_state> self,
                                             file_system* files, std::string folder,
                                             std::optional<storage::snapshot_info> newest,
                                             storage_actor storage, supervisor_actor supervisor);

} // namespace troupe
