#include "node/metrics.hpp"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <string>

namespace troupe {

namespace {

prometheus::Gauge& gauge(prometheus::Registry& registry, const std::string& name, const std::string& help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

} // namespace

struct node_metrics::gauges {
  explicit gauges(prometheus::Registry& r)
      : is_leader(gauge(r, "troupe_raft_is_leader", "1 when this node leads the cluster")),
        has_leader(gauge(r, "troupe_raft_has_leader", "1 when this node knows a leader")),
        term(gauge(r, "troupe_raft_term", "Current term")),
        commit(gauge(r, "troupe_raft_commit_index", "Last log index known to be committed")),
        applied(gauge(r, "troupe_raft_applied_index", "Last log index applied to the key space")),
        last(gauge(r, "troupe_raft_last_index", "Last log index of this node")),
        snapshot(gauge(r, "troupe_raft_snapshot_index", "Log index of the newest snapshot")),
        log_bytes(gauge(r, "troupe_log_bytes", "Bytes of log segments on disk")),
        revision(gauge(r, "troupe_revision", "Newest revision of the key space")),
        compacted(gauge(r, "troupe_compacted_revision", "Oldest revision that can be read")),
        voters(gauge(r, "troupe_members_voters", "Members that vote")),
        learners(gauge(r, "troupe_members_learners", "Members that are replicated to and do not vote")),
        waiting(gauge(r, "troupe_members_waiting", "Nodes heard here that wait to be added")),
        keys(gauge(r, "troupe_keys", "Keys at the newest revision")),
        memory_bytes(
            gauge(r, "troupe_memory_logical_bytes", "Bytes of keys, values and vectors, all versions")),
        memory_quota(gauge(r, "troupe_memory_quota_bytes", "Logical bytes at which writes are refused")),
        memory_alarm(gauge(r, "troupe_memory_alarm", "1 when the cluster takes no writes that grow")),
        disk_full(gauge(r, "troupe_disk_full", "1 when this node has no space for its log")) {}

  prometheus::Gauge& is_leader;
  prometheus::Gauge& has_leader;
  prometheus::Gauge& term;
  prometheus::Gauge& commit;
  prometheus::Gauge& applied;
  prometheus::Gauge& last;
  prometheus::Gauge& snapshot;
  prometheus::Gauge& log_bytes;
  prometheus::Gauge& revision;
  prometheus::Gauge& compacted;
  prometheus::Gauge& voters;
  prometheus::Gauge& learners;
  prometheus::Gauge& waiting;
  prometheus::Gauge& keys;
  prometheus::Gauge& memory_bytes;
  prometheus::Gauge& memory_quota;
  prometheus::Gauge& memory_alarm;
  prometheus::Gauge& disk_full;
};

node_metrics::node_metrics(prometheus::Registry& registry) : gauges_(std::make_unique<gauges>(registry)) {}
node_metrics::~node_metrics() = default;

void node_metrics::show(const cluster_status& s) {
  auto& g = *gauges_;
  auto set = [](prometheus::Gauge& to, std::uint64_t value) { to.Set(static_cast<double>(value)); };
  set(g.is_leader, s.role == node_role::leader);
  set(g.has_leader, static_cast<bool>(s.leader));
  set(g.term, s.term.value);
  set(g.commit, s.commit.value);
  set(g.applied, s.applied.value);
  set(g.last, s.last.value);
  set(g.snapshot, s.snapshot.value);
  set(g.log_bytes, s.log_bytes);
  set(g.revision, s.revision.value);
  set(g.compacted, s.compacted.value);
  std::uint64_t voters = 0;
  for (auto& m : s.members)
    voters += m.voter;
  set(g.voters, voters);
  set(g.learners, s.members.size() - voters);
  set(g.waiting, s.waiting.size());
  set(g.keys, s.keys);
  set(g.memory_bytes, s.memory_bytes);
  set(g.memory_quota, s.memory_quota);
  set(g.memory_alarm, s.memory_alarm);
  set(g.disk_full, s.disk_full);
}

} // namespace troupe
