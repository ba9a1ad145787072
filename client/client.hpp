#pragma once

// The client of a troupe for ordinary programs: blocking, any number of threads, no CAF in this header.
//
//   troupe::client::client store{{"127.0.0.1:7000", "127.0.0.1:7001", "127.0.0.1:7002"}};
//   if (auto done = store.put("greeting", "hello", troupe::media_type::text)) use(done->revision);
//
// Programs that are actors themselves use client/connection.hpp.

#include "client/failure.hpp"
#include "command/request.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::client {

/// PEM files, as nodes have them: a certificate of the cluster's own authority.
struct tls_files {
  std::string certificate;
  std::string key;
  std::string authority;
};

struct client_options {
  /// From call to return, give or take 0.3 s. At least 1 ms, at most 10 minutes.
  std::chrono::milliseconds timeout{10'000};
  std::optional<tls_files> tls; ///< none: plain TCP
  /// Moves to the leader when it can be reached. Else stays with the node it found, which forwards.
  bool prefer_leader = true;
  /// Tries the addresses in their order. Else begins with a random one.
  bool in_order = false;
};

/// A write happens only if what is given here holds; else failure_kind::conflict.
struct condition {
  std::optional<revision_t> mod_revision; ///< the key was last written at this revision
  bool absent = false;                    ///< the key does not exist
};

struct read_options {
  consistency mode = consistency::linearizable;
  std::optional<revision_t> at; ///< none: the newest
};

struct put_done {
  revision_t revision;
  bool created = false; ///< the key was absent before
};
struct erase_done {
  revision_t revision;
  bool deleted = false; ///< the key was there before
};
struct get_done {
  std::optional<key_value> found;
  revision_t revision; ///< that was read
};

/// Every write is repeated on other nodes until its time is up, and applied at most once all the same. All
/// functions may be called from any number of threads at once, but not during destruction. No call throws
/// anything but std::bad_alloc.
class client {
public:
  /// `endpoints` are peer ports of nodes, "host:port"; one that can be reached is enough, the others are
  /// learned from it. Wrong ones, or TLS files that cannot be used, make every call fail as invalid.
  explicit client(const std::vector<std::string>& endpoints, client_options options = {});
  /// Closes the session and the connections; at most about two seconds when nobody answers.
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// `embed`: the value can be found by meaning as soon as this returns; the node embeds it before it is
  /// written.
  result<put_done> put(std::string key, std::string_view value, media_type type = media_type::bytes,
                       const condition& when = {}, bool embed = false);
  result<get_done> get(std::string key, const read_options& options = {});
  result<erase_done> erase(std::string key, const condition& when = {});
  /// All or nothing, at one revision.
  result<revision_t> bulk(std::vector<put_operation> puts, std::vector<std::string> deletes = {});
  /// `succeeded` of the result tells which branch ran. Its results may have been left out: `truncated`.
  result<command_result> transact(transaction what, bool embed = false);
  /// One page: at most limit items and bytes_max bytes. next_page() tells how to go on.
  result<query_result> scan(range_query range, consistency mode = consistency::linearizable);
  /// The result's code is ok; what else it could be is a failure: invalid (with the part of the search that
  /// is wrong, or an index that the node does not keep), not_reached (the index stayed behind), cursor_gone.
  /// A cursor belongs to the node that this client was connected to, so pages want
  /// client_options::prefer_leader to be false.
  result<search_result> search(search_request what);
  /// As the node sees it that this client is connected to.
  result<cluster_status> status();
  /// Makes that node write a snapshot now and compact its log.
  result<snapshot_result> snapshot();
  /// Makes the leader hand over to the node `to`, or if empty to the voter that holds most of the log.
  result<transfer_result> transfer(node_id to = {});
  /// Changes the members; asked again after a lost answer, it does no more than once. A failure of kind
  /// conflict means that the cluster could not be changed so now: its detail says why.
  result<member_result> change_members(member_request wish);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

/// The query for what follows after a page, at the same revision; none when the page was the last.
std::optional<range_query> next_page(range_query range, const query_result& page);

} // namespace troupe::client
