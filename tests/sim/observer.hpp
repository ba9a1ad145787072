#pragma once

// Checks from outside what Raft promises (figure 3 of the paper) and that equal logs make equal states, by
// watching what the actors of all nodes say to each other.

#include "tests/sim/durable_image.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace troupe::simulation {

class observer {
public:
  /// The first thing that was found wrong; empty: nothing. Not thrown, since CAF would catch it.
  const std::string& violation() const { return violation_; }
  void violated(std::string what) {
    if (violation_.empty()) violation_ = std::move(what);
  }

  /// A node starts with what its disk held; null: no log.
  void restarted(const std::string& node, const raft::recovered* found);
  /// A node gets another disk.
  void forget(const std::string& node) {
    auto had = std::move(nodes_[node].durable);
    nodes_[node] = {};
    nodes_[node].lost = std::move(had);
  }
  /// A node writes this to its log.
  void persisting(const std::string& node, const raft::persist_batch& batch);
  void resetting(const std::string& node, const log_reset& reset);
  /// A node says what is durable.
  template <class Notice>
  void durable(const std::string& node, const Notice& notice) {
    nodes_[node].durable.durable(notice);
  }
  /// A message leaves: all it promises must be durable.
  void sending(const std::string& from, const std::string& to, const raft::message& m);
  /// Committed entries are on their way to a node's key space.
  void applying(const std::string& node, const std::vector<entry>& entries);
  void leading(const std::string& node, term_t term);
  /// What the leader of this term takes for committed is durable on a majority of these.
  void committing(const std::string& leader, term_t term, index_t commit,
                  const std::vector<std::string>& voters);
  /// A node's key space after an entry, as storage::state_machine::digest().
  void state_reached(const std::string& node, index_t index, const std::string& digest);

  index_t applied_anywhere() const { return index_t{committed_.size()}; }
  std::uint64_t states_compared() const { return states_compared_; }

private:
  struct logs {
    durable_image durable;
    durable_image written;
    std::set<index_t> memberships; ///< of `written`, above its snapshot
    durable_image lost; ///< what the disk before held: an acknowledgement of it may still be on its way
  };
  struct known_entry {
    std::uint64_t hash;
    term_t previous_term; ///< 0: not known
  };
  struct committed_entry {
    term_t term;
    std::uint64_t hash;
  };
  struct reached_state {
    std::string digest;
    std::string node;
  };

  void writing(const std::string& node, const entry& e, term_t previous);
  void changing_members(const std::string& leader, const entry& e);
  static bool holds_as_written(const logs& node, index_t index, term_t term);

  std::string violation_;
  std::map<std::string, logs> nodes_;
  index_t majority_has_;             ///< up to here it was checked
  std::vector<term_t> committed_in_; ///< [i]: the term in which index i + 1 was committed
  std::map<term_t, std::string> leaders_;
  std::map<std::pair<index_t, term_t>, known_entry> entries_; ///< every entry ever written anywhere
  std::vector<committed_entry> committed_;                    ///< [i] is index i + 1
  std::map<index_t, reached_state> states_;
  std::uint64_t states_compared_ = 0;
};

} // namespace troupe::simulation
