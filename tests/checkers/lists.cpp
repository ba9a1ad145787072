#include "tests/checkers/check.hpp"

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

struct list_history {
  std::vector<std::size_t> appends, reads; ///< places in history::operations
};

class list_check {
public:
  list_check(std::string_view key, const list_history& list, const history& h, report& r)
      : key_(key), list_(list), ops_(h.operations), report_(r) {}

  void run() {
    if (!find_appends()) return;
    find_longest();
    check_elements();
    check_prefixes();
    check_order();
    check_acknowledged();
  }

private:
  struct placed {
    std::int64_t called, returned;
    std::size_t place; ///< in the order of the list: the i-th append at 2i + 1, a read of n elements at 2n
    std::size_t source;
  };

  void found(std::string what, std::vector<std::size_t> operations) {
    report_.add({"lists", "list '" + std::string(key_) + "': " + std::move(what), std::move(operations)});
  }

  bool find_appends() {
    bool unique = true;
    for (const auto i : list_.appends) {
      const auto [other, fresh] = by_element_.try_emplace(ops_[i].word, i);
      if (fresh) continue;
      found("two appends of '" + ops_[i].word + "'; elements have to differ", {other->second, i});
      unique = false;
    }
    return unique;
  }

  void find_longest() {
    for (const auto i : list_.reads)
      if (!longest_ || ops_[i].elements.size() > ops_[*longest_].elements.size()) longest_ = i;
  }

  void check_elements() {
    for (const auto i : list_.reads) {
      std::map<std::string_view, std::size_t> seen;
      for (const auto& element : ops_[i].elements) {
        if (!seen.emplace(element, 0).second) found("'" + element + "' is there twice", {i});
        const auto append = by_element_.find(element);
        if (append == by_element_.end()) {
          found("'" + element + "' was never appended", {i});
          continue;
        }
        const auto& op = ops_[append->second];
        if (op.outcome == outcome_kind::failed)
          found("'" + element + "' is there although its append failed", {append->second, i});
        if (ops_[i].returned < op.called)
          found("'" + element + "' was read before its append was called", {i, append->second});
      }
    }
  }

  void check_prefixes() {
    if (!longest_) return;
    const auto& whole = ops_[*longest_].elements;
    for (const auto i : list_.reads) {
      const auto& elements = ops_[i].elements;
      const auto differs = std::mismatch(elements.begin(), elements.end(), whole.begin());
      if (differs.first != elements.end())
        found("a read is no prefix of the longest one: '" + *differs.first + "' and '" + *differs.second +
                  "' at place " + std::to_string(differs.first - elements.begin()),
              {i, *longest_});
    }
  }

  /// Everything that returned before a call stands before it in the list.
  void check_order() {
    auto all = place_all();
    auto by_return = all;
    std::stable_sort(all.begin(), all.end(),
                     [](const placed& a, const placed& b) { return a.called < b.called; });
    std::stable_sort(by_return.begin(), by_return.end(),
                     [](const placed& a, const placed& b) { return a.returned < b.returned; });
    std::size_t next = 0;
    std::optional<placed> highest;
    for (const auto& p : all) {
      for (; next < by_return.size() && by_return[next].returned < p.called; ++next)
        if (!highest || by_return[next].place > highest->place) highest = by_return[next];
      if (highest && highest->place > p.place)
        found("real time and the order of the list disagree", {highest->source, p.source});
    }
  }

  std::vector<placed> place_all() const {
    std::vector<placed> all;
    if (longest_) {
      const auto& whole = ops_[*longest_].elements;
      for (std::size_t i = 0; i < whole.size(); ++i)
        if (const auto append = by_element_.find(whole[i]); append != by_element_.end()) {
          const auto& op = ops_[append->second];
          const bool ok = op.outcome == outcome_kind::ok;
          all.push_back({op.called, ok ? op.returned : std::numeric_limits<std::int64_t>::max(), 2 * i + 1,
                         append->second});
        }
    }
    for (const auto i : list_.reads)
      all.push_back({ops_[i].called, ops_[i].returned, 2 * ops_[i].elements.size(), i});
    return all;
  }

  /// An acknowledged element that the longest read lacks may only be missing from reads that began before it
  /// was acknowledged; where it is present, check_order sees reads that lack it.
  void check_acknowledged() {
    std::map<std::string_view, std::size_t> present;
    if (longest_)
      for (const auto& element : ops_[*longest_].elements)
        present.emplace(element, 0);
    std::optional<std::size_t> last_called;
    for (const auto i : list_.reads)
      if (!last_called || ops_[i].called > ops_[*last_called].called) last_called = i;
    for (const auto i : list_.appends)
      if (ops_[i].outcome == outcome_kind::ok && !present.contains(ops_[i].word) && last_called &&
          ops_[i].returned < ops_[*last_called].called)
        report_.add(
            {"lost",
             "list '" + std::string(key_) + "': '" + ops_[i].word + "' was acknowledged and is missing",
             {i, *last_called}});
  }

  std::string_view key_;
  const list_history& list_;
  const std::vector<operation>& ops_;
  report& report_;
  std::map<std::string_view, std::size_t> by_element_;
  std::optional<std::size_t> longest_;
};

} // namespace

report check_lists(const history& h) {
  report r;
  std::map<std::string_view, list_history> lists;
  for (std::size_t i = 0; i < h.operations.size(); ++i) {
    const auto& op = h.operations[i];
    if (op.kind == operation_kind::append) lists[op.key].appends.push_back(i);
    if (op.kind == operation_kind::list && op.outcome == outcome_kind::ok) lists[op.key].reads.push_back(i);
  }
  for (const auto& [key, list] : lists)
    list_check{key, list, h, r}.run();
  return r;
}

} // namespace troupe::checkers
