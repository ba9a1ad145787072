#include "tests/raft/simulation/checker.hpp"

#include "base/checksum.hpp"

#include <algorithm>

namespace troupe::raft::simulation {

namespace {

std::string number(index_t i) {
  return std::to_string(i.value);
}
std::string number(term_t t) {
  return std::to_string(t.value);
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  return random{a * 31 + b}.next();
}

} // namespace

std::uint64_t hash_of(const entry& e) {
  auto h = mix(e.term.value, e.index.value);
  h = mix(h, static_cast<std::uint64_t>(e.kind));
  h = mix(h, static_cast<std::uint64_t>(e.leader_time_ms));
  h = mix(h, e.from.number);
  return mix(h, crc32c(e.payload.view()));
}

std::uint64_t next_state(std::uint64_t state, const entry& e) {
  return mix(state, hash_of(e));
}

void checker::persisting(const node_id& node, const persist_batch& batch, const image& before,
                         bool led_since_last_output) {
  require(!led_since_last_output || !batch.truncate_from,
          "leader append-only: " + node.name + " cut its log");
  if (batch.truncate_from)
    require(*batch.truncate_from > before.snapshot.index, node.name + " truncates below its snapshot");
  for (std::size_t i = 0; i < batch.entries.size(); ++i) {
    auto& e = batch.entries[i];
    term_t previous;
    if (i > 0)
      previous = batch.entries[i - 1].term;
    else if (before.holds(e.index - 1))
      previous = before.at(e.index - 1).term;
    else if (e.index.value > 1) {
      require(before.snapshot.index == e.index - 1, node.name + " appends after a gap");
      previous = before.snapshot.term;
    }
    auto [found, is_new] = entries_.try_emplace({e.index, e.term}, known_entry{hash_of(e), previous});
    require(is_new || (found->second.hash == hash_of(e) && found->second.previous_term == previous),
            "log matching: two entries at index " + number(e.index) + " of term " + number(e.term));
  }
}

void checker::leading(const node_id& node, term_t term, index_t commit, const image& log,
                      const std::vector<const disk*>& voters) {
  auto [leader, is_new] = leaders_.try_emplace(term, node);
  require(leader->second == node,
          "election safety: " + leader->second.name + " and " + node.name + " lead term " + number(term));
  if (is_new) complete(node, term, log);
  require(commit <= log.last(), node.name + " commits beyond its log");
  for (auto index = committed() + 1; index <= commit; ++index) {
    require(log.holds(index), node.name + " committed an entry it does not hold");
    auto& e = log.at(index);
    std::size_t durable = 0;
    for (auto* d : voters) {
      auto& i = d->durable();
      durable += i.holds(index) ? i.at(index).term == e.term : i.snapshot.index >= index;
    }
    require(durable > voters.size() / 2,
            "index " + number(index) + " is committed but not durable on a majority");
    auto state = committed_.empty() ? 0 : committed_.back().state;
    committed_.push_back({e.term, hash_of(e), next_state(state, e)});
  }
}

void checker::complete(const node_id& node, term_t term, const image& log) const {
  for (auto index = log.before + 1; index <= committed(); ++index) {
    auto& c = committed_[index.value - 1];
    require(log.holds(index) && log.at(index).term == c.term && hash_of(log.at(index)) == c.hash,
            "leader completeness: " + node.name + " leads term " + number(term) +
                " without the committed index " + number(index));
  }
}

void checker::applying(const node_id& node, const std::vector<entry>& entries) {
  for (auto& e : entries) {
    require(e.index <= committed(),
            node.name + " applies index " + number(e.index) + ", which is not committed");
    auto& c = committed_[e.index.value - 1];
    require(c.term == e.term && c.hash == hash_of(e),
            "state machine safety: " + node.name + " applies another entry at index " + number(e.index));
    applied_anywhere_ = std::max(applied_anywhere_, e.index);
  }
}

void checker::follows_commit(const node_id& node, index_t commit) const {
  require(commit <= committed(), node.name + " believes in a commit index that no leader reached");
}

void checker::sending(const node_id& node, const message& m, const node_id& to, const image& durable) const {
  auto term = std::visit([](auto& body) { return body.term; }, m);
  bool pre_vote = std::holds_alternative<pre_vote_request>(m) || std::holds_alternative<pre_vote_response>(m);
  require(pre_vote || durable.state.term >= term, node.name + " speaks in a term that is not durable");
  if (auto* vote = std::get_if<vote_response>(&m); vote && vote->granted)
    require(durable.state == hard_state{term, to}, node.name + " gives a vote that is not durable");
  if (std::holds_alternative<vote_request>(m))
    require(durable.state == hard_state{term, node}, node.name + " campaigns without its own vote");
  if (auto* append = std::get_if<append_response>(&m); append && append->accepted)
    require(append->index <= durable.last() || append->index <= durable.snapshot.index,
            node.name + " acknowledges what is not durable");
  if (auto* install = std::get_if<install_snapshot_response>(&m);
      install && install->status == install_status::installed)
    require(install->index <= durable.last() || install->index <= durable.snapshot.index,
            node.name + " acknowledges a snapshot that is not durable");
}

void checker::state_reached(const node_id& node, index_t index, std::uint64_t state) const {
  if (index.value == 0) return;
  require(index <= committed() && committed_[index.value - 1].state == state,
          "state machine safety: " + node.name + " is in another state at index " + number(index));
}

} // namespace troupe::raft::simulation
