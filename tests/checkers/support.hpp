#pragma once

// Short ways to write histories in tests.

#include "tests/checkers/check.hpp"
#include "tests/checkers/history.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <utility>

namespace troupe::checkers {

class history_builder {
public:
  /// Every operation is that of another client.
  history_builder& ok(std::int64_t called, std::int64_t returned, operation op, std::uint64_t revision = 0) {
    return add(called, returned, outcome_kind::ok, std::move(op), revision);
  }
  history_builder& failed(std::int64_t called, std::int64_t returned, operation op) {
    return add(called, returned, outcome_kind::failed, std::move(op), 0);
  }
  history_builder& unknown(std::int64_t called, operation op) {
    return add(called, called, outcome_kind::unknown, std::move(op), 0);
  }
  history_builder& accounts(std::string prefix, std::int64_t total) {
    made_.accounts.push_back({std::move(prefix), total});
    return *this;
  }
  operator const history&() const { return made_; }

private:
  history_builder& add(std::int64_t called, std::int64_t returned, outcome_kind outcome, operation op,
                       std::uint64_t revision) {
    op.client = static_cast<std::uint32_t>(made_.operations.size());
    op.called = called;
    op.returned = returned;
    op.outcome = outcome;
    op.revision = revision;
    made_.operations.push_back(std::move(op));
    return *this;
  }

  history made_;
};

inline history_builder begin() {
  return {};
}

inline void expect_ok(const report& r, const history& h) {
  EXPECT_EQ(r.result, verdict::ok) << describe(r, h);
}

inline void expect_violation(const report& r, const history& h, const std::string& rule) {
  EXPECT_EQ(r.result, verdict::violation) << describe(r, h);
  ASSERT_FALSE(r.findings.empty());
  EXPECT_EQ(r.findings.front().rule, rule) << describe(r, h);
}

} // namespace troupe::checkers
