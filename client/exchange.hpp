#pragma once

// The conversation of a client with a cluster, as a state machine: calls go in, requests come out, answers go
// in, results come out. It stamps writes with a session, repeats what may be repeated, and knows for each
// call whether it can have been applied. Pure: time is an argument, connections are numbers, no CAF.
//
// A write keeps its stamp for all its life, so a repeated one is applied once (Raft dissertation §6.3). A
// write is `unavailable` only if every copy that was ever sent was refused as certainly not applied; else it
// is `outcome_unknown`.

#include "client/call.hpp"
#include "client/session_log.hpp"
#include "command/limits.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace troupe::client {

struct exchange_options {
  /// Calls without a result; one more is refused as unavailable.
  std::size_t calls_max = 16'384;
  /// Bytes of writes without a result; one more write is refused as unavailable.
  std::size_t bytes_max = 256 * 1024 * 1024;
  /// Requests sent and not answered, and their bytes (one is sent in any case).
  std::size_t window_requests = limits::session_results_max;
  std::size_t window_bytes = 32 * 1024 * 1024;
  /// Bytes of writes in one batch (one is sent in any case).
  std::size_t batch_bytes = 2 * 1024 * 1024;
  /// A node answers every request in its time; this much later a client stops waiting for it.
  std::int64_t grace_ms = 200;
  /// Of requests that the exchange sends on its own: opening a session, asking for the status.
  std::int64_t own_timeout_ms = 3'000;
  /// A session that was not used for this long is not used any more.
  std::int64_t session_idle_ms = limits::session_idle_ms / 2;
};

/// All times are milliseconds of one monotone clock, never negative.
class exchange {
public:
  using call_id = std::uint64_t;
  using link_id = std::uint64_t; ///< a connection to a node; never 0, never reused

  explicit exchange(exchange_options options = {}) : options_(options) {}

  /// Its result comes out of take_finished() once, at most timeout_ms + grace_ms later if expire() is called
  /// often.
  call_id submit(call c, std::int64_t now_ms);

  /// From now on requests go to this link. What waits for answers on others goes on waiting there.
  void link_up(link_id link, std::int64_t now_ms);
  /// Nothing more comes from there. `why` is for people.
  void link_down(link_id link, const std::string& why);
  /// A sentence for calls that end because there was no link.
  void no_link(std::string why) { last_trouble_ = std::move(why); }
  /// What went wrong last: the sentence for calls that end without an answer.
  const std::string& trouble() const { return last_trouble_; }
  link_id link() const { return link_; }

  /// The next batch for link(), to be sent at once; empty when there is nothing to send now.
  std::vector<request> take_requests(std::int64_t now_ms);
  void receive(std::vector<answer> answers, std::int64_t now_ms);
  /// Ends what is overdue.
  void expire(std::int64_t now_ms);

  struct finished_call {
    call_id id;
    call_result result;
  };
  std::vector<finished_call> take_finished() { return std::exchange(finished_, {}); }

  /// Asks the node of the current link what it knows about the cluster, before all else.
  void ask_status() { status_wanted_ = true; }
  /// What the last asked node answered.
  std::optional<cluster_status> take_status() { return std::exchange(status_, std::nullopt); }
  /// The node of the current link cannot serve, or does not answer: better take another one.
  bool take_distrust() { return std::exchange(distrust_, false); }

  /// Something that another node could answer as well has waited on the current link for a quarter of its
  /// time, and no call was answered from there meanwhile.
  bool impatient(std::int64_t now_ms) const;
  /// What another node could answer as well is sent again on the current link instead of waiting on this one.
  /// What only that node can answer, or what is slow by nature, goes on waiting there.
  void move_calls(link_id from);
  /// Some call waits for an answer from there.
  bool waits_on(link_id link) const;

  /// Ends all calls, and the session: a last request comes out of take_requests() if there is one to close.
  void close(std::int64_t now_ms);
  /// There is nothing left to wait for.
  bool idle() const { return calls_.empty() && !closing_ && !close_request_; }
  /// Times need to be checked: expire() and take_requests() again soon.
  bool busy() const { return !idle() || status_request_ || open_request_; }

private:
  struct open_call {
    /// A transaction until it is stamped and encoded.
    std::variant<transaction, write_request, read_request, status_request, snapshot_now_request,
                 search_request, transfer_request, member_request>
        body;
    std::int64_t deadline_ms = 0;
    std::size_t bytes = 0;
    bool writes = false;
    bool embed = false;           ///< of a write
    bool bound = false;           ///< goes on where one node stands, so no other can answer it
    bool sent = false;            ///< at least once
    std::int64_t patience_ms = 0; ///< with one node; 0: to the end
    std::optional<session_stamp> stamp;
    unsigned doubts = 0; ///< copies of what changes something, sent and not refused as certainly not done
    std::uint64_t request = 0; ///< the copy that waits for its answer; 0: the call waits to be sent
    link_id link = 0;          ///< of that copy
    std::int64_t sent_ms = 0;  ///< of that copy
  };
  using call_map = std::map<call_id, open_call>;

  /// A request of the exchange's own.
  struct own_request {
    std::uint64_t id = 0;
    link_id link = 0;
    std::int64_t sent_ms = 0;
    std::int64_t deadline_ms = 0;
    explicit operator bool() const { return id != 0; }
  };

  request begin_own(own_request& own, decltype(request::body) body, std::int64_t now_ms);
  void take_own(std::vector<request>& out, std::int64_t now_ms);
  static bool changes_something(const open_call& c);
  bool prepare(open_call& c);
  bool transmit(std::set<call_id>& waiting, std::vector<request>& out, std::size_t& bytes,
                std::int64_t now_ms);
  bool receive_own(answer& a, std::int64_t now_ms);
  void opened(const answer& a, std::int64_t now_ms);
  void on_result(call_map::iterator place, command_result& r, std::int64_t now_ms);
  void on_refusal(call_map::iterator place, refusal& r, std::int64_t now_ms);
  void wait_again(call_map::iterator place, std::int64_t now_ms);
  void forget_copy(open_call& c);
  void give_up(call_map::iterator place, const std::string& why);
  void fail(call_map::iterator place, failure_kind kind, std::string detail);
  void finish(call_map::iterator place, call_result result);
  void pause(std::int64_t until_ms) { paused_until_ms_ = std::max(paused_until_ms_, until_ms); }

  exchange_options options_;
  session_log session_;
  call_map calls_;
  /// Calls to be sent, oldest first. A stamped write always stands before one that is not.
  std::set<call_id> waiting_writes_;
  std::set<call_id> waiting_others_;
  std::set<std::pair<std::int64_t, call_id>> deadlines_;
  std::map<std::uint64_t, call_id> requests_; ///< copies under way
  std::size_t bytes_ = 0;                     ///< of writes in calls_
  std::size_t window_bytes_ = 0;              ///< of writes in requests_

  link_id link_ = 0;             ///< 0: none
  std::int64_t answered_ms_ = 0; ///< when link_ came up, or last answered a call
  std::int64_t paused_until_ms_ = 0;
  own_request open_request_;
  own_request status_request_;
  own_request close_request_;
  bool status_wanted_ = false;
  bool closing_ = false; ///< the session is still to be closed
  bool distrust_ = false;
  std::optional<cluster_status> status_;
  std::string last_trouble_ = "no node has been reached yet";
  std::vector<finished_call> finished_;
  std::uint64_t last_call_ = 0;
  std::uint64_t last_request_ = 0;
};

} // namespace troupe::client
