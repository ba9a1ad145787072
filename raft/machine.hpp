#pragma once

// The state machine behind raft/core.hpp. The role is a variant; a message that concerns a role has one
// step() for the pair, in follower.cpp, election.cpp or leader.cpp. Sending entries is in replication.cpp,
// handing the leadership over in handover.cpp, changing the members in reconfiguration.cpp, the rest in
// machine.cpp.

#include "raft/apply_queue.hpp"
#include "raft/durability.hpp"
#include "raft/log.hpp"
#include "raft/log_clock.hpp"
#include "raft/membership.hpp"
#include "raft/message.hpp"
#include "raft/output.hpp"
#include "raft/random.hpp"
#include "raft/roles.hpp"
#include "raft/settings.hpp"
#include "raft/snapshot_receiver.hpp"

namespace troupe::raft {

class machine {
public:
  machine(const settings& limits, node_id self, const recovered& from_disk, std::uint64_t seed);

  void tick(std::int64_t clock_ms);
  void step(const node_id& from, message m);
  refusal propose(std::vector<proposal> batch, std::int64_t clock_ms);
  handover hand_over(const node_id& to);
  change_refusal change_membership(const membership_change& change, std::int64_t clock_ms);
  void read(std::vector<std::uint64_t> ids);
  void persisted(std::uint64_t number, std::uint64_t state_number);
  void applied(index_t index);
  void loaded(const load_request& request, std::vector<entry> entries);
  void load_failed(const load_request& request);
  void snapshot_written(const snapshot_meta& meta, index_t first_kept);
  void snapshot_chunk(const snapshot_request& request, const snapshot_meta& meta, std::uint64_t total_size,
                      std::string bytes, bool done);
  void chunk_stored(const snapshot_meta& meta, std::uint64_t next_offset);
  void snapshot_installed(const snapshot_meta& meta, std::int64_t leader_time_ms);
  void snapshot_rejected(const snapshot_meta& meta);
  void unreachable(const node_id& peer);
  output take(std::int64_t clock_us);

  status get_status() const;
  const membership& members() const { return log_.members(); }
  log_position members_at() const;
  known_members get_known_members() const;
  role_kind role() const { return static_cast<role_kind>(role_.index()); }
  term_t term() const { return state_.term; }
  const node_id& leader_id() const { return leader_; }
  node_id handing_over_to() const;
  index_t commit() const { return commit_; }
  index_t last_index() const { return log_.last_index(); }

private:
  // machine.cpp
  bool settle_terms(const node_id& from, const message& m);
  void answer_past_term(const node_id& from, const message& m);
  void send(const node_id& to, message m);
  void set_hard_state(hard_state state);
  void append(entry e);
  void commit_to(index_t index);
  void report_leadership();

  // election.cpp
  void become_follower(term_t term, node_id leader);
  void follow(const node_id& leader);
  void campaign();
  void become_candidate(bool handed_over);
  void become_leader();
  void grant_own_vote();
  void restart_election_timer();
  bool is_voter(const node_id& id) const;
  bool is_quorum(const std::set<node_id>& granted) const;
  bool hears_leader() const;
  bool may_elect() const { return hold_ticks_ == 0; }
  bool is_up_to_date(index_t last_index, term_t last_term) const;
  void answer(const node_id& from, const pre_vote_request& m);
  void answer(const node_id& from, const vote_request& m);
  void step(pre_candidate& role, const node_id& from, pre_vote_response& m);
  void step(candidate& role, const node_id& from, vote_response& m);

  // follower.cpp
  void step(follower& role, const node_id& from, append_request& m);
  void step(follower& role, const node_id& from, install_snapshot& m);
  void step(follower& role, const node_id& from, read_index_response& m);
  void refuse_append(const node_id& from, const follower& role, const append_request& m);
  bool append_missing(append_request& m);
  void answer_installed(index_t snapshot_index);
  void answer_leader(follower& role);
  /// A leader of this term spoke to a node that does not follow yet.
  template <class Role, class Message>
  void follow_and_step(Role&, const node_id& from, Message& m) {
    become_follower(state_.term, from);
    step(std::get<follower>(role_), from, m);
  }
  void step(pre_candidate& role, const node_id& from, append_request& m) { follow_and_step(role, from, m); }
  void step(candidate& role, const node_id& from, append_request& m) { follow_and_step(role, from, m); }
  void step(pre_candidate& role, const node_id& from, install_snapshot& m) { follow_and_step(role, from, m); }
  void step(candidate& role, const node_id& from, install_snapshot& m) { follow_and_step(role, from, m); }

  // leader.cpp
  void step(leader& role, const node_id& from, append_request& m);
  void step(leader& role, const node_id& from, append_response& m);
  void step(leader& role, const node_id& from, install_snapshot_response& m);
  void step(leader& role, const node_id& from, read_index_request& m);
  void matched(leader& role, progress& pr, index_t index);
  void refused(progress& pr, const append_response& m);
  void advance_commit(leader& role);
  void serve_reads(leader& role, std::int64_t clock_us);
  void answer_reads(std::vector<read_group> groups, index_t index);
  void tick_leader(leader& role);
  bool has_contact_with_quorum(const leader& role) const;
  template <class Value>
  Value reached_by_quorum(const leader& role, Value own, Value progress::*member) const;

  // handover.cpp
  void step(follower&, const node_id& from, timeout_now&);
  node_id best_heir(const leader& role) const;
  bool is_heard(const progress& pr) const;
  void tick_handover(leader& role);
  void tell_heir(leader& role);

  // reconfiguration.cpp
  bool hears_quorum_of(const leader& role, const membership& members) const;
  void sync_members(leader& role);
  void retire_if_removed();
  bool may_campaign() const;
  bool is_this_node(const member* m) const;

  // replication.cpp
  void replicate(leader& role);
  void send_probe(const leader& role, const node_id& to, progress& pr);
  void stream(const leader& role, const node_id& to, progress& pr);
  void push_snapshot(const node_id& to, progress& pr);
  std::vector<entry> next_entries(const node_id& to, progress& pr);
  void send_append(const leader& role, const node_id& to, progress& pr, index_t previous,
                   std::vector<entry> entries, bool acknowledge);

  /// Everything else does not concern the role and is dropped: late answers to what the node no longer is.
  template <class Role, class Message>
  void step(Role&, const node_id& from, Message& m);

  const settings limits_;
  const node_id self_;
  const storage_id storage_; ///< none: ids alone count
  random random_;

  hard_state state_;
  node_id leader_; ///< of state_.term; empty: unknown
  role_state role_;
  log log_;
  durability durability_;
  apply_queue apply_;
  snapshot_receiver receiver_;
  read_questions questions_;
  index_t commit_; ///< known to be committed; never above log_.last_index()
  log_clock log_time_;
  unsigned election_ticks_ = 0;   ///< since a leader was heard, a vote given or a campaign begun
  unsigned election_timeout_ = 0; ///< campaign when election_ticks_ reaches it
  unsigned hold_ticks_ = 0;       ///< so long no vote is given and none asked for
  std::vector<envelope> held_;    ///< wait for the hard state to be durable; at most one a receiver and kind
  output next_;                   ///< what take() returns
  status reported_;               ///< role, term and leader as of the previous take()
};

} // namespace troupe::raft
