// The side of the Raft actor that minds memory and disk: which writes are taken while one of them is short,
// and what is done about it.

#include "actors/raft_driver.hpp"
#include "command/codec.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

/// A node that said its disk is full says so again within this time, or it is so no longer.
constexpr std::int64_t condition_valid_ms = 3'000;
/// After a snapshot that was to free log space could not be written, or freed too little.
constexpr std::int64_t relief_period_ms = 10'000;

refusal full_disk() {
  return {refusal_kind::disk_full, 5'000, "the disk of the leader is full; the request was not applied"};
}
refusal full_memory() {
  return {refusal_kind::memory_full, 10'000,
          "the memory quota is reached; the request was not applied. Deletes are taken, and make room"};
}

} // namespace

refusal short_of(shortage what) {
  return what == shortage::disk ? full_disk() : what == shortage::memory ? full_memory() : overloaded();
}

/// What this node, as the leader, has too little of for this command. Looks into the command only while
/// something is short.
shortage raft_driver::lacks_for(const blob& command) const {
  if (!log_.disk_full && !facts_.memory_alarm) return shortage::none;
  auto decoded = decode_command(command.view());
  bool grows = !decoded || may_grow(*decoded);
  if (log_.disk_full && (grows || !log_.room)) return shortage::disk;
  return grows && facts_.memory_alarm ? shortage::memory : shortage::none;
}

/// Entries of the leader wait for space here, so this node neither applies what it is asked to nor learns of
/// anything new. While none wait it is as good as any.
bool raft_driver::takes_no_entries() const {
  if (!core_ || !log_.disk_full || log_.room) return false;
  auto s = core_->get_status();
  return s.role != raft::role_kind::leader && s.durable_index < s.last_index;
}

/// As far as this node was told.
bool raft_driver::is_full(const node_id& member) const {
  if (member == options_.self) return log_.disk_full;
  auto said = full_peers_.find(member);
  return said != full_peers_.end() && said->second > now_.steady_ms;
}

/// Early, at the node that is asked: it knows the alarm from the log, so nothing need travel.
bool raft_driver::refused_for_memory(const request& r, const write_request& w,
                                     const answer_sink_actor& sink) {
  if (!facts_.memory_alarm) return false;
  auto decoded = decode_command(w.command.view());
  if (decoded && !may_grow(*decoded)) return false;
  answers_.refuse(sink, r.id, full_memory());
  return true;
}

/// Proposes what the leader itself wants of every node. Refused is harmless: it is wanted again.
bool raft_driver::propose_upkeep(const command& c) {
  if (log_.disk_full && !log_.room) return false;
  std::vector<raft::proposal> batch;
  batch.push_back({entry_kind::command, origin{}, encode_command(c)});
  return core_->propose(std::move(batch), now_.steady_ms) == raft::refusal::none;
}

void raft_driver::ask_facts() {
  if (facts_asked_) return;
  facts_asked_ = true;
  self_->request(peers_.storage, caf::infinite, facts_request{}).then([this](const storage_facts& now) {
    facts_asked_ = false;
    facts_.logical_bytes = now.logical_bytes;
    watch_memory();
  });
}

/// Raises or clears the alarm, or gives up history. One entry at a time: what it does is known when it is
/// applied.
void raft_driver::watch_memory() {
  bool warned = memory_.warns(facts_.logical_bytes);
  if (warned != memory_warned_) {
    memory_warned_ = warned;
    auto percent = facts_.logical_bytes / (memory_.quota() / 100 + 1);
    if (warned)
      spdlog::warn("memory: {} logical bytes, {} percent of the quota", facts_.logical_bytes, percent);
    else
      spdlog::info("memory: {} logical bytes, {} percent of the quota", facts_.logical_bytes, percent);
  }
  if (core_->role() != raft::role_kind::leader || facts_.applied < alarm_entry_) return;
  auto due = memory_.alarms(facts_.logical_bytes, facts_.memory_alarm);
  if (due == facts_.memory_alarm) {
    // At once: a second of fast writes can be what lies between the two levels.
    if (memory_.sheds_history(facts_.logical_bytes, due)) shed_history();
    return;
  }
  command c;
  c.body = set_memory_alarm{due};
  if (!propose_upkeep(c)) return;
  alarm_entry_ = core_->last_index();
  if (due)
    spdlog::error("memory: the quota of {} bytes is reached, refusing writes that grow", memory_.quota());
  else
    spdlog::info("memory: below the quota again, taking all writes");
}

void raft_driver::shed_history() {
  if (facts_.compacted >= facts_.revision) return;
  command c;
  c.body = compact_history{facts_.revision};
  if (!propose_upkeep(c)) return;
  alarm_entry_ = core_->last_index();
  spdlog::debug("history: given up below revision {}", facts_.revision.value);
}

void raft_driver::on_log_condition(const log_condition& c) {
  bool changed = c.disk_full != log_.disk_full;
  log_ = c;
  if (!core_ || !changed) return;
  tell_condition();
  next_relief_ms_ = now_.steady_ms;
  relieve_disk();
}

/// To be said to one, when its link comes up, and to all.
void raft_driver::tell_condition(const peer_link_actor& link) {
  link_send out;
  out.messages.emplace_back(peer_condition{log_.disk_full});
  self_->send(link, std::move(out));
}
void raft_driver::tell_condition() {
  for (auto& [peer, link] : links_)
    tell_condition(link);
}

void raft_driver::on_peer_condition(const node_id& from, const peer_condition& c) {
  if (c.disk_full)
    full_peers_[from] = now_.steady_ms + condition_valid_ms;
  else
    full_peers_.erase(from);
}

/// While the disk is full: a snapshot lets the log behind it go, and a leader looks for a node that has
/// space.
void raft_driver::relieve_disk() {
  std::erase_if(full_peers_, [&](auto& p) { return p.second <= now_.steady_ms; });
  if (!log_.disk_full) return;
  if (!snapshot_running_ && facts_.applied > snapshot_.index && now_.steady_ms >= next_relief_ms_) {
    next_relief_ms_ = now_.steady_ms + relief_period_ms;
    snapshot_running_ = true;
    self_->send(peers_.snapshotter, snapshot_trigger{log_.disk_full});
  }
  if (core_->role() != raft::role_kind::leader || core_->handing_over_to()) return;
  auto s = core_->get_status();
  const raft::follower_status* heir = nullptr;
  for (auto& f : s.followers)
    if (f.voter && !f.snapshot && f.ticks_since_contact < options_.core.election_ticks_min &&
        !full_peers_.contains(f.id) && (!heir || f.match > heir->match))
      heir = &f;
  if (!heir || core_->hand_over(heir->id) != raft::handover::begun) return;
  spdlog::info("raft: handing over to {}, which has space on its disk", heir->id.name);
  want_pump();
}

} // namespace troupe
