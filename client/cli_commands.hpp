#pragma once

// The commands of the command line `troupe`. Results go to standard output, everything else to standard
// error.

#include "client/client.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::client {

/// Exit codes, documented in docs/cli.md.
enum class exit_code : int {
  ok = 0,
  no = 1,          ///< not found, a condition did not hold, or the cluster is not healthy
  invalid = 2,     ///< wrong use or wrong input; nothing was changed
  unavailable = 3, ///< no answer; certainly nothing was changed
  unknown = 4,     ///< a write that may or may not have been applied
};

struct cli_options {
  std::vector<std::string> endpoints;
  client_options client;
  bool json_output = false;

  std::string key;
  std::string node; ///< empty: any
  std::string peer; ///< of the node, when it has to be the one there; empty: any
  bool as_learner = false;
  std::uint64_t wait_ms = 600'000;  ///< for a new member to catch up
  std::optional<std::string> value; ///< none or "-": standard input
  std::string file;                 ///< empty: not given; "-": standard input
  bool value_is_json = false;
  bool value_is_bytes = false;
  bool if_absent = false;
  std::optional<std::uint64_t> if_revision;
  std::optional<std::uint64_t> revision;
  bool stale = false;
  bool embed = false;
  std::string prefix;
  std::optional<std::uint64_t> limit;
  bool keys_only = false;
  bool reverse = false;

  // Of a search; what is not given has its default there.
  std::optional<std::string> query;
  std::optional<std::string> mode;
  std::optional<std::string> filter;
  std::optional<std::string> cursor;
  std::vector<std::string> fields;
  std::vector<std::string> facets;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> min_revision;
  bool explain = false;
  bool paged = false;
  bool wait_vectors = false;
};

exit_code run_put(const cli_options& o);
exit_code run_get(const cli_options& o);
exit_code run_del(const cli_options& o);
exit_code run_bulk(const cli_options& o);
exit_code run_txn(const cli_options& o);
exit_code run_scan(const cli_options& o);
exit_code run_search(const cli_options& o);
exit_code run_status(const cli_options& o);
exit_code run_snapshot(const cli_options& o);
exit_code run_transfer(const cli_options& o);
exit_code run_member_add(const cli_options& o);
exit_code run_member_replace(const cli_options& o);
exit_code run_member_promote(const cli_options& o);
exit_code run_member_remove(const cli_options& o);
exit_code run_member_list(const cli_options& o);

/// The node that --node, or an argument, names: an id as a cluster file may have it.
result<node_id> node_of(const cli_options& o);

/// As the leader sees it, if that can be reached, else as the node that was asked does.
result<cluster_status> status_of_leader(const cli_options& o);

/// Prints a result; one that could not be shown is not a success, but what was done stays done.
exit_code show(std::string_view text, exit_code code = exit_code::ok);
/// Says why on standard error, and which exit code that is.
exit_code say(const cli_options& o, const failure& why);

} // namespace troupe::client
