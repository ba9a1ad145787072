#include "tests/checkers/check.hpp"
#include "tests/checkers/component.hpp"
#include "tests/checkers/order_search.hpp"

#include <string>
#include <utility>

namespace troupe::checkers {

namespace {

void check_part(const component& part, const history& h, const check_limits& limits, report& r) {
  using answer = order_search::answer;
  auto steps_left = limits.steps_max;
  order_search guided{part, true, limits, steps_left};
  const auto first = guided.run();
  if (first == answer::found) return;
  auto second = first;
  auto against = first == answer::none ? guided.explain(h) : finding{};
  if (guided.is_restricted()) {
    // If no order by revision exists it is a violation anyway, and this one only tells which; so it may be
    // short.
    steps_left = first == answer::none ? limits.steps_max / 100 : limits.steps_max;
    order_search whole{part, false, limits, steps_left};
    second = whole.run();
    if (second == answer::none) against = whole.explain(h);
    if (first == answer::none && second != answer::none) against.what = "by revision, " + against.what;
  }
  if (first == answer::none || second == answer::none) {
    r.add(std::move(against));
  } else if (second == answer::limit) {
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
