#pragma once

// Hands committed entries out for applying: in order, once, and never more bytes than agreed.

#include "base/entry.hpp"
#include "raft/log.hpp"
#include "raft/output.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace troupe::raft {

class apply_queue {
public:
  apply_queue(index_t applied, std::size_t bytes_max)
      : bytes_max_(bytes_max), handed_(applied), applied_(applied) {}

  /// Adds to `out` the entries that may go now, up to `limit`, or the request for them.
  void fill(output& out, const log& entries, index_t limit);
  void applied(index_t index);
  void loaded(const load_request& request, std::vector<entry> entries);
  /// Asked again at the next fill.
  void load_failed(const load_request& request);
  /// The state machine jumped to a snapshot.
  void reset(index_t index);

  index_t applied_index() const { return applied_; }
  index_t handed_index() const { return handed_; }

private:
  struct batch {
    index_t last;
    std::size_t bytes;
  };

  const std::size_t bytes_max_;
  index_t handed_; ///< everything up to here was handed out
  index_t applied_;
  std::deque<batch> unapplied_;
  std::size_t unapplied_bytes_ = 0;
  std::optional<load_request> loading_;
  std::vector<entry> loaded_; ///< arrived from disk; follow handed_
};

} // namespace troupe::raft
