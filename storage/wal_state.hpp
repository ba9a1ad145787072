#pragma once

// What the records of the log add up to: kept by the writer as it stages, and rebuilt by recovery as it
// reads. The same checks guard both, so that nothing is written that would be refused when it is read.

#include "base/entry.hpp"
#include "base/result.hpp"
#include "storage/segment.hpp"

#include <utility>
#include <vector>

namespace troupe::storage {

/// Every change fails with invalid_argument, changing nothing, when it breaks the rule stated at wal
/// (storage/wal.hpp).
class wal_state {
public:
  result<void> append(const entry& e);
  result<void> save(const hard_state& state);
  result<void> truncate_suffix(index_t from);
  result<void> point(const snapshot_pointer& pointer);

  /// The state a segment's head repeats; entries before it are unknown here.
  static wal_state from(const segment_head& head);
  /// The head of a segment that begins now. sequence, segment_bytes and previous_end are the caller's to fill
  /// in.
  segment_head head() const;

  const hard_state& hard() const { return hard_; }
  const snapshot_meta& snapshot() const { return snapshot_; }
  index_t first_kept() const { return first_kept_; }
  index_t last() const { return last_; }
  term_t last_term() const { return last_term_; }
  /// Entries up to here were in segments that are gone; must be below first_kept once a whole log was read.
  index_t missing_to() const { return missing_to_; }
  const std::vector<std::pair<index_t, term_t>>& term_runs() const { return term_runs_; }
  const membership& members() const { return memberships_.back().second; }
  /// Those of entries above the snapshot.
  std::vector<std::pair<index_t, membership>> later_memberships() const;
  index_t members_index() const { return memberships_.back().first; }

private:
  void drop_after(index_t last);
  void drop_terms_below_first();

  hard_state hard_;
  snapshot_meta snapshot_;
  index_t first_kept_{1};
  index_t last_;
  term_t last_term_; ///< 0 when it stood in a segment that is gone (only while recovery reads what is then
                     ///< truncated again)
  index_t missing_to_;
  std::vector<std::pair<index_t, term_t>> term_runs_; ///< known entries only; one element a change of term
  /// Never empty. The oldest is the newest at or before the snapshot; the others can still be truncated away.
  std::vector<std::pair<index_t, membership>> memberships_{{index_t{}, membership{}}};
};

} // namespace troupe::storage
