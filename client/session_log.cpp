#include "client/session_log.hpp"

#include "command/limits.hpp"

#include <algorithm>

namespace troupe::client {

void session_log::begin(session_id session, std::int64_t now_ms) {
  session_ = session;
  next_ = sequence_t{1};
  waiting_.clear();
  used_ms_ = now_ms;
}

void session_log::end() {
  session_ = session_id{};
  waiting_.clear();
}

std::optional<session_stamp> session_log::stamp() {
  if (!open() || next_ - lowest() >= limits::session_results_max) return std::nullopt;
  const auto sequence = next_;
  ++next_;
  waiting_.insert(sequence);
  return session_stamp{session_, sequence, lowest()};
}

void session_log::settled(const session_stamp& stamp) {
  if (stamp.session == session_) waiting_.erase(stamp.sequence);
}

void session_log::used(const session_stamp& stamp, std::int64_t sent_ms) {
  if (stamp.session == session_) used_ms_ = std::max(used_ms_, sent_ms);
}

} // namespace troupe::client
