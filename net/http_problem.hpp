#pragma once

// Errors as RFC 9457 problem documents.

#include "net/http_message.hpp"

#include <string>
#include <string_view>

namespace troupe::net {

/// One kind of problem: its type is "urn:troupe:problem:" and the slug. docs/http.md lists all of them.
struct problem_kind {
  unsigned status;
  std::string_view slug;
  std::string_view title;
};

namespace problems {
inline constexpr problem_kind malformed_request{400, "malformed-request", "The request is malformed"};
inline constexpr problem_kind bad_parameter{400, "bad-parameter", "A query parameter is wrong"};
inline constexpr problem_kind bad_header{400, "bad-header", "A header is wrong"};
inline constexpr problem_kind bad_key{400, "bad-key", "The key is not acceptable"};
inline constexpr problem_kind malformed_json{400, "malformed-json", "The body is not valid JSON"};
inline constexpr problem_kind not_utf8{400, "not-utf8", "The text is not valid UTF-8"};
inline constexpr problem_kind bad_body{400, "bad-body", "The body does not say what it should"};
inline constexpr problem_kind bad_search{400, "bad-search", "The search does not say what it should"};
inline constexpr problem_kind search_off{400, "search-off", "This node does not keep that index"};
inline constexpr problem_kind no_such_route{404, "no-such-route", "There is nothing at this address"};
inline constexpr problem_kind key_not_found{404, "key-not-found", "The key does not exist"};
inline constexpr problem_kind method_not_allowed{405, "method-not-allowed", "This method does not work here"};
inline constexpr problem_kind request_timeout{408, "request-timeout", "The request came too slowly"};
inline constexpr problem_kind not_possible{409, "not-possible",
                                           "The state of the cluster does not allow this"};
inline constexpr problem_kind compacted{410, "compacted", "This revision has been compacted away"};
inline constexpr problem_kind cursor_gone{410, "cursor-gone", "The results of this cursor are gone"};
inline constexpr problem_kind length_required{411, "length-required", "A body with a known length is needed"};
inline constexpr problem_kind precondition_failed{412, "precondition-failed", "The condition does not hold"};
inline constexpr problem_kind too_large{413, "too-large", "The body is too large"};
inline constexpr problem_kind uri_too_long{414, "uri-too-long", "The key is too long"};
inline constexpr problem_kind unsupported_media_type{415, "unsupported-media-type",
                                                     "This kind of body is not understood"};
inline constexpr problem_kind expectation_failed{417, "expectation-failed", "This expectation cannot be met"};
inline constexpr problem_kind idempotency_conflict{422, "idempotency-conflict",
                                                   "The idempotency key was used for another request"};
inline constexpr problem_kind headers_too_large{431, "headers-too-large", "The headers are too large"};
inline constexpr problem_kind internal{500, "internal", "The node made a mistake"};
inline constexpr problem_kind not_implemented{501, "not-implemented",
                                              "The node does not know how to do this"};
inline constexpr problem_kind no_leader{503, "no-leader", "The cluster has no leader at the moment"};
inline constexpr problem_kind overloaded{503, "overloaded", "The node has too much to do"};
inline constexpr problem_kind stopping{503, "stopping", "The node is stopping"};
inline constexpr problem_kind disk_full{503, "disk-full", "The node has no space for writes"};
inline constexpr problem_kind not_ready{503, "not-ready", "The node is not ready"};
inline constexpr problem_kind memory_full{507, "memory-full", "The memory quota of the cluster is reached"};
inline constexpr problem_kind timed_out{504, "timed-out", "The read got no answer in time"};
inline constexpr problem_kind revision_not_reached{504, "revision-not-reached",
                                                   "This revision does not exist yet"};
inline constexpr problem_kind index_behind{504, "index-behind",
                                           "The index is not as fresh as the search asks"};
inline constexpr problem_kind outcome_unknown{504, "outcome-unknown",
                                              "The write may or may not have been applied"};
} // namespace problems

/// `headers` are further header lines, each ended by CRLF; `members` further members of the document, each
/// after a comma.
http_response problem(const problem_kind& kind, std::string_view detail, std::string headers = {},
                      std::string_view members = {});
/// A 503 or 507 that says when to come back: `retry_after_ms` rounded up to whole seconds, at least one.
http_response unavailable(const problem_kind& kind, std::string_view detail, std::uint32_t retry_after_ms);

} // namespace troupe::net
