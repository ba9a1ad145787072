#include "raft/progress.hpp"

#include <algorithm>

namespace troupe::raft {

void inflight_window::sent(index_t last, std::size_t bytes) {
  sent_.push_back({last, bytes});
  bytes_ += bytes;
}

void inflight_window::acknowledged(index_t match) {
  while (!sent_.empty() && sent_.front().last <= match) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

void inflight_window::clear() {
  sent_.clear();
  bytes_ = 0;
}

void progress::become_probe(index_t next_index) {
  at = mode::probe;
  next = std::max(next_index, match + 1);
  probe_sent = false;
  ticks_since_probe = 0;
  inflight.clear();
  loaded.clear();
  transfer = {};
}

void progress::become_stream() {
  bool answered = at == mode::probe && probe_sent && probe_last > match;
  become_probe(match + 1);
  at = mode::stream;
  if (!answered) return;
  // The entries that went with the probe need not go again.
  next = probe_last + 1;
  inflight.sent(probe_last, probe_bytes);
}

void progress::become_snapshot() {
  become_probe(match + 1);
  at = mode::snapshot;
}

} // namespace troupe::raft
