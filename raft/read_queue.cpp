#include "raft/read_queue.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace troupe::raft {

namespace {

void move_to_back(std::vector<std::uint64_t>& to, std::vector<std::uint64_t>&& from) {
  if (to.empty())
    to = std::move(from);
  else
    to.insert(to.end(), from.begin(), from.end());
}

} // namespace

void read_rounds::add_own(std::vector<std::uint64_t> ids) {
  own_reads_ += ids.size();
  auto own = std::find_if(waiting_.begin(), waiting_.end(), [](auto& g) { return !g.who; });
  if (own == waiting_.end())
    waiting_.push_back({{}, 0, std::move(ids)});
  else
    move_to_back(own->ids, std::move(ids));
}

void read_rounds::add_question(const node_id& who, std::uint64_t number) {
  auto same = std::find_if(waiting_.begin(), waiting_.end(), [&](auto& g) { return g.who == who; });
  if (same == waiting_.end())
    waiting_.push_back({who, number, {}});
  else
    same->number = number;
}

std::uint64_t read_rounds::start(index_t commit) {
  flying_.push_back({++newest_, {commit, std::exchange(waiting_, {})}});
  return newest_;
}

std::vector<read_group> read_rounds::take_waiting() {
  own_reads_ -= std::accumulate(waiting_.begin(), waiting_.end(), std::size_t{0},
                                [](auto sum, auto& group) { return sum + group.ids.size(); });
  return std::exchange(waiting_, {});
}

std::vector<read_rounds::confirmed> read_rounds::take_confirmed(std::uint64_t acknowledged_by_majority) {
  std::vector<confirmed> done;
  while (!flying_.empty() && flying_.front().number <= acknowledged_by_majority) {
    for (auto& group : flying_.front().content.groups)
      own_reads_ -= group.ids.size();
    done.push_back(std::move(flying_.front().content));
    flying_.pop_front();
  }
  return done;
}

std::vector<std::uint64_t> read_rounds::fail() {
  std::vector<std::uint64_t> ids;
  for (auto& r : flying_)
    for (auto& group : r.content.groups)
      move_to_back(ids, std::move(group.ids));
  for (auto& group : waiting_)
    move_to_back(ids, std::move(group.ids));
  flying_.clear();
  waiting_.clear();
  own_reads_ = 0;
  return ids;
}

void read_questions::add(std::vector<std::uint64_t> ids) {
  move_to_back(waiting_, std::move(ids));
}

std::optional<std::uint64_t> read_questions::ask() {
  if (asked_.empty() && !waiting_.empty()) {
    asked_ = std::exchange(waiting_, {});
    ++number_;
    send_ = true;
  }
  if (!std::exchange(send_, false)) return std::nullopt;
  ticks_since_asked_ = 0;
  return number_;
}

void read_questions::tick(unsigned ticks_max) {
  if (!asked_.empty() && ++ticks_since_asked_ >= ticks_max) send_ = true;
}

std::vector<std::uint64_t> read_questions::answered(std::uint64_t number) {
  if (asked_.empty() || number != number_) return {};
  send_ = false;
  return std::exchange(asked_, {});
}

std::vector<std::uint64_t> read_questions::fail() {
  auto ids = std::exchange(asked_, {});
  move_to_back(ids, std::exchange(waiting_, {}));
  send_ = false;
  return ids;
}

} // namespace troupe::raft
