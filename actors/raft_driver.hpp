#pragma once

// The state of the Raft actor and what it does, split by direction: raft_requests.cpp faces the askers,
// raft_transfer.cpp those who want another leader, raft_members.cpp those who want other members,
// raft_output.cpp carries out what the core wants, raft_upkeep.cpp does what time brings, raft_space.cpp
// minds memory and disk, raft.cpp is the table of messages.

#include "actors/memory_policy.hpp"
#include "actors/raft.hpp"

namespace troupe {

/// What an asker is told of a write that may or may not be applied.
refusal outcome_unknown();
/// What an asker is told of a request that certainly had no effect.
refusal no_leader_known();
refusal overloaded();
/// For none: overloaded.
refusal short_of(shortage what);

class raft_driver {
public:
  using self_pointer = raft_actor::stateful_pointer<raft_state>;

  raft_driver(self_pointer self, raft_options options, raft_peers peers, raft_start start);

  // raft_requests.cpp
  void take_requests(request_batch& batch, const answer_sink_actor& sink);
  void forwarded(const node_id& from, forward_proposals& batch);
  void refused(const forward_refusal& r);
  void dispatch_waiting();
  cluster_status status() const;

  // raft_search.cpp
  void on_search_parts(const search_parts& parts);
  void on_search_report(const search_report& r) { search_ = r.status; }

  // raft_transfer.cpp
  void before_stop(const give_way& g);
  void asked_to_hand_over(const node_id& from, const forward_handover& f);

  // raft_members.cpp
  void on_joiner_state(const joiner_state& j);

  // raft_output.cpp
  void want_pump();
  void pump();

  // raft_upkeep.cpp
  void formed(const cluster_formed& f);
  void begin(raft::recovered start);
  void on_peer_state(const peer_state& p);
  void on_peer_input(peer_input& in);
  void on_persisted(const persisted_notice& p);
  void on_applied(applied_notice& notice);
  void on_snapshot_report(const snapshot_report& r);
  void on_snapshot_received(const snapshot_received& r);
  void on_log_reset(const log_reset_done& r);
  void on_tick(const tick& t);

  // raft_space.cpp
  void on_log_condition(const log_condition& c);

  /// Precondition: the cluster has formed. What comes from the disk or the storage can only come then.
  raft::core& core() { return *core_; }

private:
  void take(const request& r, const answer_sink_actor& sink, std::vector<std::uint64_t>& writes);
  std::optional<refusal> unfit_for(const request& r) const;
  void take_write(const request& r, const write_request& w, const answer_sink_actor& sink,
                  std::vector<std::uint64_t>& writes);
  void take_read(const request& r, const read_request& q, const answer_sink_actor& sink);
  void take_search(const request& r, const search_request& what, const answer_sink_actor& sink);
  void take_embedded_write(const request& r, const answer_sink_actor& sink);
  void take_transfer(const request& r, const transfer_request& t, const answer_sink_actor& sink);
  raft::handover ask_leader_to_hand_over(const node_id& to);
  void settle_transfers();
  void settle_stop();
  void sweep_transfers();
  bool counts(const peer_input& in, const raft::message& m) const;
  void tell_members();
  void take_member(const request& r, const member_request& wish, const answer_sink_actor& sink);
  void asked_for_member(const node_id& from, const forward_member& f);
  void on_member_answer(const member_answer& a);
  void settle_members();
  void sweep_members();
  void give_up_forwards_to(const node_id& peer);
  void confirm_members(const raft::output& out);
  void ask_search_index();
  void answer_searches(raft::output& out);
  void tell_leadership();
  void dispatch(const std::vector<std::uint64_t>& numbers);
  void propose_here(const std::vector<std::uint64_t>& numbers);
  void note_proposed(std::uint64_t number, raft::refusal why);
  void note_lacking(std::uint64_t number, shortage what);
  void answer_forwarded(const node_id& to, incarnation_t asker, std::vector<std::uint64_t>&& numbers,
                        raft::refusal why, shortage of);
  void forward(const std::vector<std::uint64_t>& numbers, const peer_link_actor& link);
  void ask_read_index();
  void carry_out(raft::output& out);
  void send_messages(std::vector<raft::envelope>& messages);
  void answer_reads(raft::output& out);
  void on_leadership();
  void sweep();
  void maintain();
  void finish_snapshot_requests(const snapshot_report& r);
  // raft_space.cpp
  shortage lacks_for(const blob& command) const;
  bool takes_no_entries() const;
  bool is_full(const node_id& member) const;
  bool refused_for_memory(const request& r, const write_request& w, const answer_sink_actor& sink);
  bool propose_upkeep(const command& c);
  void ask_facts();
  void watch_memory();
  void shed_history();
  void tell_condition(const peer_link_actor& link);
  void tell_condition();
  void on_peer_condition(const node_id& from, const peer_condition& c);
  void relieve_disk();
  void flush() { answers_.flush(static_cast<raft_actor::base*>(self_)); }

  struct snapshot_asker {
    answer_sink_actor sink;
    std::uint64_t id;
    std::int64_t deadline_ms;
    index_t applied; ///< when it asked: what the snapshot has to cover
  };

  struct transfer_asker {
    answer_sink_actor sink;
    std::uint64_t id;
    node_id target; ///< empty: any
    term_t term;    ///< that is to end
    std::int64_t deadline_ms;
  };

  using member_outcome = std::variant<member_result, refusal>;
  /// The wish for other members of an asker here, or of one at a node that forwarded it.
  struct member_asker {
    answer_sink_actor sink; ///< null: it was forwarded
    std::uint64_t id;       ///< of the request, or the number of the forwarding node
    node_id from;
    incarnation_t asker;
    member_request wish;
    std::int64_t deadline_ms;
    raft::log_position waits_for = {}; ///< the entry of its change; none: nothing is on its way
    bool changed = false;
    std::string trouble = {}; ///< why nothing has happened so far
    /// The member that is to be replaced, as it was when the leader first saw the wish; none: there was none.
    std::optional<storage_id> target = {};
    term_t asked_in = {};           ///< when it was asked whether this node still leads
    std::uint64_t read = 0;         ///< under which id; 0: answered
    std::uint64_t round_before = 0; ///< the newest read round then
    term_t confirmed_in = {};       ///< a majority said so, after the wish came
  };
  struct member_forward {
    answer_sink_actor sink;
    std::uint64_t id;
    std::int64_t deadline_ms;
    node_id to;
  };
  /// monostate: wait.
  using member_step = std::variant<std::monostate, member_outcome, raft::membership_change>;
  std::optional<member_outcome> advance(member_asker& asker);
  member_step next_step(member_asker& asker);
  member_step next_replacement(member_asker& asker, const member* m, const member* joiner);
  member_step moved_or_done(member_asker& asker, const member& m);
  bool still_leads(member_asker& asker);
  bool is_heard(const member& m) const;
  bool answers_now(const member_asker& asker, const node_id& id) const;
  member_outcome member_done(const member_asker& asker) const;
  void answer_member(const member_asker& asker, member_outcome outcome);

  self_pointer self_;
  raft_options options_;
  raft_peers peers_;
  std::optional<raft::core> core_;
  std::optional<snapshot_received> received_; ///< waits for the log to begin anew behind it
  std::optional<cluster_formed> forming_;     ///< the first entry is on its way to the disk
  caf::strong_actor_ptr formation_;
  std::map<node_id, peer_link_actor> links_;         ///< of nodes of the cluster whose link is up
  std::map<node_id, member> shown_;                  ///< what those say they are, and this node
  std::vector<member> joiners_;                      ///< heard, and wait to be added; bounded by the links
  std::pair<raft::log_position, bool> members_told_; ///< to the formation actor: where, and whether committed
  std::vector<member_asker> member_askers_;          ///< these two together bounded by member_askers_max
  std::map<std::uint64_t, member_forward> member_forwards_;
  static constexpr std::size_t member_askers_max = 64;
  std::uint64_t last_member_forward_ = 0;
  /// Who asks the core for read indexes, each under ids of its own: reads, searches and wishes for members.
  static constexpr std::uint64_t read_askers = 3;
  std::uint64_t next_member_read_ = read_askers;

  pending_writes writes_;
  pending_reads<routed_query> reads_;
  pending_reads<routed_search> searches_;
  search_parts search_parts_; ///< null: this node neither searches nor embeds
  search_status search_;      ///< as the indexer last reported
  index_t leads_from_;        ///< last log index when this node became leader
  bool told_leads_ = false;   ///< what the embedder knows
  answer_collector answers_;
  history_policy history_;
  memory_policy memory_;
  bool memory_warned_ = false;
  bool facts_asked_ = false;
  index_t alarm_entry_; ///< the newest entry that this leader proposed for its memory
  bool pump_pending_ = false;
  term_t seen_term_;
  node_id seen_leader_;

  log_condition log_;
  std::map<node_id, std::int64_t> full_peers_; ///< whose disk is full, and until when that is believed
  std::int64_t next_relief_ms_ = 0;            ///< when a snapshot may next be written to free the disk
  storage_facts facts_;
  snapshot_meta snapshot_;
  std::uint64_t applied_bytes_ = 0; ///< of entries since the last snapshot
  bool snapshot_running_ = false;
  std::vector<snapshot_asker> snapshot_askers_; ///< bounded by snapshot_askers_max
  static constexpr std::size_t snapshot_askers_max = 64;
  std::vector<transfer_asker> transfer_askers_; ///< bounded by transfer_askers_max
  static constexpr std::size_t transfer_askers_max = 64;
  supervisor_actor stopping_; ///< waits for this node to lead no more; null: nobody does

  tick now_;
  std::int64_t next_sweep_ms_ = 0;
  std::int64_t next_upkeep_ms_ = 0;
};

} // namespace troupe
