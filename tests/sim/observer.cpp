#include "tests/sim/observer.hpp"

#include "base/checksum.hpp"
#include "raft/random.hpp"

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
}

void observer::resetting(const std::string& node, const log_reset& reset) {
  auto& n = nodes_[node];
  n.durable.given(reset);
  n.written.apply(reset);
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
  term_t previous;
  for (auto& e : batch.entries) {
    auto [found, is_new] = entries_.try_emplace({e.index, e.term}, known_entry{hash_of(e), previous});
    if (!is_new && found->second.hash != hash_of(e))
      violated("log matching: " + node + " writes another entry at " + place(e.index, e.term));
    auto& known = found->second.previous_term;
    if (!known) known = previous;
    if (previous && known != previous)
      violated("log matching: " + node + " has another term before " + place(e.index, e.term));
    // An old leader may still write what will never be committed; a later one has to hold what is.
    if (e.index.value <= committed_.size() && committed_[e.index.value - 1].term < e.term)
      violated("leader completeness: " + node + " writes " + place(e.index, e.term) +
               ", where an earlier term is committed");
    previous = e.term;
  }
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

void observer::committing(const std::string& leader, index_t commit, const std::vector<std::string>& voters) {
  auto& log = nodes_[leader].written;
  if (commit > log.last()) return violated(leader + " commits beyond its log");
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
    promise(durable.covers(append->index), "acknowledges index " + std::to_string(append->index.value));
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
