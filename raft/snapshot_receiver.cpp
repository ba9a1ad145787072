#include "raft/snapshot_receiver.hpp"

namespace troupe::raft {

snapshot_receiver::verdict snapshot_receiver::receive(const install_snapshot& m) {
  if (installing_) return verdict::ignore;
  bool same = meta_ && *meta_ == m.meta;
  if (same && storing_to_ != offset_) return verdict::ignore;
  if (m.offset == 0 && !(same && offset_ > 0)) {
    meta_ = m.meta;
    offset_ = 0;
  } else if (!same || m.offset != offset_) {
    if (!same) abandon();
    return verdict::answer;
  }
  storing_to_ = offset_ + m.chunk.size();
  if (m.done) {
    installing_ = m.meta;
    abandon();
  }
  return verdict::store;
}

std::optional<std::uint64_t> snapshot_receiver::stored(const snapshot_meta& meta, std::uint64_t next_offset) {
  if (!meta_ || *meta_ != meta || storing_to_ == offset_ || next_offset != storing_to_) return std::nullopt;
  offset_ = storing_to_;
  return offset_;
}

bool snapshot_receiver::finish(const snapshot_meta& meta) {
  if (!installing_ || *installing_ != meta) return false;
  installing_.reset();
  return true;
}

bool snapshot_receiver::reject(const snapshot_meta& meta) {
  if (finish(meta)) return true;
  if (!meta_ || *meta_ != meta || storing_to_ == offset_) return false;
  abandon();
  return true;
}

void snapshot_receiver::abandon() {
  meta_.reset();
  offset_ = storing_to_ = 0;
}

} // namespace troupe::raft
