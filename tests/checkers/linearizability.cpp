#include "tests/checkers/check.hpp"
#include "tests/checkers/component.hpp"
#include "tests/checkers/state_set.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace troupe::checkers {

namespace {

/// Looks for an order of one component's steps, depth first. A step may come next when no step that is still
/// left returned before its call. Orders that led to the same steps taken and the same state are the same
/// from there on, so each such pair is entered once.
class order_search {
public:
  enum class answer { found, none, limit };

  order_search(const component& part, bool with_hidden, const check_limits& limits, std::size_t& steps_left)
      : part_(part), limits_(limits), steps_left_(steps_left), state_(part.keys.size(), step_cell::absent) {
    link_events(with_hidden);
  }

  answer run() {
    enter();
    for (;;) {
      if (definite_left_ == 0) return answer::found;
      auto& top = frames_.back();
      if (top.next == top.end) {
        if (frames_.size() == 1) return answer::none;
        leave();
        continue;
      }
      if (steps_left_ == 0 || visited_.size() >= limits_.states_max) return answer::limit;
      --steps_left_;
      const auto chosen = candidates_[top.next++];
      const bool only_reads = part_.steps[chosen].only_reads();
      take(chosen);
      // A read is the only candidate of its frame, so that nothing is gained by remembering it.
      if (!only_reads && !visited_.insert(key_)) {
        undo(chosen);
        continue;
      }
      enter();
    }
  }

  /// Of an answer `none`: what no order got past.
  finding explain(const history& h) const {
    finding f{"linearizability", {}, furthest_.before};
    const auto& blocked = part_.steps[events_[furthest_.position].step];
    f.operations.push_back(blocked.source);
    for (const auto source : furthest_.pending)
      if (source != blocked.source) f.operations.push_back(source);
    f.what = "no order explains what was answered up to: " + describe(h.operations[blocked.source]);
    if (!furthest_.held.empty()) f.what += "; the farthest order had" + furthest_.held;
    return f;
  }

private:
  struct event {
    std::int64_t at;
    bool is_return;
    std::uint32_t step;
  };
  struct frame {
    std::size_t begin, next, end; ///< in candidates_
  };
  struct farthest {
    std::size_t position = 0;
    std::vector<std::size_t> before, pending;
    std::string held;
  };

  void link_events(bool with_hidden) {
    for (std::uint32_t i = 0; i < part_.steps.size(); ++i) {
      const auto& s = part_.steps[i];
      if (s.present == presence::definite) {
        events_.push_back({s.called, false, i});
        events_.push_back({s.returned, true, i});
        ++definite_left_;
      } else if (with_hidden || s.present == presence::optional) {
        optional_.push_back(i);
      }
    }
    // At equal times calls come first: such operations overlap.
    std::stable_sort(events_.begin(), events_.end(), [](const event& a, const event& b) {
      return std::pair(a.at, a.is_return) < std::pair(b.at, b.is_return);
    });
    std::stable_sort(optional_.begin(), optional_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return part_.steps[a].called < part_.steps[b].called;
    });
    place_.resize(part_.steps.size());
    next_.resize(events_.size() + 1);
    previous_.resize(events_.size() + 1);
    const auto end = static_cast<std::uint32_t>(events_.size());
    for (std::uint32_t i = 0; i <= end; ++i) {
      next_[i] = i == end ? 0 : i + 1;
      previous_[i] = i == 0 ? end : i - 1;
    }
    for (std::uint32_t i = 0; i < end; ++i)
      (events_[i].is_return ? place_[events_[i].step].second : place_[events_[i].step].first) = i;
    taken_.assign(part_.steps.size(), false);
  }

  /// The events still there form a ring; its head stands behind the last one.
  std::uint32_t head() const { return static_cast<std::uint32_t>(events_.size()); }
  void unlink(std::uint32_t place) {
    next_[previous_[place]] = next_[place];
    previous_[next_[place]] = previous_[place];
  }
  void relink(std::uint32_t place) {
    next_[previous_[place]] = place;
    previous_[next_[place]] = place;
  }

  void take(std::uint32_t index) {
    const auto& s = part_.steps[index];
    undo_marks_.push_back(undo_.size());
    if (!s.only_reads())
      for (const auto& c : s.writes)
        set(c.key, c.value);
    key_.flip_step(index);
    taken_[index] = true;
    if (s.present != presence::definite) return;
    --definite_left_;
    unlink(place_[index].first);
    unlink(place_[index].second);
  }

  void undo(std::uint32_t index) {
    if (part_.steps[index].present == presence::definite) {
      relink(place_[index].second);
      relink(place_[index].first);
      ++definite_left_;
    }
    taken_[index] = false;
    key_.flip_step(index);
    while (undo_.size() > undo_marks_.back()) {
      const auto [key, value] = undo_.back();
      undo_.pop_back();
      key_.flip_value(key, state_[key]);
      state_[key] = value;
      key_.flip_value(key, value);
    }
    undo_marks_.pop_back();
  }

  void set(std::uint32_t key, std::uint32_t value) {
    undo_.push_back({key, state_[key]});
    key_.flip_value(key, state_[key]);
    state_[key] = value;
    key_.flip_value(key, value);
  }

  bool changes_something(const step& s) const {
    return std::any_of(s.writes.begin(), s.writes.end(),
                       [&](const step_cell& c) { return state_[c.key] != c.value; });
  }

  /// Opens a frame with the steps that may come next.
  void enter() {
    const auto begin = candidates_.size();
    auto place = next_[head()];
    for (; place != head() && !events_[place].is_return; place = next_[place]) {
      const auto index = events_[place].step;
      if (!component::agrees(part_.steps[index], state_)) continue;
      if (part_.steps[index].only_reads()) {
        // Taking it now keeps everything else possible, so no other choice has to be tried.
        candidates_.resize(begin);
        candidates_.push_back(index);
        break;
      }
      candidates_.push_back(index);
    }
    const bool forced = candidates_.size() == begin + 1 && part_.steps[candidates_.back()].only_reads();
    if (!forced) {
      sort_by_hint(begin);
      if (place != head()) add_optional(events_[place].at);
    }
    frames_.push_back({begin, begin, candidates_.size()});
    if (place != head() && events_[place].is_return && place > furthest_.position) note_furthest(place);
  }

  void leave() {
    candidates_.resize(frames_.back().begin);
    frames_.pop_back();
    undo(candidates_[frames_.back().next - 1]);
  }

  void sort_by_hint(std::size_t begin) {
    std::stable_sort(candidates_.begin() + static_cast<std::ptrdiff_t>(begin), candidates_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
  }
  std::pair<std::uint64_t, std::int64_t> rank(std::uint32_t index) const {
    const auto& s = part_.steps[index];
    return {s.hint == 0 ? std::numeric_limits<std::uint64_t>::max() : s.hint, s.returned};
  }

  void add_optional(std::int64_t before) {
    for (const auto index : optional_) {
      const auto& s = part_.steps[index];
      if (s.called > before) return;
      if (!taken_[index] && component::agrees(s, state_) && changes_something(s))
        candidates_.push_back(index);
    }
  }

  void note_furthest(std::uint32_t place) {
    constexpr std::size_t shown_before = 5, shown_pending = 10;
    furthest_ = {place, {}, {}, {}};
    for (std::size_t i = frames_.size() - 1; i-- > 0 && furthest_.before.size() < shown_before;)
      furthest_.before.push_back(part_.steps[candidates_[frames_[i].next - 1]].source);
    std::reverse(furthest_.before.begin(), furthest_.before.end());
    for (auto p = next_[head()]; p != place && furthest_.pending.size() < shown_pending; p = next_[p])
      furthest_.pending.push_back(part_.steps[events_[p].step].source);
    const auto& s = part_.steps[events_[place].step];
    for (const auto* cells : {&s.reads, &s.expected})
      for (const auto& c : *cells)
        if (furthest_.held.size() < 200) {
          const auto& value = part_.value_names[state_[c.key]];
          furthest_.held += " '" + part_.keys[c.key].substr(0, 60) + "' " +
                            (value ? "= '" + value->substr(0, 60) + "'" : std::string("absent"));
        }
  }

  const component& part_;
  const check_limits& limits_;
  std::size_t& steps_left_;
  std::vector<std::uint32_t> state_;
  std::vector<event> events_;
  std::vector<std::uint32_t> optional_; ///< by call
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      place_; ///< of each step, its call and return in events_
  std::vector<std::uint32_t> next_, previous_;
  std::vector<bool> taken_;
  std::size_t definite_left_ = 0;
  std::vector<frame> frames_;
  std::vector<std::uint32_t> candidates_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> undo_;
  std::vector<std::size_t> undo_marks_;
  state_key key_;
  state_set visited_;
  farthest furthest_;
};

void check_part(const component& part, const history& h, const check_limits& limits, report& r) {
  const bool any_hidden = std::any_of(part.steps.begin(), part.steps.end(),
                                      [](const step& s) { return s.present == presence::hidden; });
  auto steps_left = limits.steps_max;
  // What nobody saw is rarely needed, and leaving it out keeps the search short.
  order_search plain{part, false, limits, steps_left};
  auto answer = plain.run();
  auto* last = &plain;
  std::optional<order_search> whole;
  if (answer == order_search::answer::none && any_hidden) {
    whole.emplace(part, true, limits, steps_left);
    answer = whole->run();
    last = &*whole;
  }
  if (answer == order_search::answer::none) r.add(last->explain(h));
  if (answer == order_search::answer::limit) {
    finding f{"limit", "the search for an order reached its limit; keys:", {}};
    for (std::size_t i = 0; i < part.keys.size() && i < 5; ++i)
      f.what += " '" + part.keys[i].substr(0, 60) + "'";
    r.add(std::move(f), verdict::undecided);
  }
}

} // namespace

report check_linearizability(const history& h, const check_limits& limits) {
  report r;
  for (const auto& part : split(h, r))
    check_part(part, h, limits, r);
  return r;
}

} // namespace troupe::checkers
