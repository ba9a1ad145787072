#pragma once

// What a cluster_status means for a person or a script: is it well, who is not, and how much may still fail.
// Pure; the command line and the HTTP interface say the same by it.

#include "command/request.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// A member that was not heard for so long is counted as unreachable.
inline constexpr std::int64_t unheard_after_ms = 2'000;
/// So many committed entries that a member does not hold durably are no longer what is on its way to it.
inline constexpr std::uint64_t behind_after_entries = 1'000;

enum class member_state {
  ok,
  behind, ///< heard, and short of what is committed: by more than behind_after_entries, or for longer than an
          ///< election time-out, in which a member that keeps up holds what was the end of the log before
  unreachable, ///< not heard
  catching_up, ///< a learner that is behind
  disk_full, ///< heard, and has no space for the log; what it still holds and how far it is counts as before
  unknown,   ///< only the leader knows
};

/// "ok", "behind", "unreachable", "catching up", "disk full", "unknown"
std::string_view to_string(member_state state);

struct member_health {
  node_id id;
  member_state state = member_state::unknown;
  std::uint64_t lag = 0; ///< committed entries that it does not hold durably; 0 when unknown
};

enum class cluster_state {
  healthy,
  degraded,    ///< it works, and something is to be done
  unavailable, ///< no leader is known where we asked, or the leader does not hear a majority
  unknown,     ///< seen from a node that does not lead: it has a leader, and that one knows the rest
};

/// "healthy", "degraded", "unavailable", "unknown"
std::string_view to_string(cluster_state state);

struct health {
  cluster_state state = cluster_state::unavailable;
  std::uint32_t voters = 0;
  std::uint32_t voters_ok = 0;
  std::uint32_t tolerates = 0; ///< so many more voters may fail; one with a full disk is counted on no more
  std::uint64_t index_lag = 0; ///< revisions that the asked node's indexes lack
  std::vector<std::string> problems;
  std::vector<member_health> members; ///< in the order of the status
  std::string summary;                ///< one line: "healthy: 3 of 3 voters, tolerates 1 failure"
};

health assess(const cluster_status& status);

} // namespace troupe
