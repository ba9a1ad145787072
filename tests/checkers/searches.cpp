#include "tests/checkers/check.hpp"
#include "tests/checkers/timeline.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>

namespace troupe::checkers {

namespace {

/// For each word that is searched, the keys to which a value with it may have been written.
std::map<std::string_view, std::set<std::string_view>> keys_by_word(const history& h) {
  std::map<std::string_view, std::set<std::string_view>> out;
  for (const auto& op : h.operations)
    if (op.kind == operation_kind::search) out[op.word];
  if (out.empty()) return out;
  for (const auto& op : h.operations) {
    if (op.outcome == outcome_kind::failed || !op.matched) continue;
    for (const auto& c : op.writes) {
      if (!c.value) continue;
      std::string_view rest = *c.value;
      while (!rest.empty()) {
        const auto end = rest.find(' ');
        if (const auto word = out.find(rest.substr(0, end)); word != out.end()) word->second.insert(c.key);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
      }
    }
  }
  return out;
}

bool matches(const timed_write& w, std::string_view word) {
  return w.value && has_word(*w.value, word);
}

void check_search(const operation& op, std::size_t source, const std::set<std::string_view>& keys,
                  const std::map<std::string_view, timeline>& lines, report& r) {
  std::set<std::string_view> hits;
  for (const auto& hit : op.reads)
    if (!hits.insert(hit.key).second)
      r.add({"search", "a search for '" + op.word + "' found '" + hit.key + "' twice", {source}});
  for (const auto key : keys) {
    const auto latest = lines.at(key).at(op.called, op.returned);
    const auto matching = std::count_if(latest.writes.begin(), latest.writes.end(),
                                        [&](const timed_write* w) { return matches(*w, op.word); });
    const bool hit = hits.contains(key);
    if (hit && matching == 0)
      r.add({"search",
             "a search for '" + op.word + "' found '" + std::string(key) + "', which did not have it",
             {source}});
    const bool all = !latest.initial && matching == std::ssize(latest.writes);
    if (!hit && all)
      r.add({"search",
             "a search for '" + op.word + "' missed '" + std::string(key) + "', which had it",
             {latest.writes.front()->source, source}});
  }
  for (const auto key : hits)
    if (!keys.contains(key))
      r.add({"search",
             "a search for '" + op.word + "' found '" + std::string(key) + "', which never had it",
             {source}});
}

} // namespace

report check_searches(const history& h) {
  report r;
  const auto keys = keys_by_word(h);
  if (keys.empty()) return r;
  const auto lines = timelines(h);
  for (std::size_t i = 0; i < h.operations.size(); ++i)
    if (const auto& op = h.operations[i]; op.kind == operation_kind::search && op.outcome == outcome_kind::ok)
      check_search(op, i, keys.at(op.word), lines, r);
  return r;
}

} // namespace troupe::checkers
