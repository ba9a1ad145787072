#include "tests/checkers/check.hpp"
#include "tests/checkers/timeline.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace troupe::checkers {

namespace {

std::string shown(const std::optional<std::string_view>& value) {
  return value ? "'" + std::string(value->substr(0, 60)) + "'" : std::string("nothing");
}

std::map<std::string_view, const cell*> cells_of(const operation& op) {
  std::map<std::string_view, const cell*> out;
  for (const auto& c : op.reads)
    if (c.value) out[c.key] = &c;
  return out;
}

std::optional<std::string_view> value_in(const std::map<std::string_view, const cell*>& cells,
                                         std::string_view key) {
  const auto found = cells.find(key);
  if (found == cells.end()) return std::nullopt;
  return std::string_view(*found->second->value);
}

/// One node's state against what was acknowledged.
void check_one(const operation& op, std::size_t source, const std::map<std::string_view, timeline>& lines,
               report& r) {
  const auto cells = cells_of(op);
  for (auto line = lines.lower_bound(op.word); line != lines.end() && line->first.starts_with(op.word);
       ++line) {
    const auto value = value_in(cells, line->first);
    const auto latest = line->second.at(op.called, op.returned);
    if (latest.may_hold(value)) continue;
    finding f{"lost", {}, {}};
    f.what = op.node + " holds " + shown(value) + " in '" + std::string(line->first) + "'";
    for (const auto* w : latest.writes) {
      if (f.operations.size() >= 5) break;
      f.what += (f.operations.empty() ? ", not " : " or ") + shown(w->value);
      f.operations.push_back(w->source);
    }
    f.operations.push_back(source);
    r.add(std::move(f));
  }
  for (const auto& [key, c] : cells)
    if (!lines.contains(key))
      r.add({"lost", op.node + " holds '" + std::string(key) + "', which nobody wrote", {source}});
}

void check_equal(const history& h, std::size_t first, std::size_t second, report& r) {
  const auto &a = h.operations[first], &b = h.operations[second];
  const auto left = cells_of(a), right = cells_of(b);
  std::set<std::string_view> keys;
  for (const auto* cells : {&left, &right})
    for (const auto& [key, c] : *cells)
      keys.insert(key);
  for (const auto key : keys) {
    const auto l = left.find(key), m = right.find(key);
    if (l != left.end() && m != right.end() && *l->second == *m->second) continue;
    r.add({"diverged",
           "'" + std::string(key) + "' differs: " + a.node + " holds " + shown(value_in(left, key)) + ", " +
               b.node + " holds " + shown(value_in(right, key)),
           {first, second}});
  }
}

} // namespace

report check_final_reads(const history& h) {
  report r;
  const auto lines = timelines(h);
  std::map<std::string_view, std::size_t> first_of; ///< by prefix
  for (std::size_t i = 0; i < h.operations.size(); ++i) {
    const auto& op = h.operations[i];
    if (op.kind != operation_kind::final_read || op.outcome != outcome_kind::ok) continue;
    check_one(op, i, lines, r);
    const auto [other, fresh] = first_of.try_emplace(op.word, i);
    if (!fresh) check_equal(h, other->second, i, r);
  }
  return r;
}

} // namespace troupe::checkers
