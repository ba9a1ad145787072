#pragma once

// Which proposals have been applied, by the process that made them and its number: so that a node may propose
// a request again when it does not know whether the leader it sent it to got it into the log. This is the
// session of a node's gateways (Raft dissertation §6.3) reduced to what they need: the node answers a request
// when it first applies it, so no results are kept, and a bit a proposal is enough.
// docs/decisions/0002-proposing-again.md.
//
// Part of the replicated state: depends on nothing but origins and leader times in the log. Not thread-safe.

#include "base/entry.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace troupe::storage {

/// The newest window of one process's proposals.
struct origin_window {
  std::int64_t last_used_ms = 0;   ///< leader time
  std::uint64_t highest = 0;       ///< largest number applied
  std::vector<std::uint64_t> bits; ///< bit n % limits::origin_window of the ring: n was applied; for n in
                                   ///< (highest - limits::origin_window, highest]
};

enum class origin_verdict {
  fresh,     ///< not applied before; now noted as applied
  repeated,  ///< applied before
  forgotten, ///< too far below the highest: not known any more, so it must not be applied
  full,      ///< limits::origins_max processes proposed within limits::session_idle_ms
};

class origin_table {
public:
  /// Precondition: from.number != 0. `now_ms` never goes back.
  origin_verdict note(const origin& from, std::int64_t now_ms);

  const std::map<incarnation_t, origin_window>& windows() const { return windows_; }
  /// Restoring: windows by ascending incarnation into an empty table. errc::corrupt for what no table holds.
  result<void> load(incarnation_t who, origin_window window, std::int64_t now_ms);

private:
  origin_window* find_or_make(incarnation_t who, std::int64_t now_ms);

  std::map<incarnation_t, origin_window> windows_;
};

} // namespace troupe::storage
