#pragma once

// The consensus core: Raft (Ongaro & Ousterhout 2014, extended version; Ongaro's dissertation) as a pure
// state machine.
//
// Feed events in with the member functions, then call take() and do what it says; everything the core wants
// done comes from take() and from nowhere else. Gathering several events before one take() makes larger
// batches. There is no clock, disk, network, thread or randomness inside: ticks, answers, messages and a seed
// come from the driver.
//
// What is implemented: election (§5.2, §5.4.1 of the paper) with pre-vote (dissertation §9.6) and
// check-quorum (§6.2); replication (§5.3) with bounded pipelining and back-tracking by term; commit rule of
// §5.4.2; handing the leadership over (dissertation §3.10); members added, promoted and removed one at a time
// (§4.1, §4.2); a new leader's no-op, linearizable reads in numbered rounds (dissertation §6.4) or by leader
// lease (§6.4.1); snapshots in chunks (§7); asynchronous persistence: a leader sends entries while it writes
// them, and counts itself only when they are durable (dissertation §10.2.1).
//
// Promises about time and order:
//  * Nothing that depends on a term, a vote or an entry being durable here leaves before persisted() said so.
//  * Entries are handed out for applying once, in order, only when committed and durable here as well.
//  * A read is answered from an index that was committed, and by a leader that was one, after the read
//  arrived.
//  * Answers of the driver may come late, and those of different kinds in any order; what is outdated is
//  ignored.
//
// Not thread-safe; one owner. Broken invariants abort (base/assert.hpp).

#include "raft/membership.hpp"
#include "raft/message.hpp"
#include "raft/output.hpp"
#include "raft/recovered.hpp"
#include "raft/settings.hpp"

#include <memory>

namespace troupe::raft {

class machine;

class core {
public:
  /// `from_disk` must be durable; with nothing in it this is a node that waits to be added to a cluster.
  /// `seed` should differ between any two lives of any two nodes. A group with a single voter elects itself
  /// here; its first take() says what must be persisted for that.
  core(const settings& limits, node_id self, recovered from_disk, std::uint64_t seed);
  ~core();
  core(core&&) noexcept;
  core& operator=(core&&) noexcept;

  /// One tick has passed. `clock_ms`, here and below: milliseconds of a clock that never jumps
  /// (CLOCK_MONOTONIC); its zero means nothing. It only becomes leader_time_ms of entries
  /// (raft/log_clock.hpp).
  void tick(std::int64_t clock_ms);
  /// A message arrived. Those of past terms are dropped or answered with the newer term. Only nodes that the
  /// driver knows as of this cluster may be let through, members or not.
  void step(const node_id& from, message m);
  /// All or nothing, and of any kind but memberships. An accepted batch becomes consecutive entries.
  refusal propose(std::vector<proposal> batch, std::int64_t clock_ms);
  /// Hands the leadership over to `to`, or if empty to the voter that holds most (dissertation §3.10). While
  /// it lasts proposals are refused. It ends with another leader, or after settings::election_ticks_min with
  /// this one.
  handover hand_over(const node_id& to);
  /// Adds, promotes or removes one member: an entry in the log, in effect from its append on.
  change_refusal change_membership(const membership_change& change, std::int64_t clock_ms);
  /// Linearizable reads: each id comes back once, in output::reads or output::reads_failed.
  void read(std::vector<std::uint64_t> ids);

  /// Batch `number`, and so every earlier one, is durable; and the hard states of all batches up to
  /// `state_number`, if that is larger. 0: none is.
  void persisted(std::uint64_t number, std::uint64_t state_number = 0);
  /// Every handed-out entry up to `index` is applied.
  void applied(index_t index);

  /// Entries from request.lo on, contiguous, at least one, none after request.hi.
  void loaded(const load_request& request, std::vector<entry> entries);
  /// The entries are gone: compacted behind a snapshot.
  void load_failed(const load_request& request);

  /// A local snapshot is durable, and the log before `first_kept` is gone or may go. `meta.index` is applied;
  /// first_kept <= meta.index + 1.
  void snapshot_written(const snapshot_meta& meta, index_t first_kept);
  /// Answers a snapshot_request with bytes from request.offset of the snapshot `meta`, or from 0 if it is
  /// another one than asked for.
  void snapshot_chunk(const snapshot_request& request, const snapshot_meta& meta, std::uint64_t total_size,
                      std::string bytes, bool done);

  /// The chunk that ends at `next_offset` of the incoming snapshot is stored (not the last one: that is
  /// answered below).
  void chunk_stored(const snapshot_meta& meta, std::uint64_t next_offset);
  /// The incoming snapshot is durable and the newest one, the state machine stands at meta.index, and the log
  /// is empty and goes on at meta.index + 1, all of that durably. leader_time_ms is the largest leader time
  /// in that state.
  void snapshot_installed(const snapshot_meta& meta, std::int64_t leader_time_ms = 0);
  /// The incoming snapshot does not verify or cannot be stored; nothing was changed.
  void snapshot_rejected(const snapshot_meta& meta);

  /// The link to this node is down. What was sent may be lost.
  void unreachable(const node_id& peer);

  /// Everything to do since the last take. With settings::lease_us: `clock_us` was read after everything
  /// that was fed in had arrived, from a clock that does not stand still while the process or the machine
  /// does (CLOCK_BOOTTIME); the same clock for the whole life of the core.
  output take(std::int64_t clock_us = 0);

  /// Copies the membership; the short questions below do not.
  status get_status() const;
  /// Copies both memberships.
  known_members get_known_members() const;
  role_kind role() const;
  term_t term() const;
  /// Empty: unknown.
  const node_id& leader() const;
  /// Empty: nobody.
  node_id handing_over_to() const;
  index_t commit() const;
  /// The newest membership, committed or not, and the entry it stands in. Valid until the next event.
  const membership& members() const;
  log_position members_at() const;
  index_t last_index() const;

private:
  std::unique_ptr<machine> machine_;
};

} // namespace troupe::raft
