#include "tests/checkers/check.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace troupe::checkers {

namespace {

/// The number before the first blank.
std::optional<std::int64_t> amount(std::string_view value) {
  value = value.substr(0, value.find(' '));
  std::int64_t out = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (failure != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return out;
}

/// What is known of a group from the writes: which accounts there are and since when for certain.
struct group_facts {
  std::set<std::string_view> accounts;
  std::int64_t exists_since = std::numeric_limits<std::int64_t>::max();
};

group_facts facts_of(const account_group& group, const history& h) {
  group_facts facts;
  for (const auto& op : h.operations) {
    if (op.outcome == outcome_kind::failed || !op.matched) continue;
    for (const auto& c : op.writes) {
      if (!c.key.starts_with(group.prefix)) continue;
      facts.accounts.insert(c.key);
      if (op.outcome == outcome_kind::ok) facts.exists_since = std::min(facts.exists_since, op.returned);
    }
  }
  return facts;
}

void check_sum(const account_group& group, const group_facts& facts, const operation& op, std::size_t source,
               report& r) {
  std::set<std::string_view> seen;
  std::int64_t sum = 0;
  bool any = false;
  for (const auto& c : op.reads) {
    if (!c.key.starts_with(group.prefix) || !seen.insert(c.key).second) continue;
    if (!c.value) continue;
    const auto part = amount(*c.value);
    if (!part || __builtin_add_overflow(sum, *part, &sum)) {
      r.add({"accounts", "'" + c.key + "' holds no amount: '" + c.value->substr(0, 60) + "'", {source}});
      return;
    }
    any = true;
  }
  // Only a read of the whole group tells anything; of a final read, what it does not list is absent.
  if (op.kind == operation_kind::snapshot &&
      !std::includes(seen.begin(), seen.end(), facts.accounts.begin(), facts.accounts.end()))
    return;
  if (op.kind == operation_kind::final_read && !group.prefix.starts_with(op.word)) return;
  if (!any && op.called <= facts.exists_since) return;
  if (sum != group.total)
    r.add({"accounts",
           "the accounts '" + group.prefix + "' add up to " + std::to_string(sum) + ", not " +
               std::to_string(group.total),
           {source}});
}

} // namespace

report check_accounts(const history& h) {
  report r;
  for (const auto& group : h.accounts) {
    const auto facts = facts_of(group, h);
    for (std::size_t i = 0; i < h.operations.size(); ++i) {
      const auto& op = h.operations[i];
      if (op.outcome != outcome_kind::ok) continue;
      if (op.kind == operation_kind::snapshot || op.kind == operation_kind::final_read)
        check_sum(group, facts, op, i, r);
    }
  }
  return r;
}

} // namespace troupe::checkers
