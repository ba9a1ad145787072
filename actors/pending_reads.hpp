#pragma once

// Linearizable reads and searches that wait for their read index. Those that arrive together share one id of
// the consensus core.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace troupe {

/// Bounded by count. One owner. `Routed` is routed_query or routed_search. Two that ask the same core have
/// ids of their own: the first id of each and a step as large as their number.
template <class Routed>
class pending_reads {
public:
  pending_reads(std::size_t count_max, std::uint64_t first_id, std::uint64_t step)
      : count_max_(count_max), next_id_(first_id), step_(step) {}

  bool full() const { return count_ >= count_max_; }

  /// Gathers a read for the next take_gathered().
  void gather(Routed q) {
    gathered_.push_back(std::move(q));
    ++count_;
  }
  /// The id under which everything gathered asks for its index; 0 when nothing was.
  std::uint64_t ask() {
    if (gathered_.empty()) return 0;
    auto id = std::exchange(next_id_, next_id_ + step_);
    asked_.emplace(id, std::exchange(gathered_, {}));
    return id;
  }
  /// The core answered.
  std::vector<Routed> take(std::uint64_t id) {
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
  std::vector<Routed> overdue(std::int64_t now_ms) {
    std::vector<Routed> out;
    expire(gathered_, now_ms, out);
    for (auto& [id, reads] : asked_)
      expire(reads, now_ms, out);
    count_ -= out.size();
    return out;
  }

private:
  static void expire(std::vector<Routed>& from, std::int64_t now_ms, std::vector<Routed>& out) {
    std::erase_if(from, [&](Routed& q) {
      bool over = q.deadline_ms <= now_ms;
      if (over) out.push_back(std::move(q));
      return over;
    });
  }

  std::size_t count_max_;
  std::size_t count_ = 0;
  std::uint64_t next_id_;
  std::uint64_t step_;
  std::vector<Routed> gathered_;
  std::map<std::uint64_t, std::vector<Routed>> asked_;
};

} // namespace troupe
