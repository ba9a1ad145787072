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

void observer::persisting(const std::string& node, const raft::persist_batch& batch) {
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

void observer::committed_at(const std::string& node, index_t commit, index_t last) {
  if (commit > last) violated(node + " commits beyond its log");
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
