#include "storage/origin_table.hpp"

#include "command/limits.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

constexpr std::size_t words = limits::origin_window / 64;

bool test(const origin_window& w, std::uint64_t n) {
  auto place = n % limits::origin_window;
  return (w.bits[place / 64] >> (place % 64)) & 1;
}
void set(origin_window& w, std::uint64_t n) {
  auto place = n % limits::origin_window;
  w.bits[place / 64] |= std::uint64_t{1} << (place % 64);
}
void clear(origin_window& w, std::uint64_t n) {
  auto place = n % limits::origin_window;
  w.bits[place / 64] &= ~(std::uint64_t{1} << (place % 64));
}

/// Moves the window up to `number`; what enters it has not been applied.
void advance(origin_window& w, std::uint64_t number) {
  if (number - w.highest >= limits::origin_window)
    std::fill(w.bits.begin(), w.bits.end(), 0);
  else
    for (auto n = w.highest + 1; n <= number; ++n)
      clear(w, n);
  w.highest = number;
}

} // namespace

origin_window* origin_table::find_or_make(incarnation_t who, std::int64_t now_ms) {
  if (auto known = windows_.find(who); known != windows_.end()) return &known->second;
  // A process that is gone proposes nothing again. One that only could not reach the cluster may, so nothing
  // is forgotten before the room is needed.
  if (windows_.size() >= limits::origins_max)
    std::erase_if(windows_,
                  [&](auto& w) { return now_ms - w.second.last_used_ms >= limits::session_idle_ms; });
  if (windows_.size() >= limits::origins_max) return nullptr;
  auto& made = windows_[who];
  made.bits.resize(words);
  return &made;
}

origin_verdict origin_table::note(const origin& from, std::int64_t now_ms) {
  auto* w = find_or_make(from.incarnation, now_ms);
  if (!w) return origin_verdict::full;
  w->last_used_ms = now_ms;
  if (from.number > w->highest)
    advance(*w, from.number);
  else if (w->highest - from.number >= limits::origin_window)
    return origin_verdict::forgotten;
  else if (test(*w, from.number))
    return origin_verdict::repeated;
  set(*w, from.number);
  return origin_verdict::fresh;
}

result<void> origin_table::load(incarnation_t who, origin_window window, std::int64_t now_ms) {
  bool ordered = windows_.empty() || windows_.rbegin()->first < who;
  if (!ordered || windows_.size() >= limits::origins_max)
    return error{errc::corrupt, "origins out of order, or too many"};
  if (window.bits.size() != words || window.highest == 0 || !test(window, window.highest))
    return error{errc::corrupt, "an origin without its newest proposal"};
  if (window.last_used_ms < 0 || window.last_used_ms > now_ms)
    return error{errc::corrupt, "an origin out of its time"};
  windows_.emplace_hint(windows_.end(), who, std::move(window));
  return {};
}

} // namespace troupe::storage
