#include "tests/checkers/order_search.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

namespace troupe::checkers {

order_search::order_search(const component& part, bool by_revision, const check_limits& limits,
                           std::size_t& steps_left)
    : part_(part), by_revision_(by_revision), limits_(limits), steps_left_(steps_left),
      state_(part.keys.size(), step_cell::absent) {
  since_taken_.push_back(0);
  list_events();
  list_optional();
  link_events();
}

order_search::answer order_search::run() {
  enter({});
  for (;;) {
    if (definite_left_ == 0) return answer::found;
    auto& top = frames_.back();
    if (top.next == top.end && !top.optional_added) add_optional();
    if (top.next == top.end) {
      if (frames_.size() == 1) return answer::none;
      leave();
      continue;
    }
    if (steps_left_ == 0 || visited_.size() >= limits_.states_max) return answer::limit;
    --steps_left_;
    const auto chosen = candidates_[top.next++];
    take(chosen);
    if (enters_new_place(chosen))
      enter(chosen);
    else
      undo(chosen);
  }
}

finding order_search::explain(const history& h) const {
  finding f{"linearizability", {}, furthest_.before};
  const auto& blocked = part_.steps[events_[furthest_.position].step];
  f.operations.push_back(blocked.source);
  for (const auto source : furthest_.pending)
    if (source != blocked.source) f.operations.push_back(source);
  f.what = "no order explains what was answered up to: " + describe(h.operations[blocked.source]);
  if (!furthest_.held.empty()) f.what += "; the farthest order had" + furthest_.held;
  return f;
}

void order_search::list_events() {
  for (std::uint32_t i = 0; i < part_.steps.size(); ++i) {
    const auto& s = part_.steps[i];
    if (!s.definite) continue;
    events_.push_back({s.called, false, i});
    events_.push_back({s.returned, true, i});
    ++definite_left_;
  }
  // At equal times calls come first: such operations overlap.
  std::stable_sort(events_.begin(), events_.end(), [](const event& a, const event& b) {
    return std::pair(a.at, a.is_return) < std::pair(b.at, b.is_return);
  });
}

void order_search::list_optional() {
  std::vector<std::uint32_t> optional;
  for (std::uint32_t i = 0; i < part_.steps.size(); ++i)
    if (!part_.steps[i].definite) optional.push_back(i);
  std::stable_sort(optional.begin(), optional.end(),
                   [&](auto a, auto b) { return part_.steps[a].called < part_.steps[b].called; });
  std::map<std::pair<std::vector<step_cell>, std::vector<step_cell>>, std::uint32_t> numbers;
  class_of_.resize(part_.steps.size());
  for (const auto i : optional) {
    const auto& s = part_.steps[i];
    const auto [number, fresh] =
        numbers.try_emplace({s.expected, s.writes}, static_cast<std::uint32_t>(classes_.size()));
    if (fresh) classes_.emplace_back();
    classes_[number->second].members.push_back(i);
    class_of_[i] = number->second;
  }
  used_.assign(classes_.size(), 0);
  used_numbers_.push_back(visited_.number(used_));
}

void order_search::link_events() {
  place_.resize(part_.steps.size());
  next_.resize(events_.size() + 1);
  previous_.resize(events_.size() + 1);
  for (std::uint32_t i = 0; i <= head(); ++i) {
    next_[i] = i == head() ? 0 : i + 1;
    previous_[i] = i == 0 ? head() : i - 1;
  }
  for (std::uint32_t i = 0; i < head(); ++i)
    (events_[i].is_return ? place_[events_[i].step].second : place_[events_[i].step].first) = i;
}

void order_search::unlink(std::uint32_t place) {
  next_[previous_[place]] = next_[place];
  previous_[next_[place]] = previous_[place];
}

void order_search::relink(std::uint32_t place) {
  next_[previous_[place]] = place;
  previous_[next_[place]] = place;
}

bool order_search::enters_new_place(std::uint32_t chosen) {
  // A step that only reads was the only candidate, so that nothing is gained by remembering where it led.
  if (part_.steps[chosen].only_reads()) return true;
  auto key = key_;
  if (!is_definite(chosen)) key.flip_pending(class_of_[chosen]);
  if (by_revision_) key.flip_since(since_taken_.back());
  return visited_.enter(key, used_numbers_.back());
}

void order_search::take(std::uint32_t index) {
  const auto& s = part_.steps[index];
  undo_marks_.push_back(undo_.size());
  if (!s.only_reads()) {
    for (const auto& c : s.writes)
      set(c.key, c.value);
    since_taken_.push_back(s.definite && s.revision != 0 ? 0 : since_taken_.back() + 1);
  }
  if (!is_definite(index)) {
    ++used_[class_of_[index]];
    used_numbers_.push_back(visited_.number(used_));
    return;
  }
  key_.flip_step(index);
  if (s.revision != 0) ++revisions_taken_;
  --definite_left_;
  unlink(place_[index].first);
  unlink(place_[index].second);
}

void order_search::undo(std::uint32_t index) {
  if (is_definite(index)) {
    relink(place_[index].second);
    relink(place_[index].first);
    ++definite_left_;
    if (part_.steps[index].revision != 0) --revisions_taken_;
    key_.flip_step(index);
  } else {
    --used_[class_of_[index]];
    used_numbers_.pop_back();
  }
  if (!part_.steps[index].only_reads()) since_taken_.pop_back();
  while (undo_.size() > undo_marks_.back()) {
    const auto [key, value] = undo_.back();
    undo_.pop_back();
    key_.flip_value(key, state_[key]);
    state_[key] = value;
    key_.flip_value(key, value);
  }
  undo_marks_.pop_back();
}

void order_search::set(std::uint32_t key, std::uint32_t value) {
  undo_.push_back({key, state_[key]});
  key_.flip_value(key, state_[key]);
  state_[key] = value;
  key_.flip_value(key, value);
}

void order_search::enter(std::optional<std::uint32_t> last) {
  const bool after_optional = last && !is_definite(*last) && !is_before_known_revision();
  const auto begin = candidates_.size();
  bool forced = false;
  auto place = next_[head()];
  for (; place != head() && !events_[place].is_return; place = next_[place]) {
    const auto index = events_[place].step;
    const auto& s = part_.steps[index];
    if (!agrees(s, state_)) continue;
    if (s.only_reads()) {
      candidates_.resize(begin);
      candidates_.push_back(index);
      forced = true;
      break;
    }
    if (is_in_turn(s) && (!after_optional || touches(part_.steps[*last], s))) candidates_.push_back(index);
  }
  if (!forced && place != head()) {
    std::stable_sort(candidates_.begin() + static_cast<std::ptrdiff_t>(begin), candidates_.end(),
                     [&](auto a, auto b) { return rank(a) < rank(b); });
    if (place > furthest_.position) note_furthest(place);
  }
  frames_.push_back({begin, begin, candidates_.size(), forced});
}

bool order_search::is_in_turn(const step& s) const {
  if (!is_before_known_revision()) return true;
  const auto& next = part_.revisions[revisions_taken_];
  if (s.definite && s.revision != 0) return s.revision == next.revision;
  return since_taken_.back() < next.free_before;
}

void order_search::leave() {
  candidates_.resize(frames_.back().begin);
  frames_.pop_back();
  undo(candidates_[frames_.back().next - 1]);
}

const step* order_search::next_of(const step_class& c, std::int64_t before) const {
  const auto used = used_[static_cast<std::size_t>(&c - classes_.data())];
  if (used == c.members.size() || part_.steps[c.members[used]].called > before) return nullptr;
  return &part_.steps[c.members[used]];
}

void order_search::add_optional() {
  auto& top = frames_.back();
  top.optional_added = true;
  auto first_return = next_[head()];
  while (first_return != head() && !events_[first_return].is_return)
    first_return = next_[first_return];
  if (first_return == head()) return;
  for (const auto& c : classes_) {
    const auto* s = next_of(c, events_[first_return].at);
    if (!s || !is_in_turn(*s) || !agrees(*s, state_) || !changes(*s, state_)) continue;
    const auto index = static_cast<std::uint32_t>(s - part_.steps.data());
    if (is_before_known_revision() || serves_any(index, first_return)) candidates_.push_back(index);
  }
  top.end = candidates_.size();
}

bool order_search::serves_any(std::uint32_t index, std::uint32_t first_return) const {
  const auto& s = part_.steps[index];
  for (auto place = next_[head()]; place != first_return; place = next_[place])
    if (serves(s, part_.steps[events_[place].step], state_)) return true;
  return std::any_of(classes_.begin(), classes_.end(), [&](const step_class& c) {
    const auto* other = next_of(c, events_[first_return].at);
    return other && other != &s && serves(s, *other, state_);
  });
}

/// Writes whose revision is known go by it, those of unknown outcome last.
std::pair<std::uint64_t, std::int64_t> order_search::rank(std::uint32_t index) const {
  const auto& s = part_.steps[index];
  return {s.revision == 0 ? std::numeric_limits<std::uint64_t>::max() : s.revision, s.returned};
}

void order_search::note_furthest(std::uint32_t place) {
  constexpr std::size_t shown_before = 5, shown_pending = 10, shown_bytes = 200;
  furthest_ = {place, {}, {}, {}};
  for (auto i = frames_.size(); i-- > 0 && furthest_.before.size() < shown_before;)
    furthest_.before.push_back(part_.steps[candidates_[frames_[i].next - 1]].source);
  std::reverse(furthest_.before.begin(), furthest_.before.end());
  for (auto p = next_[head()]; p != place && furthest_.pending.size() < shown_pending; p = next_[p])
    furthest_.pending.push_back(part_.steps[events_[p].step].source);
  const auto& s = part_.steps[events_[place].step];
  for (const auto* cells : {&s.reads, &s.expected})
    for (const auto& c : *cells)
      if (furthest_.held.size() < shown_bytes) {
        const auto& value = part_.value_names[state_[c.key]];
        furthest_.held += " '" + part_.keys[c.key].substr(0, 60) + "' " +
                          (value ? "= '" + value->substr(0, 60) + "'" : std::string("absent"));
      }
}

} // namespace troupe::checkers
