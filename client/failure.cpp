#include "client/failure.hpp"

namespace troupe::client {

std::string_view to_string(failure_kind kind) {
  switch (kind) {
  case failure_kind::unavailable: return "unavailable";
  case failure_kind::outcome_unknown: return "outcome-unknown";
  case failure_kind::conflict: return "conflict";
  case failure_kind::invalid: return "invalid";
  case failure_kind::timed_out: return "timed-out";
  case failure_kind::compacted: return "compacted";
  case failure_kind::not_reached: return "not-reached";
  case failure_kind::cursor_gone: return "cursor-gone";
  }
  return "unknown";
}

} // namespace troupe::client
