#pragma once

// Why a call of a client has no result. The kinds differ in what the caller may conclude about the store.

#include <boost/system/result.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe::client {

enum class failure_kind : std::uint8_t {
  unavailable = 0, ///< certainly not applied: no node took it in time
  outcome_unknown, ///< a write that may or may not have been, or may yet be, applied; at most once
  conflict,        ///< the condition of the write did not hold, or the cluster could not be changed so;
                   ///< nothing was changed
  invalid,         ///< the request itself is wrong; nothing was changed
  timed_out,       ///< a read, or another request without effect, that got no answer in time
  compacted,       ///< the revision asked for has been compacted away
  not_reached,     ///< the revision asked for does not exist yet, or is not indexed yet
  cursor_gone,     ///< the node no longer keeps the results that the search was to go on in
};

/// Short stable name of a kind, for logs and messages: "outcome-unknown" and so on.
std::string_view to_string(failure_kind kind);

struct failure {
  failure_kind kind = failure_kind::unavailable;
  std::string detail; ///< one sentence for a person

  friend bool operator==(const failure&, const failure&) = default;
};

/// Thrown only by result<T>::value() when there is none: a bug in the caller.
[[noreturn]] inline void throw_exception_from_error(const failure& f, const boost::source_location&) {
  throw std::logic_error("unchecked failure: " + f.detail);
}

template <class T>
using result = boost::system::result<T, failure>;

} // namespace troupe::client
