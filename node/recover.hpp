#pragma once

// Out of the folders that are left of a cluster that has lost its majority for good: one new folder, with
// which one node begins a new cluster. docs/operations.md, "Lost quorum", walks through it,
// docs/decisions/0010 says why it is so.
//
// The folders that are left are read and never changed, but for the file LOCK; they are locked while they are
// looked at.

#include "base/entry.hpp"
#include "base/file.hpp"
#include "node/scratch_files.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace troupe {

/// What one folder says.
struct surveyed_folder {
  std::string path;
  std::unique_ptr<scratch_files> files; ///< holds the lock
  node_id node;
  storage_id storage;
  hard_state state;
  snapshot_meta snapshot;
  index_t first; ///< of the log
  index_t last;
  term_t last_term;
  /// Newest last; the first is the snapshot's or the oldest known. An older one counts while a newer one is
  /// not known to be committed.
  std::vector<membership> memberships;
  std::string notes; ///< what a node would cut or repair at its start; empty: the log is clean

  const membership& members() const { return memberships.back(); }
};

/// Locks and reads one folder. errc::locked: a process is using it. errc::corrupt: damaged below what was
/// synced, so a node would not start with it either. errc::foreign, errc::not_found: not the folder of a node
/// that has been in a cluster.
result<surveyed_folder> survey(file_system& files, const std::string& folder);

/// What all of them together say.
struct recovery_plan {
  std::size_t chosen =
      0; ///< the one whose log is the most complete: highest last term, then last index (§5.4.1)
  std::size_t voters = 0; ///< of the newest membership in that log
  std::size_t voters_found = 0;
  std::vector<node_id> lost; ///< members whose folders were not given
};

/// errc::invalid_argument, with a sentence, when they are of different clusters, when two are of the same
/// node, or when they are a majority: then nothing is lost, and the nodes are to be started.
result<recovery_plan> plan_recovery(const std::vector<surveyed_folder>& folders);

struct recovery_order {
  std::string output; ///< not there, empty, or left behind by a recovery that was cut off
  cluster_id cluster; ///< random
  storage_id storage; ///< random
  std::string record; ///< begins the line in recoveries.log: when, by which version, by whom
};

struct recovered_folder {
  index_t entry; ///< the membership that begins the new cluster
  term_t term;
  revision_t revision;
  std::uint64_t keys = 0;
};

/// Builds the new folder. It is a node's folder only when its node.id is there, which comes last, so after an
/// error or a power cut it is none, and the same call may be made again. errc::invalid_argument when `output`
/// holds anything else.
result<recovered_folder> rebuild(file_system& files, const std::vector<surveyed_folder>& folders,
                                 const recovery_plan& plan, const recovery_order& order);

/// Builds such a folder out of one snapshot file, a backup, for the node `self` (its storage id is
/// order.storage). errc::corrupt, naming the file, when it is damaged.
result<recovered_folder> restore(file_system& files, const std::string& snapshot, const member& self,
                                 const recovery_order& order);

/// The lines of recoveries.log in a data folder, oldest first; empty when it was never recovered.
result<std::vector<std::string>> read_recoveries(file_system& files, const std::string& folder);

} // namespace troupe
