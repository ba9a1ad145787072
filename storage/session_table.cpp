#include "storage/session_table.hpp"

#include "base/assert.hpp"
#include "command/codec.hpp"
#include "command/limits.hpp"
#include "storage/state_machine_memory.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

auto place_of(std::deque<remembered_result>& results, sequence_t sequence) {
  // Numbers mostly arrive in order.
  if (results.empty() || results.back().sequence < sequence) return results.end();
  return std::lower_bound(results.begin(), results.end(), sequence,
                          [](const remembered_result& r, sequence_t s) { return r.sequence < s; });
}

} // namespace

void session_table::expire(std::int64_t now_ms) {
  while (!by_use_.empty() && now_ms - by_use_.front().last_used_ms >= limits::session_idle_ms)
    end(sessions_.find(by_use_.front().id));
}

bool session_table::open(session_id id, std::int64_t now_ms) {
  free_some(1);
  if (sessions_.size() >= limits::sessions_max) return false;
  by_use_.push_back({id, now_ms});
  sessions_.emplace_hint(sessions_.end(), id,
                         slot{std::make_shared<session_state>(), std::prev(by_use_.end())});
  return true;
}

bool session_table::close(session_id id) {
  auto place = sessions_.find(id);
  if (place == sessions_.end()) return false;
  end(place);
  return true;
}

void session_table::end(std::map<session_id, slot>::iterator place) {
  for (auto& r : place->second.state->results)
    result_bytes_ -= r.result.size();
  ended_.push_back(std::move(place->second.state));
  by_use_.erase(place->second.by_use);
  sessions_.erase(place);
}

/// A pin may share the state; then the table goes on with a copy of its own.
session_state& session_table::writable(slot& s) {
  if (s.state.use_count() > 1) s.state = std::make_shared<session_state>(*s.state);
  return *s.state;
}

session_table::admission session_table::admit(const session_stamp& stamp, std::int64_t now_ms) {
  auto place = sessions_.find(stamp.session);
  if (place == sessions_.end()) return {outcome::session_unknown};
  auto& slot = place->second;
  slot.by_use->last_used_ms = now_ms;
  by_use_.splice(by_use_.end(), by_use_, slot.by_use);
  if (stamp.lowest_outstanding > slot.state->lowest) {
    auto& state = writable(slot);
    state.lowest = stamp.lowest_outstanding;
    while (!state.results.empty() && state.results.front().sequence < state.lowest) {
      result_bytes_ -= state.results.front().result.size();
      state.results.pop_front();
    }
  }
  auto& state = *slot.state;
  if (stamp.sequence < state.lowest) return {outcome::sequence_forgotten};
  auto found = place_of(state.results, stamp.sequence);
  if (found != state.results.end() && found->sequence == stamp.sequence)
    return {outcome::applied, &found->result};
  if (stamp.sequence - state.lowest >= limits::session_results_max) return {outcome::too_many_outstanding};
  return {};
}

void session_table::remember_result(const session_stamp& stamp, const command_result& r) {
  auto place = sessions_.find(stamp.session);
  if (place == sessions_.end()) return;
  auto& state = writable(place->second);
  auto left = limits::session_results_bytes_max - std::min(limits::session_results_bytes_max, result_bytes_);
  auto remembered = remember(r, left);
  result_bytes_ += remembered.size();
  state.results.insert(place_of(state.results, stamp.sequence), {stamp.sequence, std::move(remembered)});
}

bool session_table::free_some(std::size_t work) {
  for (; work > 0 && !ended_.empty(); --work)
    ended_.pop_back();
  return !ended_.empty();
}

std::vector<captured_session> session_table::capture() const {
  std::vector<captured_session> all;
  all.reserve(sessions_.size());
  for (auto& [id, slot] : sessions_)
    all.push_back({id, slot.by_use->last_used_ms, slot.state});
  return all;
}

result<void> session_table::load(session_id id, std::int64_t last_used_ms, session_state state) {
  auto corrupt = [](const char* why) { return error{errc::corrupt, why}; };
  if (sessions_.size() >= limits::sessions_max) return corrupt("more sessions than there can be");
  if (!id || (!sessions_.empty() && id <= sessions_.rbegin()->first)) return corrupt("sessions out of order");
  if (!state.lowest) return corrupt("a session's numbers start at 1");
  sequence_t previous{};
  for (auto& r : state.results) {
    if (r.sequence < state.lowest || r.sequence - state.lowest >= limits::session_results_max ||
        r.sequence <= previous)
      return corrupt("remembered results out of order");
    if (r.result.size() > limits::remembered_result_bytes_max || !decode_result(r.result.view()))
      return corrupt("a remembered result is none");
    previous = r.sequence;
    result_bytes_ += r.result.size();
  }
  by_use_.push_back({id, last_used_ms});
  sessions_.emplace_hint(sessions_.end(), id,
                         slot{std::make_shared<session_state>(std::move(state)), std::prev(by_use_.end())});
  return {};
}

void session_table::finish_load() {
  // Which of two sessions of the same age comes first is of no consequence: they expire together.
  by_use_.sort([](const use& a, const use& b) { return a.last_used_ms < b.last_used_ms; });
}

} // namespace troupe::storage
