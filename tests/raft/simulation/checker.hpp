#pragma once

// Checks what Raft promises, from outside the code that has to keep it (figure 3 of the paper).

#include "raft/core.hpp"
#include "tests/raft/simulation/disk.hpp"

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace troupe::raft::simulation {

/// A broken promise; the message says which.
struct violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool condition, const std::string& what) {
  if (!condition) throw violation(what);
}

std::uint64_t hash_of(const entry& e);
/// The state after applying e to a state with this hash.
std::uint64_t next_state(std::uint64_t state, const entry& e);

class checker {
public:
  /// `before` is the node's written log before the batch.
  void persisting(const node_id& node, const persist_batch& batch, const image& before,
                  bool led_since_last_output);
  /// The node leads; called after every output of it. `voters` are the disks of all voters of the
  /// membership in effect there.
  void leading(const node_id& node, term_t term, index_t commit, const image& log,
               const std::vector<const disk*>& voters);
  void applying(const node_id& node, const std::vector<entry>& entries);
  void follows_commit(const node_id& node, index_t commit) const;
  /// A message leaves: all it promises must be durable.
  void sending(const node_id& node, const message& m, const node_id& to, const image& durable) const;
  void state_reached(const node_id& node, index_t index, std::uint64_t state) const;

  index_t committed() const { return index_t{committed_.size()}; }
  /// The largest index that any node has begun to apply: what clients may have been told of.
  index_t applied_anywhere() const { return applied_anywhere_; }

private:
  struct known_entry {
    std::uint64_t hash;
    term_t previous_term;
  };
  struct committed_entry {
    term_t term;
    std::uint64_t hash;
    std::uint64_t state; ///< after applying it
  };

  void complete(const node_id& node, term_t term, const image& log) const;

  std::map<term_t, node_id> leaders_;
  std::map<std::pair<index_t, term_t>, known_entry> entries_; ///< every entry ever written anywhere
  std::vector<committed_entry> committed_;                    ///< [i] is index i + 1
  index_t applied_anywhere_;
};

} // namespace troupe::raft::simulation
