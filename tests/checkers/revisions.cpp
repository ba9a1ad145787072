#include "tests/checkers/check.hpp"
#include "tests/checkers/timeline.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::checkers {

namespace {

/// A transaction that only deletes takes a revision only if something was there, which it does not tell.
bool takes_a_revision(const operation& op) {
  if (op.outcome != outcome_kind::ok || !op.matched || op.revision == 0) return false;
  if (op.kind == operation_kind::append || op.kind == operation_kind::erase) return true;
  return std::any_of(op.writes.begin(), op.writes.end(), [](const cell& c) { return c.value.has_value(); });
}

class revision_check {
public:
  revision_check(const history& h, report& r) : ops_(h.operations), report_(r) {}

  void run() {
    find_writes();
    check_real_time();
    for (std::size_t i = 0; i < ops_.size(); ++i)
      if (ops_[i].outcome == outcome_kind::ok && !ops_[i].reads.empty()) check_reads(i);
  }

private:
  struct written {
    std::optional<std::string_view> value;
    std::size_t source;
  };

  void find_writes() {
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      const auto& op = ops_[i];
      if (op.outcome == outcome_kind::failed || !op.matched) continue;
      for (const auto& c : op.writes)
        if (c.value)
          ++writers_[{c.key, *c.value}];
        else if (op.outcome == outcome_kind::unknown || !takes_a_revision(op))
          keep_first(deleted_since_, c.key, op.called);
      if (!takes_a_revision(op)) continue;
      const auto [other, fresh] = by_revision_.try_emplace(op.revision, i);
      if (!fresh)
        report_.add(
            {"revisions", "two writes have revision " + std::to_string(op.revision), {other->second, i}});
      for (const auto& c : op.writes)
        by_key_[c.key].insert_or_assign(op.revision, written{view(c.value), i});
    }
  }

  static std::optional<std::string_view> view(const std::optional<std::string>& value) {
    return value ? std::optional<std::string_view>(*value) : std::nullopt;
  }
  static void keep_first(std::map<std::string_view, std::int64_t>& times, std::string_view key,
                         std::int64_t at) {
    const auto [time, fresh] = times.try_emplace(key, at);
    if (!fresh) time->second = std::min(time->second, at);
  }

  /// The largest revision that anybody knew before a call bounds the operation's own from below.
  void check_real_time() {
    std::vector<std::size_t> by_call;
    for (std::size_t i = 0; i < ops_.size(); ++i)
      if (ops_[i].outcome == outcome_kind::ok && ops_[i].revision != 0) by_call.push_back(i);
    auto by_return = by_call;
    std::stable_sort(by_call.begin(), by_call.end(),
                     [&](std::size_t a, std::size_t b) { return ops_[a].called < ops_[b].called; });
    std::stable_sort(by_return.begin(), by_return.end(),
                     [&](std::size_t a, std::size_t b) { return ops_[a].returned < ops_[b].returned; });
    std::size_t next = 0;
    std::optional<std::size_t> highest;
    for (const auto i : by_call) {
      for (; next < by_return.size() && ops_[by_return[next]].returned < ops_[i].called; ++next)
        if (!highest || ops_[by_return[next]].revision > ops_[*highest].revision) highest = by_return[next];
      if (!highest) continue;
      const auto floor = ops_[*highest].revision;
      if (ops_[i].revision < floor || (takes_a_revision(ops_[i]) && ops_[i].revision == floor))
        report_.add({"revisions",
                     "revision " + std::to_string(ops_[i].revision) + " was given although " +
                         std::to_string(floor) + " was known before",
                     {*highest, i}});
    }
  }

  void check_reads(std::size_t i) {
    const auto& op = ops_[i];
    for (const auto& c : op.reads) {
      if (c.revision != 0) check_origin(op, i, c);
      // The hits of a search are no statement about the keys that it did not find.
      if (op.revision != 0 && (c.revision != 0 || (!c.value && op.kind != operation_kind::search)))
        check_not_older(op, i, c);
    }
  }

  void wrong(std::size_t i, const cell& c, std::string what, std::vector<std::size_t> others) {
    others.push_back(i);
    report_.add({"revisions",
                 "'" + c.key + "' at revision " + std::to_string(c.revision) + ": " + std::move(what),
                 std::move(others)});
  }

  void check_origin(const operation& op, std::size_t i, const cell& c) {
    if (op.revision != 0 && c.revision > op.revision)
      wrong(i, c, "newer than the revision that was read, " + std::to_string(op.revision), {});
    if (const auto writer = by_revision_.find(c.revision); writer != by_revision_.end()) {
      const auto& key_writes = by_key_[c.key];
      const auto own = key_writes.find(c.revision);
      // What an append writes is the whole list, which only reads of lists show.
      if (ops_[writer->second].kind == operation_kind::append) return;
      if (own == key_writes.end())
        wrong(i, c, "that revision's write did not touch it", {writer->second});
      else if (op.kind == operation_kind::search &&
               !(own->second.value && has_word(*own->second.value, op.word)))
        wrong(i, c, "that revision's write does not match the search", {writer->second});
      else if (op.kind != operation_kind::search && own->second.value != view(c.value))
        wrong(i, c, "that revision wrote another value", {writer->second});
      return;
    }
    if (!c.value) return;
    const auto count = writers_.find({c.key, *c.value});
    if (count == writers_.end() || count->second != 1) return;
    // Only one write has this value, and it is not acknowledged with this revision.
    const auto [seen, fresh] = seen_.try_emplace({c.key, *c.value}, std::pair(c.revision, i));
    if (!fresh && seen->second.first != c.revision)
      wrong(i, c,
            "the only write of this value was seen at revision " + std::to_string(seen->second.first) +
                " as well: applied twice",
            {seen->second.second});
    const auto& key_writes = by_key_[c.key];
    for (const auto& [revision, w] : key_writes)
      if (w.value == view(c.value))
        wrong(i, c, "its only write was acknowledged at revision " + std::to_string(revision), {w.source});
  }

  /// No acknowledged write of the key lies between what was read and the revision that was read.
  void check_not_older(const operation& op, std::size_t i, const cell& c) {
    const auto key_writes = by_key_.find(c.key);
    if (key_writes == by_key_.end()) return;
    auto later = key_writes->second.upper_bound(op.revision);
    if (later == key_writes->second.begin()) return;
    const auto& [revision, w] = *std::prev(later);
    if (revision <= c.revision) return;
    if (c.revision == 0) {
      if (!w.value) return;
      const auto deleted = deleted_since_.find(c.key);
      if (deleted != deleted_since_.end() && deleted->second <= op.returned) return;
    }
    wrong(i, c,
          "a read at revision " + std::to_string(op.revision) + " missed the write of revision " +
              std::to_string(revision),
          {w.source});
  }

  using value_of_key = std::pair<std::string_view, std::string_view>;

  const std::vector<operation>& ops_;
  report& report_;
  std::map<std::uint64_t, std::size_t> by_revision_; ///< acknowledged writes
  std::map<std::string_view, std::map<std::uint64_t, written>> by_key_;
  std::map<value_of_key, std::size_t> writers_;
  std::map<value_of_key, std::pair<std::uint64_t, std::size_t>> seen_;
  std::map<std::string_view, std::int64_t> deleted_since_; ///< by a delete whose revision is not known
};

} // namespace

report check_revisions(const history& h) {
  report r;
  revision_check{h, r}.run();
  return r;
}

} // namespace troupe::checkers
