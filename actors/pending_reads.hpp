#pragma once

// Linearizable reads that wait for their read index. Reads that arrive together share one id of the consensus
// core.

#include "messages/storage.hpp"

#include <map>
#include <utility>
#include <vector>

namespace troupe {

/// Bounded by count. One owner.
class pending_reads {
public:
  explicit pending_reads(std::size_t count_max) : count_max_(count_max) {}

  bool full() const { return count_ >= count_max_; }

  /// Gathers a read for the next take_gathered().
  void gather(routed_query q) {
    gathered_.push_back(std::move(q));
    ++count_;
  }
  /// The id under which everything gathered asks for its index; 0 when nothing was.
  std::uint64_t ask() {
    if (gathered_.empty()) return 0;
    asked_.emplace(++last_id_, std::exchange(gathered_, {}));
    return last_id_;
  }
  /// The core answered.
  std::vector<routed_query> take(std::uint64_t id) {
    auto found = asked_.find(id);
    if (found == asked_.end()) return {};
    auto out = std::move(found->second);
    asked_.erase(found);
    count_ -= out.size();
    return out;
  }
  /// The core could not tell; the reads are gathered again, to be asked when there is a leader.
  void failed(std::uint64_t id) {
    auto reads = take(id);
    for (auto& q : reads)
      gather(std::move(q));
  }
  std::vector<routed_query> overdue(std::int64_t now_ms) {
    std::vector<routed_query> out;
    expire(gathered_, now_ms, out);
    for (auto& [id, reads] : asked_)
      expire(reads, now_ms, out);
    count_ -= out.size();
    return out;
  }

private:
  static void expire(std::vector<routed_query>& from, std::int64_t now_ms, std::vector<routed_query>& out) {
    std::erase_if(from, [&](routed_query& q) {
      bool over = q.deadline_ms <= now_ms;
      if (over) out.push_back(std::move(q));
      return over;
    });
  }

  std::size_t count_max_;
  std::size_t count_ = 0;
  std::uint64_t last_id_ = 0;
  std::vector<routed_query> gathered_;
  std::map<std::uint64_t, std::vector<routed_query>> asked_;
};

} // namespace troupe
