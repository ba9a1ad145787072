#include "raft/machine.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"
#include "raft/message_check.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace troupe::raft {

std::string_view to_string(role_kind role) {
  switch (role) {
  case role_kind::follower: return "follower";
  case role_kind::pre_candidate: return "pre-candidate";
  case role_kind::candidate: return "candidate";
  case role_kind::leader: return "leader";
  }
  return "unknown role";
}

machine::machine(const settings& limits, node_id self, const recovered& from_disk, std::uint64_t seed)
    : limits_(limits), self_(std::move(self)), storage_(from_disk.storage), random_(seed),
      state_(from_disk.state), log_(from_disk, limits.tail_bytes_max), durability_(from_disk.last_index),
      apply_(from_disk.snapshot.index, limits.unapplied_bytes_max), questions_(random_.next()),
      commit_(from_disk.snapshot.index), log_time_(from_disk.leader_time_ms) {
  TROUPE_ASSERT(limits_.heartbeat_ticks > 0 && limits_.heartbeat_ticks < limits_.election_ticks_min &&
                    limits_.election_ticks_min < limits_.election_ticks_max,
                "heartbeat_ticks < election_ticks_min < election_ticks_max");
  TROUPE_ASSERT(limits_.inflight_messages_max > 0 && limits_.inflight_bytes_max > 0 &&
                    limits_.unapplied_bytes_max > 0 && limits_.read_rounds_max > 0 &&
                    limits_.snapshot_chunk_bytes > 0,
                "a limit of zero stops everything");
  TROUPE_ASSERT(state_.term >= log_.last_term() && state_.term >= log_.snapshot().term,
                "the hard state is older than the log");
  for (auto& e : from_disk.tail)
    log_time_.came(e.leader_time_ms);
  role_ = follower{commit_, commit_, false, 0};
  restart_election_timer();
  // A node that has never been in an election has acknowledged nobody's lease.
  if (log_.last_index() > index_t{1} || state_.term > term_t{1}) hold_ticks_ = limits_.silent_ticks_at_start;
  // A single voter has promised nothing to anybody who could lead: leaders that are no voters have no lease.
  if (may_campaign() && is_quorum({self_})) campaign();
}

void machine::tick(std::int64_t clock_ms) {
  log_time_.tick(clock_ms);
  if (hold_ticks_ > 0) --hold_ticks_;
  if (auto* role = std::get_if<leader>(&role_)) {
    tick_leader(*role);
    return;
  }
  questions_.tick(2 * limits_.heartbeat_ticks);
  // While a snapshot is being installed, the log is about to be replaced: no time to lead.
  if (++election_ticks_ >= election_timeout_ && may_elect() && may_campaign() && !receiver_.installing())
    campaign();
}

void machine::step(const node_id& from, message m) {
  // Not of members only: this node may not know yet that the sender is one (dissertation §4.1), and a leader
  // leads until its own removal is committed (§4.2.2).
  if (from == self_ || !is_well_formed(m)) return;
  if (!settle_terms(from, m)) return;
  std::visit(
      [&](auto& body) {
        using kind = std::decay_t<decltype(body)>;
        if constexpr (std::is_same_v<kind, pre_vote_request> || std::is_same_v<kind, vote_request>)
          answer(from, body);
        else
          std::visit([&](auto& role) { step(role, from, body); }, role_);
      },
      m);
}

template <class Role, class Message>
void machine::step(Role&, const node_id&, Message&) {}

/// Brings the node to the term of the message (paper §5.1), and says whether the message is to be handled.
bool machine::settle_terms(const node_id& from, const message& m) {
  auto term = std::visit([](auto& body) { return body.term; }, m);
  if (term < state_.term) {
    answer_past_term(from, m);
    return false;
  }
  if (term == state_.term) return true;
  // Asking, and agreeing to be asked, changes no term.
  if (std::holds_alternative<pre_vote_request>(m)) return true;
  if (auto* response = std::get_if<pre_vote_response>(&m); response && response->granted) return true;
  // A node that hears a leader does not let another one take its term, unless that leader wants it
  // (dissertation §4.2.3).
  if (auto* request = std::get_if<vote_request>(&m);
      request && !request->handed_over && (hears_leader() || !may_elect()))
    return false;
  bool from_leader = std::holds_alternative<append_request>(m) || std::holds_alternative<install_snapshot>(m);
  become_follower(term, from_leader ? from : node_id{});
  return true;
}

/// A sender of an earlier term learns of ours: a leader or candidate steps down, also when this node cannot
/// become one itself.
void machine::answer_past_term(const node_id& from, const message& m) {
  if (std::holds_alternative<append_request>(m) || std::holds_alternative<install_snapshot>(m))
    send(from, append_response{state_.term, false, {}, {}, {}, 0});
  else if (std::holds_alternative<pre_vote_request>(m))
    send(from, pre_vote_response{state_.term, false});
  else if (std::holds_alternative<vote_request>(m))
    send(from, vote_response{state_.term, false});
}

void machine::send(const node_id& to, message m) {
  if (durability_.state_is_durable() || deliberately(bug::vote_before_durable)) {
    next_.messages.push_back({to, std::move(m)});
    return;
  }
  // Any message may be lost, so of each kind only the newest is kept for a receiver.
  for (auto& e : held_)
    if (e.to == to && e.body.index() == m.index()) {
      e.body = std::move(m);
      return;
    }
  held_.push_back({to, std::move(m)});
}

void machine::set_hard_state(hard_state state) {
  TROUPE_ASSERT(state.term > state_.term || (state.term == state_.term && !state_.vote),
                "a vote is given once");
  state_ = std::move(state);
  durability_.set_state(state_);
  // What waited speaks for an earlier term or for not having voted.
  held_.clear();
}

void machine::persisted(std::uint64_t number, std::uint64_t state_number) {
  durability_.persisted(number, state_number);
  log_.evict(durability_.durable_index());
  if (!durability_.state_is_durable()) return;
  std::move(held_.begin(), held_.end(), std::back_inserter(next_.messages));
  held_.clear();
  if (std::holds_alternative<candidate>(role_))
    grant_own_vote();
  else if (auto* role = std::get_if<leader>(&role_))
    advance_commit(*role);
}

void machine::applied(index_t index) {
  // While a snapshot is being installed, the state machine may stand there already; snapshot_installed() will
  // say so. What was handed out counts all the same, or a rejected snapshot would leave it open for ever.
  apply_.applied(receiver_.installing() ? std::min(index, apply_.handed_index()) : index);
}

void machine::append(entry e) {
  if (std::holds_alternative<leader>(role_))
    log_time_.reached(e.leader_time_ms);
  else
    log_time_.came(e.leader_time_ms);
  log_.append(e);
  bool changes_members = e.kind == entry_kind::membership;
  durability_.append(std::move(e));
  if (auto* role = std::get_if<leader>(&role_); role && changes_members) sync_members(*role);
}

void machine::commit_to(index_t index) {
  TROUPE_ASSERT(index <= log_.last_index(), "committed what is not in the log");
  commit_ = std::max(commit_, index);
}

void machine::loaded(const load_request& request, std::vector<entry> entries) {
  if (!request.who) {
    apply_.loaded(request, std::move(entries));
    return;
  }
  auto* role = std::get_if<leader>(&role_);
  if (!role) return;
  auto found = role->others.find(request.who);
  if (found == role->others.end() || found->second.loading != request) return;
  auto& pr = found->second;
  pr.loading.reset();
  // An answer to an earlier life of this role may hold a suffix that has been replaced since.
  bool ours = !entries.empty() && entries.front().index == request.lo;
  for (auto& e : entries)
    ours = ours && log_.matches(e.index, e.term);
  if (ours && pr.at == progress::mode::stream) pr.loaded = std::move(entries);
}

void machine::load_failed(const load_request& request) {
  apply_.load_failed(request);
  auto* role = std::get_if<leader>(&role_);
  if (!role) return;
  auto found = role->others.find(request.who);
  if (found == role->others.end() || found->second.loading != request) return;
  auto& pr = found->second;
  pr.loading.reset();
  if (pr.at != progress::mode::stream) return;
  // Compacted: snapshot_written() has said so or will; until then the follower is probed at heartbeats.
  pr.become_probe(pr.match + 1);
  pr.probe_sent = true;
}

void machine::snapshot_written(const snapshot_meta& meta, index_t first_kept) {
  if (meta.index < log_.snapshot().index) return;
  TROUPE_ASSERT(meta.index <= apply_.handed_index(), "a snapshot of what was not applied");
  log_.compact(meta, first_kept);
}

void machine::unreachable(const node_id& peer) {
  if (auto* role = std::get_if<leader>(&role_)) {
    auto found = role->others.find(peer);
    if (found == role->others.end()) return;
    if (role->heir == peer) role->heir = {};
    auto& pr = found->second;
    if (pr.at == progress::mode::snapshot) {
      pr.transfer.at = snapshot_transfer::phase::idle;
    } else {
      pr.become_probe(pr.match + 1);
      pr.probe_sent = true; // again at the next heartbeat
    }
  } else if (peer == leader_) {
    become_follower(state_.term, {});
    // Its process is most likely gone. The pre-vote makes it harmless to be wrong.
    election_timeout_ =
        static_cast<unsigned>(random_.between(1, std::max(1u, limits_.election_ticks_min / 2)));
  }
}

output machine::take(std::int64_t clock_us) {
  TROUPE_ASSERT(limits_.lease_us == 0 || clock_us > 0, "a lease without a clock");
  if (auto* role = std::get_if<leader>(&role_)) {
    serve_reads(*role, clock_us);
    replicate(*role);
    tell_heir(*role);
    retire_if_removed();
  } else if (auto* role = std::get_if<follower>(&role_)) {
    answer_leader(*role);
  }
  next_.persist = durability_.take();
  // What a snapshot is about to replace is not worked on.
  if (!receiver_.installing()) apply_.fill(next_, log_, std::min(commit_, durability_.durable_index()));
  report_leadership();
  return std::exchange(next_, {});
}

void machine::report_leadership() {
  next_.leadership_changed =
      reported_.role != role() || reported_.term != state_.term || reported_.leader != leader_;
  if (!next_.leadership_changed) return;
  reported_.role = role();
  reported_.term = state_.term;
  reported_.leader = leader_;
}

status machine::get_status() const {
  status s;
  s.role = role();
  s.term = state_.term;
  s.leader = leader_;
  s.handing_over_to = handing_over_to();
  s.commit = commit_;
  s.applied = apply_.applied_index();
  s.first_index = log_.first_index();
  s.last_index = log_.last_index();
  s.durable_index = durability_.durable_index();
  s.members = log_.members();
  s.members_index = log_.members_index();
  auto* role = std::get_if<leader>(&role_);
  if (!role) return s;
  s.read_round = role->reads.newest();
  for (auto& [id, pr] : role->others)
    s.followers.push_back({id, pr.voter, pr.match, pr.ticks_since_contact, pr.at == progress::mode::snapshot,
                           pr.rounds.keeps_up, pr.round_acknowledged});
  return s;
}

} // namespace troupe::raft
