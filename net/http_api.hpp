#pragma once

// HTTP as a translation: a request becomes a request of command/request.hpp or an immediate response, an
// answer becomes a response. No sockets, no actors, no state: everything here is a function of its arguments
// and can be tested as one. docs/http.md describes the interface; errors are RFC 9457 problem documents.

#include "command/codec.hpp"
#include "command/request.hpp"
#include "net/http_message.hpp"
#include "net/http_routes.hpp"

#include <functional>
#include <optional>
#include <string>
#include <variant>

namespace troupe::net {

struct api_options {
  command_bounds bounds{4 * 1024, 8 * 1024 * 1024, 16 * 1024 * 1024};
  std::uint32_t timeout_ms = 10'000;          ///< of reads and writes
  std::uint32_t ready_timeout_ms = 1'000;     ///< of the read behind /readyz
  std::uint32_t snapshot_timeout_ms = 60'000; ///< of POST /v1/snapshot
  std::uint32_t range_limit_default = 1'000;
  std::uint32_t range_limit_max = 10'000;
  std::uint32_t range_bytes_max = 1024 * 1024; ///< of keys and values on one page
  std::size_t json_depth_max = 128;            ///< nested arrays and objects, in values and in requests
  /// Values in the answer of one transaction, in bytes; beyond it the results are left out and the answer
  /// says so.
  std::size_t txn_answer_bytes_max = 32 * 1024 * 1024;
  /// Numbers in a vector that a client brings with a value; 0: this cluster takes none. any_dimension:
  /// whoever applies the write decides.
  std::uint32_t vector_dimension = 0;
  static constexpr std::uint32_t any_dimension = UINT32_MAX;
  /// Vectors are compared by their directions, so one whose numbers are all next to 0 has no use.
  bool vectors_by_direction = false;
  /// This node keeps a text index, so it is ready only when that can be asked.
  bool search_on = false;
  /// The text behind /metrics. None: the route answers 404.
  std::function<std::string()> metrics_text;
};

/// An If-Match or If-None-Match with one entity tag or `*`.
struct tag_condition {
  bool any = false; ///< `*`
  revision_t revision;
};

// What to remember between asking and answering, by kind of answer.
struct put_plan {
  std::string key;
  bool conditional;
};
struct delete_plan {
  std::string key;
  bool conditional;
};
struct get_plan {
  std::string key;
  bool envelope;
  std::optional<tag_condition> if_match;
  std::optional<tag_condition> if_none_match;
};
struct range_plan {
  std::string start; ///< of this page
  std::string end;
  std::uint32_t check; ///< of the whole query, for the next cursor
  bool keys_only;
  bool reverse;
};
struct bulk_plan {
  std::size_t count;
};
struct txn_plan {};
struct search_plan {
  bool values = true;
  bool highlights = true;
  bool paged = false;
  bool goes_on = false; ///< with a cursor: what its first page asked for is not known here
};
struct cluster_plan {};
struct snapshot_plan {};
struct transfer_plan {};
struct member_plan {
  std::string id;
};
struct ready_plan {};
using answer_plan =
    std::variant<put_plan, delete_plan, get_plan, range_plan, bulk_plan, txn_plan, search_plan, cluster_plan,
                 snapshot_plan, transfer_plan, member_plan, ready_plan>;

/// To be sent as a request with an id of the caller's.
struct http_call {
  decltype(request::body) body;
  std::uint32_t timeout_ms = 0;
  answer_plan plan;
};

struct translation {
  route_family family = route_family::unknown;
  std::variant<http_response, http_call> outcome;
};

/// Const and without hidden state, so any number of threads may share one. Throws nothing but std::bad_alloc.
class http_api {
public:
  explicit http_api(api_options options) : options_(std::move(options)) {}

  translation translate(http_request&& request) const;
  /// `body` is what came for the call with this plan.
  http_response render(const answer_plan& plan, decltype(answer::body)&& body) const;
  /// For a call whose answer never came. `stopping`: because this node shuts down, not because time ran out.
  static http_response render_lost(const answer_plan& plan, bool stopping);
  const api_options& options() const { return options_; }

private:
  api_options options_;
};

} // namespace troupe::net
