#include "tests/checkers/check.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace troupe::checkers {

namespace {

void check_recording(const history& h, report& r) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < h.operations.size(); ++i) {
    const auto& op = h.operations[i];
    if (op.returned < op.called) r.add({"history", "an operation returned before its call", {i}});
    if (op.kind == operation_kind::final_read && op.node.empty())
      r.add({"history", "a final read does not name its node", {i}});
    order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto &x = h.operations[a], &y = h.operations[b];
    return std::pair(x.client, x.called) < std::pair(y.client, y.called);
  });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto &before = h.operations[order[i - 1]], &op = h.operations[order[i]];
    if (before.client == op.client && op.called < before.returned)
      r.add({"history", "a client has two operations at once", {order[i - 1], order[i]}});
  }
}

} // namespace

std::string_view to_string(verdict v) {
  switch (v) {
  case verdict::ok: return "ok";
  case verdict::undecided: return "undecided";
  case verdict::violation: return "violation";
  }
  return "?";
}

void report::add(finding f, verdict v) {
  result = std::max(result, v);
  ++found;
  if (findings.size() < findings_max) findings.push_back(std::move(f));
}

void report::merge(report other) {
  result = std::max(result, other.result);
  found += other.found;
  for (auto& f : other.findings)
    if (findings.size() < findings_max) findings.push_back(std::move(f));
}

report check_all(const history& h, const check_limits& limits) {
  report r;
  check_recording(h, r);
  r.merge(check_final_reads(h));
  r.merge(check_accounts(h));
  r.merge(check_lists(h));
  r.merge(check_searches(h));
  r.merge(check_revisions(h));
  r.merge(check_linearizability(h, limits));
  return r;
}

std::string describe(const report& r, const history& h) {
  std::string out(to_string(r.result));
  out += '\n';
  for (const auto& f : r.findings) {
    out.append(f.rule).append(": ").append(f.what).append("\n");
    for (const auto i : f.operations)
      out.append("  #").append(std::to_string(i)).append(" ").append(describe(h.operations[i])).append("\n");
  }
  if (r.found > r.findings.size())
    out.append("and ").append(std::to_string(r.found - r.findings.size())).append(" more\n");
  return out;
}

} // namespace troupe::checkers
