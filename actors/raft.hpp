#pragma once

// The Raft actor: carries what the consensus core wants done to the disk, the peers and the storage, and
// answers who asked.

#include "actors/answer_collector.hpp"
#include "actors/history_policy.hpp"
#include "actors/pending_reads.hpp"
#include "actors/pending_writes.hpp"
#include "actors/steady_clock.hpp"
#include "messages/formation.hpp"
#include "messages/raft.hpp"
#include "raft/core.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace troupe {

struct raft_options {
  raft::settings core;
  node_id self;
  incarnation_t incarnation;
  std::uint64_t seed = 0;
  std::int64_t tick_ms = 25;
  /// Read only with core.lease_us, at each turn that may answer reads.
  std::function<std::int64_t()> lease_clock_us = boot_now_us;

  std::size_t writes_max = 65'536; ///< taken and not answered
  std::size_t writes_bytes_max = 256u << 20;
  std::size_t reads_max = 65'536;
  std::size_t searches_max = 1'024;       ///< linearizable ones that wait for their read index
  std::int64_t no_leader_wait_ms = 2'500; ///< a write is held for a leader at most this long

  std::uint64_t snapshot_log_bytes = 256u << 20; ///< a snapshot is due after so much log
  std::uint64_t snapshot_log_entries = 1'000'000;
  std::uint64_t snapshot_keep_entries = 10'000; ///< entries kept behind it for slow followers
  std::int64_t history_keep_ms = 5 * 60 * 1000;
  std::uint64_t history_keep_revisions = 1'000'000;
  std::uint64_t memory_quota_bytes = std::uint64_t{8} << 30; ///< logical bytes; above it, nothing that grows

  bool join = false; ///< with an empty folder, this node waits to be added to a cluster
  std::string recovered; ///< what the status says of it (cluster_status::recovered)

  /// Told the status about once a second, on the Raft actor's thread; must not block.
  std::function<void(const cluster_status&)> report = [](const cluster_status&) {};
};

/// The actors that the Raft actor gives work to.
struct raft_peers {
  wal_writer_actor wal;
  log_reader_actor log;
  storage_actor storage;
  snapshotter_actor snapshotter;
};

/// What the node found on disk: the core's beginning, unless the log is empty and the cluster has yet to
/// form.
struct raft_start {
  std::optional<raft::recovered> recovered;
  storage_facts facts;
};

class raft_driver;

struct raft_state {
  static inline const char* name = "raft";
  std::shared_ptr<raft_driver> driver;
};

raft_actor::behavior_type raft_node(raft_actor::stateful_pointer<raft_state> self, raft_options options,
                                    raft_peers peers, raft_start start);

} // namespace troupe
