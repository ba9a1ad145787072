#include "tests/sim/observer.hpp"

#include "base/checksum.hpp"
#include "raft/random.hpp"

#include <algorithm>
#include <iterator>

namespace troupe::simulation {

namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return raft::random{a * 31 + b}.next();
}

std::uint64_t hash_of(const entry& e) {
  auto h = mix(e.term.value, e.index.value);
  h = mix(h, static_cast<std::uint64_t>(e.kind));
  h = mix(h, static_cast<std::uint64_t>(e.leader_time_ms));
  h = mix(h, e.from.incarnation.value);
  h = mix(h, e.from.number);
  return mix(h, crc32c(e.payload.view()));
}

std::string place(index_t index, term_t term) {
  return "index " + std::to_string(index.value) + " of term " + std::to_string(term.value);
}

} // namespace

void observer::restarted(const std::string& node, const raft::recovered* found) {
  auto& n = nodes_[node];
  if (auto wrong = n.durable.restarted(found); !wrong.empty()) violated("recovery: " + node + " " + wrong);
  n.written = n.durable;
  n.memberships.clear();
  if (!found) return;
  for (auto& m : found->memberships)
    n.memberships.insert(m.index);
}

void observer::resetting(const std::string& node, const log_reset& reset) {
  auto& n = nodes_[node];
  n.durable.given(reset);
  n.written.apply(reset);
  n.memberships.clear();
}

void observer::persisting(const std::string& node, const raft::persist_batch& batch) {
  auto& n = nodes_[node];
  if (batch.state) {
    auto& before = n.written.state();
    if (batch.state->term < before.term ||
        (batch.state->term == before.term && before.vote && batch.state->vote != before.vote))
      violated("one vote a term: " + node + " voted for " + before.vote.name + " in term " +
               std::to_string(before.term.value) + " and now for " + batch.state->vote.name);
  }
  n.durable.given(batch);
  n.written.apply(batch);
  if (batch.truncate_from)
    n.memberships.erase(n.memberships.lower_bound(*batch.truncate_from), n.memberships.end());
  term_t previous;
  for (auto& e : batch.entries) {
    writing(node, e, previous);
    if (e.kind == entry_kind::membership) n.memberships.insert(e.index);
    previous = e.term;
  }
}

void observer::writing(const std::string& node, const entry& e, term_t previous) {
  auto [found, is_new] = entries_.try_emplace({e.index, e.term}, known_entry{hash_of(e), previous});
  if (!is_new && found->second.hash != hash_of(e))
    violated("log matching: " + node + " writes another entry at " + place(e.index, e.term));
  auto& known = found->second.previous_term;
  if (!known) known = previous;
  if (previous && known != previous)
    violated("log matching: " + node + " has another term before " + place(e.index, e.term));
  // An old leader may still write what will never be committed; one of a term after the commit has to hold
  // what was committed.
  if (is_new && e.index.value <= committed_in_.size() && committed_in_[e.index.value - 1] < e.term)
    violated("leader completeness: " + node + " writes " + place(e.index, e.term) +
             ", where another entry was committed in term " +
             std::to_string(committed_in_[e.index.value - 1].value));
  auto leader = leaders_.find(e.term);
  if (is_new && e.kind == entry_kind::membership && leader != leaders_.end() && leader->second == node)
    changing_members(node, e);
}

/// Dissertation §4.1, and the mistake in it that its author announced later: a leader changes the members
/// only when it has committed an entry of its own term, since an earlier leader may have begun another
/// change.
void observer::changing_members(const std::string& leader, const entry& e) {
  auto& n = nodes_[leader];
  auto before = n.memberships.lower_bound(e.index);
  if (before != n.memberships.begin() && *std::prev(before) > majority_has_)
    violated("one change at a time: " + leader + " writes " + place(e.index, e.term) +
             " while the change before it is not committed");
  auto committed = n.written.term_at(majority_has_);
  if (committed && committed < e.term)
    violated("a change after an own entry: " + leader + " writes " + place(e.index, e.term) +
             " before it has committed anything in its term");
}

void observer::applying(const std::string& node, const std::vector<entry>& entries) {
  for (auto& e : entries) {
    auto at = e.index.value - 1;
    if (at > committed_.size())
      return violated("state machine safety: " + node + " applies " + place(e.index, e.term) +
                      " before anybody applied what is in front of it");
    if (at == committed_.size()) {
      committed_.push_back({e.term, hash_of(e)});
      continue;
    }
    if (committed_[at].term != e.term || committed_[at].hash != hash_of(e))
      violated("state machine safety: " + node + " applies another entry at " + place(e.index, e.term) +
               " than the one of term " + std::to_string(committed_[at].term.value) + " that was applied");
  }
}

void observer::leading(const std::string& node, term_t term) {
  auto [leader, is_new] = leaders_.try_emplace(term, node);
  if (!is_new && leader->second != node)
    violated("election safety: " + leader->second + " and " + node + " lead term " +
             std::to_string(term.value));
}

void observer::committing(const std::string& leader, term_t term, index_t commit,
                          const std::vector<std::string>& voters) {
  auto& log = nodes_[leader].written;
  if (commit > log.last()) return violated(leader + " commits beyond its log");
  // Copies of an older term's entry say nothing (paper §5.4.2): a later leader may replace it all the same.
  if (commit > std::max(majority_has_, log.snapshot()) && log.term_at(commit) != term)
    return violated("only its own term: " + leader + " of term " + std::to_string(term.value) + " commits " +
                    place(commit, log.term_at(commit)));
  for (auto index = std::max(majority_has_, log.snapshot()) + 1; index <= commit; ++index) {
    std::size_t durable = 0;
    for (auto& v : voters)
      durable += nodes_[v].durable.holds(index, log.term_at(index)) ||
                 nodes_[v].lost.holds(index, log.term_at(index));
    if (durable <= voters.size() / 2)
      return violated("durability: " + leader + " commits " + place(index, log.term_at(index)) +
                      ", which is durable on " + std::to_string(durable) + " of " +
                      std::to_string(voters.size()) + " nodes");
  }
  majority_has_ = std::max(majority_has_, commit);
  committed_in_.resize(majority_has_.value, term);
}

/// What is durable up to here is what this node has written in that term, not what stood there before.
bool observer::holds_as_written(const logs& node, index_t index, term_t term) {
  auto written = node.written.term_at(index);
  // What it wrote in a later term tells nothing about a message that was on its way by then.
  if (!written || node.written.state().term != term) return node.durable.covers(index);
  return node.durable.holds(index, written);
}

void observer::sending(const std::string& from, const std::string& to, const raft::message& m) {
  auto& durable = nodes_[from].durable;
  auto& state = durable.state();
  auto term = std::visit([](auto& body) { return body.term; }, m);
  bool pre_vote =
      std::holds_alternative<raft::pre_vote_request>(m) || std::holds_alternative<raft::pre_vote_response>(m);
  auto promise = [&](bool kept, const std::string& what) {
    if (!kept) violated("nothing leaves before it is durable: " + from + " " + what);
  };
  promise(pre_vote || state.term >= term, "speaks in term " + std::to_string(term.value));
  if (auto* vote = std::get_if<raft::vote_response>(&m); vote && vote->granted && state.term == term)
    promise(state.vote == node_id{to}, "votes for " + to);
  if (std::holds_alternative<raft::vote_request>(m) && state.term == term)
    promise(state.vote == node_id{from}, "campaigns");
  if (auto* append = std::get_if<raft::append_response>(&m); append && append->accepted)
    promise(holds_as_written(nodes_[from], append->index, term),
            "acknowledges index " + std::to_string(append->index.value));
  if (auto* install = std::get_if<raft::install_snapshot_response>(&m);
      install && install->status == raft::install_status::installed)
    promise(durable.covers(install->index), "acknowledges a snapshot");
}

void observer::state_reached(const std::string& node, index_t index, const std::string& digest) {
  auto [found, is_new] = states_.try_emplace(index, reached_state{digest, node});
  if (is_new) return;
  ++states_compared_;
  if (found->second.digest != digest)
    violated("equal states: " + node + " and " + found->second.node + " differ at index " +
             std::to_string(index.value));
}

} // namespace troupe::simulation
