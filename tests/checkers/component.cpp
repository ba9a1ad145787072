#include "tests/checkers/component.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

namespace troupe::checkers {

namespace {

bool is_of_the_map(operation_kind kind) {
  return kind != operation_kind::append && kind != operation_kind::list && kind != operation_kind::search;
}

/// A transaction that only deletes takes a revision only if something was there, which it does not tell.
bool takes_a_revision(const operation& op) {
  return op.matched &&
         (op.kind == operation_kind::erase ||
          std::any_of(op.writes.begin(), op.writes.end(), [](const cell& c) { return c.value.has_value(); }));
}

bool counts(const operation& op) {
  if (!is_of_the_map(op.kind) || op.outcome == outcome_kind::failed) return false;
  return op.outcome == outcome_kind::ok || (op.matched && !op.writes.empty());
}

/// Numbers for keys, and which of them belong together: union-find with path halving.
class key_groups {
public:
  std::size_t number(std::string_view key) {
    const auto [place, fresh] = numbers_.try_emplace(key, parents_.size());
    if (fresh) parents_.push_back(parents_.size());
    return place->second;
  }
  std::size_t root(std::size_t key) {
    while (parents_[key] != key)
      key = parents_[key] = parents_[parents_[key]];
    return key;
  }
  void join(std::size_t a, std::size_t b) { parents_[root(a)] = root(b); }
  std::size_t size() const { return parents_.size(); }

private:
  std::map<std::string_view, std::size_t> numbers_;
  std::vector<std::size_t> parents_;
};

/// Fills one component: gives its keys and values their numbers.
class builder {
public:
  step_cell number(const cell& c) {
    step_cell out;
    const auto [key, fresh_key] = keys_.try_emplace(c.key, static_cast<std::uint32_t>(part.keys.size()));
    if (fresh_key) part.keys.push_back(c.key);
    out.key = key->second;
    if (c.anything) {
      out.value = step_cell::anything;
    } else if (c.value) {
      const auto [value, fresh] =
          values_.try_emplace(*c.value, static_cast<std::uint32_t>(part.value_names.size()));
      if (fresh) part.value_names.push_back(c.value);
      out.value = value->second;
    }
    return out;
  }

  void add(const operation& op, std::size_t source) {
    step s = frame(op, source);
    for (const auto& c : op.expected)
      s.expected.push_back(number(c));
    for (const auto& c : op.writes)
      s.writes.push_back(number(c));
    for (const auto& c : op.reads) {
      s.reads.push_back(number(c));
      note_revision(s.reads.back(), c.revision);
    }
    part.steps.push_back(std::move(s));
  }

  /// A final read comes when nothing changes any more, so that each of its keys may be looked at alone.
  void add_read(const operation& op, std::size_t source, const cell& c) {
    step s = frame(op, source);
    s.reads = {number(c)};
    note_revision(s.reads.back(), c.revision);
    part.steps.push_back(std::move(s));
  }

  std::uint64_t revision_of(const step_cell& c) const {
    const auto found = revisions_.find({c.key, c.value});
    return found == revisions_.end() ? 0 : found->second;
  }

  component part{{}, {}, {}, {std::nullopt}};

private:
  static step frame(const operation& op, std::size_t source) {
    step s;
    s.source = source;
    s.called = op.called;
    s.returned = op.returned;
    s.definite = op.outcome == outcome_kind::ok;
    s.matched = op.matched;
    if (s.definite && takes_a_revision(op)) s.revision = op.revision;
    return s;
  }

  void note_revision(const step_cell& c, std::uint64_t revision) {
    if (revision != 0) revisions_.try_emplace({c.key, c.value}, revision);
  }

  std::map<std::string_view, std::uint32_t> keys_, values_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> revisions_;
};

/// Finds the writes of unknown outcome that somebody saw.
class unknown_writes {
public:
  unknown_writes(builder& b, report& r)
      : builder_(b), steps_(b.part.steps), report_(r), settled_(b.part.steps.size(), false) {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (!steps_[i].only_reads())
        for (const auto& c : steps_[i].writes)
          if (c.value != step_cell::absent) writers_[{c.key, c.value}].push_back(i);
  }

  void settle() {
    for (std::size_t i = 0; i < steps_.size(); ++i)
      if (steps_[i].definite) waiting_.push_back(i);
    while (!waiting_.empty()) {
      const auto i = waiting_.back();
      waiting_.pop_back();
      for (const auto& c : steps_[i].reads)
        seen(c, i);
      if (steps_[i].matched)
        for (const auto& c : steps_[i].expected)
          seen(c, i);
    }
    blur_what_nobody_names();
  }

private:
  /// Its only writer took place before `by` returned. That may become earlier and earlier; each time, what
  /// the writer itself had seen is looked at again.
  void seen(const step_cell& c, std::size_t by) {
    const auto found = writers_.find({c.key, c.value});
    if (found == writers_.end() || found->second.size() != 1) return;
    const auto index = found->second.front();
    auto& writer = steps_[index];
    if (writer.definite && (!settled_[index] || writer.returned <= steps_[by].returned)) return;
    if (index == by) return;
    if (steps_[by].returned < writer.called) {
      report_.add(
          {"linearizability", "a value was seen before it was written", {steps_[by].source, writer.source}});
      return;
    }
    writer.definite = true;
    writer.returned = steps_[by].returned;
    writer.revision = builder_.revision_of(c);
    settled_[index] = true;
    waiting_.push_back(index);
  }

  /// A value that no step reads or compares is as good as any other such value: they become one, so that
  /// steps which differ in nothing else are seen to be equal.
  void blur_what_nobody_names() {
    std::vector<bool> named(builder_.part.value_names.size(), false);
    for (const auto& s : steps_)
      for (const auto* cells : {&s.expected, &s.reads})
        for (const auto& c : *cells)
          if (c.value != step_cell::anything) named[c.value] = true;
    const auto unnamed = static_cast<std::uint32_t>(named.size());
    builder_.part.value_names.push_back("(a value that nobody saw)");
    for (auto& s : steps_)
      for (auto& c : s.writes)
        if (!s.definite && c.value != step_cell::absent && !named[c.value]) c.value = unnamed;
  }

  builder& builder_;
  std::vector<step>& steps_;
  report& report_;
  std::vector<bool> settled_; ///< by settle(), not by its answer
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::size_t>> writers_;
  std::vector<std::size_t> waiting_;
};

bool is_held(const step_cell& wanted, std::uint32_t value) {
  return wanted.value == step_cell::anything ? value != step_cell::absent : value == wanted.value;
}

bool has_key(const std::vector<step_cell>& cells, std::uint32_t key) {
  return std::any_of(cells.begin(), cells.end(), [&](const step_cell& c) { return c.key == key; });
}

template <class Visit>
void for_each_key(const operation& op, Visit visit) {
  for (const auto* cells : {&op.expected, &op.writes, &op.reads})
    for (const auto& c : *cells)
      visit(c.key);
}

/// Fills component::revisions. `known` are those of the whole history, ascending.
void count_free_revisions(component& part, const std::vector<std::uint64_t>& known) {
  for (const auto& s : part.steps)
    if (s.definite && s.revision != 0) part.revisions.push_back({s.revision, 0});
  std::sort(part.revisions.begin(), part.revisions.end(),
            [](const auto& a, const auto& b) { return a.revision < b.revision; });
  std::uint64_t last = 0;
  for (auto& r : part.revisions) {
    const auto begin = std::upper_bound(known.begin(), known.end(), last);
    const auto taken = std::lower_bound(begin, known.end(), r.revision) - begin;
    const auto between = r.revision > last ? r.revision - last - 1 : 0;
    r.free_before = between - std::min(between, static_cast<std::uint64_t>(taken));
    last = r.revision;
  }
}

std::vector<std::uint64_t> known_revisions(const history& h) {
  std::vector<std::uint64_t> known;
  for (const auto& op : h.operations)
    if (op.outcome == outcome_kind::ok && op.revision != 0 && takes_a_revision(op))
      known.push_back(op.revision);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  return known;
}

} // namespace

bool agrees(const step& s, const key_state& state) {
  for (const auto& c : s.reads)
    if (state[c.key] != c.value) return false;
  return std::all_of(s.expected.begin(), s.expected.end(),
                     [&](const step_cell& c) { return is_held(c, state[c.key]); }) == s.matched;
}

bool changes(const step& s, const key_state& state) {
  return std::any_of(s.writes.begin(), s.writes.end(),
                     [&](const step_cell& c) { return state[c.key] != c.value; });
}

bool touches(const step& s, const step& other) {
  for (const auto& own : s.writes)
    for (const auto* cells : {&other.reads, &other.expected, &other.writes})
      if (has_key(*cells, own.key)) return true;
  return false;
}

bool serves(const step& s, const step& other, const key_state& state) {
  const auto brings = [&](const step_cell& wanted, bool held) {
    return std::any_of(s.writes.begin(), s.writes.end(), [&](const step_cell& c) {
      return c.key == wanted.key && is_held(wanted, c.value) == held;
    });
  };
  bool all_held = true;
  for (const auto* cells : {&other.reads, &other.expected})
    for (const auto& wanted : *cells) {
      if (is_held(wanted, state[wanted.key])) continue;
      if (cells == &other.expected) all_held = false;
      if ((cells == &other.reads || other.matched) && brings(wanted, true)) return true;
    }
  if (!other.matched && all_held)
    for (const auto& unwanted : other.expected)
      if (brings(unwanted, false)) return true;
  if (other.only_reads()) return false;
  const auto overwritten = std::count_if(s.writes.begin(), s.writes.end(),
                                         [&](const step_cell& c) { return has_key(other.writes, c.key); });
  return overwritten > 0 && overwritten < std::ssize(s.writes);
}

std::vector<component> split(const history& h, report& r) {
  key_groups groups;
  for (const auto& op : h.operations) {
    if (!counts(op)) continue;
    std::optional<std::size_t> first;
    for_each_key(op, [&](std::string_view key) {
      const auto number = groups.number(key);
      if (first && op.kind != operation_kind::final_read) groups.join(*first, number);
      first = number;
    });
  }
  std::map<std::size_t, builder> builders;
  for (std::size_t i = 0; i < h.operations.size(); ++i) {
    const auto& op = h.operations[i];
    if (!counts(op)) continue;
    if (op.kind == operation_kind::final_read) {
      for (const auto& c : op.reads)
        builders[groups.root(groups.number(c.key))].add_read(op, i, c);
      continue;
    }
    const auto* any = !op.reads.empty() ? &op.reads : !op.writes.empty() ? &op.writes : &op.expected;
    if (!any->empty()) builders[groups.root(groups.number(any->front().key))].add(op, i);
  }
  const auto known = known_revisions(h);
  std::vector<component> parts;
  for (auto& [root, b] : builders) {
    unknown_writes{b, r}.settle();
    count_free_revisions(b.part, known);
    parts.push_back(std::move(b.part));
  }
  return parts;
}

} // namespace troupe::checkers
