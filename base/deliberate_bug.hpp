#pragma once

// Bugs that can be switched on to see whether the tests notice: docs/testing.md lists them and how soon each
// is found. They exist only in a build configured with TROUPE_DELIBERATE_BUGS, which has no server in it;
// everywhere else deliberately() is the constant false and leaves nothing behind.

#include <array>
#include <string_view>
#include <utility>

namespace troupe {

enum class bug {
  none,
  vote_before_durable,          ///< votes and terms leave before the disk has them
  forget_vote_at_restart,       ///< recovery loses whom the node voted for
  vote_twice,                   ///< a second candidate of the same term gets a vote as well
  vote_for_shorter_log,         ///< paper §5.4.1 is left out
  count_minority,               ///< one node too few commits
  commit_old_term_by_counting,  ///< paper §5.4.2 is left out
  ack_before_durable,           ///< a follower acknowledges entries that its disk does not have
  late_durable_notice,          ///< what was written before a truncation counts for what replaced it
  ignore_failed_sync,           ///< a failed fdatasync is taken for a good one
  read_without_quorum,          ///< a leader answers reads without asking whether it still is one
  read_before_own_commit,       ///< a new leader answers reads before its no-op is committed
  read_before_applied,          ///< a read does not wait for its index
  doubt_called_refused,         ///< a write of unknown outcome is reported as certainly not applied
  repeat_session_request,       ///< a request that is sent again is applied again
  repeat_proposal,              ///< a proposal that is made again is applied again
  forget_sessions_in_snapshot,  ///< a snapshot has no sessions
  forget_origins_in_snapshot,   ///< a snapshot does not say which proposals were applied
  search_before_indexed,        ///< a linearizable search does not wait for the index
  index_misses_deletes,         ///< deleted values are found
  change_members_before_commit, ///< a new leader changes the members before it has committed anything
  change_members_twice,         ///< the members change again before the last change is committed
};

inline constexpr std::array bug_names{
    std::pair{bug::vote_before_durable, std::string_view{"vote_before_durable"}},
    std::pair{bug::forget_vote_at_restart, std::string_view{"forget_vote_at_restart"}},
    std::pair{bug::vote_twice, std::string_view{"vote_twice"}},
    std::pair{bug::vote_for_shorter_log, std::string_view{"vote_for_shorter_log"}},
    std::pair{bug::count_minority, std::string_view{"count_minority"}},
    std::pair{bug::commit_old_term_by_counting, std::string_view{"commit_old_term_by_counting"}},
    std::pair{bug::ack_before_durable, std::string_view{"ack_before_durable"}},
    std::pair{bug::late_durable_notice, std::string_view{"late_durable_notice"}},
    std::pair{bug::ignore_failed_sync, std::string_view{"ignore_failed_sync"}},
    std::pair{bug::read_without_quorum, std::string_view{"read_without_quorum"}},
    std::pair{bug::read_before_own_commit, std::string_view{"read_before_own_commit"}},
    std::pair{bug::read_before_applied, std::string_view{"read_before_applied"}},
    std::pair{bug::doubt_called_refused, std::string_view{"doubt_called_refused"}},
    std::pair{bug::repeat_session_request, std::string_view{"repeat_session_request"}},
    std::pair{bug::repeat_proposal, std::string_view{"repeat_proposal"}},
    std::pair{bug::forget_sessions_in_snapshot, std::string_view{"forget_sessions_in_snapshot"}},
    std::pair{bug::forget_origins_in_snapshot, std::string_view{"forget_origins_in_snapshot"}},
    std::pair{bug::search_before_indexed, std::string_view{"search_before_indexed"}},
    std::pair{bug::index_misses_deletes, std::string_view{"index_misses_deletes"}},
    std::pair{bug::change_members_before_commit, std::string_view{"change_members_before_commit"}},
    std::pair{bug::change_members_twice, std::string_view{"change_members_twice"}},
};

#ifdef TROUPE_DELIBERATE_BUGS
/// Which bug this process has. Set before anything else runs.
void choose_bug(bug which);
bool deliberately(bug which);
#else
constexpr bool deliberately(bug) {
  return false;
}
#endif

} // namespace troupe
