// What a leader sends to the others, at every take().

#include "raft/machine.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

namespace {

std::size_t cost(const std::vector<entry>& entries) {
  std::size_t bytes = 0;
  for (auto& e : entries)
    bytes += e.cost();
  return bytes;
}

} // namespace

void machine::replicate(leader& role) {
  for (auto& [id, pr] : role.others) {
    auto due = [&, &pr = pr] { return pr.ticks_since_sent >= limits_.heartbeat_ticks; };
    // With a heartbeat at the latest, and also when read rounds make heartbeats needless.
    auto overdue = due() || pr.ticks_since_probe >= limits_.heartbeat_ticks;
    if (pr.at == progress::mode::probe && (!pr.probe_sent || overdue)) send_probe(role, id, pr);
    if (pr.at == progress::mode::stream) stream(role, id, pr);
    if (pr.at == progress::mode::snapshot) push_snapshot(id, pr);

    bool streaming = pr.at == progress::mode::stream;
    // Heartbeats and rounds say nothing about the log of a node whose log is not known.
    auto previous = streaming ? pr.next - 1 : index_t{0};
    if (due() || role.reads.newest() > pr.round_sent) send_append(role, id, pr, previous, {}, true);
    // News of the commit index alone only when nothing is on its way that will be followed by more: a message
    // costs as much as a hundred entries, and heartbeats bring it at the latest.
    else if (streaming && commit_ > pr.commit_sent && commit_ == log_.last_index())
      send_append(role, id, pr, previous, {}, false);
  }
}

/// Asks whether the follower's log agrees up to next - 1, together with the entries that follow.
void machine::send_probe(const leader& role, const node_id& to, progress& pr) {
  if (pr.next < log_.first_index() || !log_.term(pr.next - 1)) {
    pr.become_snapshot();
    return;
  }
  std::vector<entry> entries;
  // One that has been silent for long gets none: it may never answer.
  bool silent = pr.ticks_since_contact >= limits_.election_ticks_min;
  if (!silent && pr.next <= log_.last_index() && pr.next >= log_.tail_first())
    entries = log_.slice(pr.next, log_.last_index(), limits_.append_bytes_max);
  pr.probe_sent = true;
  pr.ticks_since_probe = 0;
  pr.probe_last = pr.next - 1 + entries.size();
  pr.probe_bytes = cost(entries);
  pr.ticks_since_sent = 0;
  send_append(role, to, pr, pr.next - 1, std::move(entries), true);
}

void machine::stream(const leader& role, const node_id& to, progress& pr) {
  if (pr.next < log_.first_index() || !log_.term(pr.next - 1)) {
    pr.become_snapshot();
    return;
  }
  while (pr.next <= log_.last_index() &&
         pr.inflight.has_room(limits_.inflight_messages_max, limits_.inflight_bytes_max)) {
    auto entries = next_entries(to, pr);
    if (entries.empty()) return;
    auto previous = pr.next - 1;
    pr.next = entries.back().index + 1;
    pr.inflight.sent(entries.back().index, cost(entries));
    send_append(role, to, pr, previous, std::move(entries), true);
  }
}

/// One message's worth from pr.next on; empty if it has to come from disk first.
std::vector<entry> machine::next_entries(const node_id& to, progress& pr) {
  auto loaded = std::exchange(pr.loaded, {});
  if (!loaded.empty() && loaded.front().index == pr.next) return loaded;
  if (pr.next >= log_.tail_first()) return log_.slice(pr.next, log_.last_index(), limits_.append_bytes_max);
  if (!pr.loading) {
    pr.loading = load_request{to, pr.next, log_.tail_first() - 1, limits_.append_bytes_max};
    next_.load.push_back(*pr.loading);
  }
  return {};
}

void machine::send_append(const leader& role, const node_id& to, progress& pr, index_t previous,
                          std::vector<entry> entries, bool acknowledge) {
  // Also under a stream of entries there are heartbeats: those are answered at once, entries only when they
  // are durable.
  if (entries.empty() && acknowledge) pr.ticks_since_sent = 0;
  pr.commit_sent = commit_;
  pr.round_sent = role.reads.newest();
  auto previous_term = log_.term(previous);
  TROUPE_ASSERT(previous_term, "the term before the first entry sent is unknown");
  send(to, append_request{state_.term, previous, *previous_term, commit_, pr.round_sent, acknowledge,
                          std::move(entries), role.trust.usable()});
}

void machine::push_snapshot(const node_id& to, progress& pr) {
  auto& transfer = pr.transfer;
  // No disk is read for one that does not answer.
  if (transfer.at != snapshot_transfer::phase::idle || pr.ticks_since_contact >= limits_.election_ticks_min)
    return;
  transfer.at = snapshot_transfer::phase::awaiting_chunk;
  transfer.ticks_in_phase = 0;
  next_.snapshot_chunks.push_back({to, transfer.index, transfer.offset, limits_.snapshot_chunk_bytes});
}

void machine::snapshot_chunk(const snapshot_request& request, const snapshot_meta& meta,
                             std::uint64_t total_size, std::string bytes, bool done) {
  auto* role = std::get_if<leader>(&role_);
  if (!role) return;
  auto found = role->others.find(request.to);
  if (found == role->others.end()) return;
  auto& pr = found->second;
  auto& transfer = pr.transfer;
  if (pr.at != progress::mode::snapshot || transfer.at != snapshot_transfer::phase::awaiting_chunk ||
      transfer.index != request.index || transfer.offset != request.offset)
    return;
  TROUPE_ASSERT(meta.index.value != 0 && meta.index <= commit_, "a snapshot of what is not committed");
  if (transfer.index != meta.index) {
    transfer.index = meta.index;
    transfer.offset = 0;
  }
  transfer.at = snapshot_transfer::phase::awaiting_answer;
  transfer.ticks_in_phase = 0;
  send(request.to, install_snapshot{state_.term, meta, total_size, transfer.offset, std::move(bytes), done});
}

} // namespace troupe::raft
