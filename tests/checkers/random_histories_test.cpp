// The checkers against histories of a correct store, the same with one lie in them, and a judge that tries
// every order.

#include "tests/checkers/model.hpp"
#include "tests/checkers/support.hpp"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <vector>

namespace troupe::checkers {
namespace {

class random_histories : public testing::Test {
protected:
  random_histories() {
    const char* given = std::getenv("TROUPE_SEED");
    seed_ = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    random_.seed(seed_);
  }
  void TearDown() override {
    if (HasFailure()) std::printf("TROUPE_SEED=%llu\n", static_cast<unsigned long long>(seed_));
  }

  unsigned long long seed_ = 0;
  std::mt19937_64 random_;
};

void forget_revisions(history& h) {
  for (auto& op : h.operations) {
    op.revision = 0;
    for (auto& c : op.reads)
      c.revision = 0;
  }
}

TEST_F(random_histories, of_a_correct_store_pass) {
  for (int round = 0; round < 200 && !HasFailure(); ++round) {
    const random_options options{.operations = 20 + random_() % 200,
                                 .clients = 1 + random_() % 8,
                                 .keys = 1 + random_() % 4,
                                 .unique_values = random_() % 2 == 0,
                                 .several_keys = random_() % 2 == 0};
    auto h = random_history(random_, options);
    if (!options.unique_values)
      // Which of several equal values a revision wrote is not told, so reads keep no mod revision here.
      for (auto& op : h.operations)
        for (auto& c : op.reads)
          c.revision = 0;
    expect_ok(check_all(h), h);
  }
}

TEST_F(random_histories, long_ones_are_decided) {
  const auto h = random_history(random_, {.operations = 20'000, .clients = 16, .keys = 8});
  expect_ok(check_all(h), h);
}

TEST_F(random_histories, long_ones_without_revisions_are_decided_key_by_key) {
  auto h = random_history(
      random_, {.operations = 10'000, .clients = 8, .keys = 8, .several_keys = false, .unknown_percent = 2});
  forget_revisions(h);
  expect_ok(check_all(h), h);
}

TEST_F(random_histories, stale_read_in_a_long_one_is_found) {
  for (int round = 0; round < 3 && !HasFailure(); ++round) {
    auto h = random_history(random_, {.operations = 1'000, .clients = 8, .keys = 4});
    std::vector<operation*> reads;
    for (auto& op : h.operations)
      if (op.kind == operation_kind::get && op.outcome == outcome_kind::ok && op.reads[0].value)
        reads.push_back(&op);
    // The value of the first read is long gone when the last one comes.
    ASSERT_GT(reads.size(), 2u);
    auto& last = *reads.back();
    const auto old = std::find_if(reads.begin(), reads.end(),
                                  [&](const operation* op) { return op->reads[0].key == last.reads[0].key; });
    ASSERT_NE((*old)->reads[0].value, last.reads[0].value);
    last.reads[0] = (*old)->reads[0];
    EXPECT_EQ(check_linearizability(h).result, verdict::violation);
    EXPECT_EQ(check_revisions(h).result, verdict::violation);
  }
}

/// One lie, of the kinds that a broken store tells.
void lie(history& h, std::mt19937_64& random) {
  auto& op = h.operations[random() % h.operations.size()];
  switch (random() % 4) {
  case 0:
    for (auto& c : op.reads)
      c.value = "v" + std::to_string(random() % 12);
    break;
  case 1: op.matched = op.expected.empty() || !op.matched; break;
  case 2: op.outcome = outcome_kind::failed; break;
  default:
    for (auto& c : op.reads)
      c.value.reset();
  }
}

TEST_F(random_histories, tiny_ones_are_judged_as_by_trying_every_order) {
  int good = 0, bad = 0;
  for (int round = 0; round < 4'000 && !HasFailure(); ++round) {
    const random_options options{.operations = 3 + random_() % 6,
                                 .clients = 1 + random_() % 4,
                                 .keys = 1 + random_() % 2,
                                 .unique_values = random_() % 2 == 0,
                                 .several_keys = random_() % 2 == 0,
                                 .failed_percent = 5,
                                 .unknown_percent = 25};
    auto h = random_history(random_, options);
    ASSERT_TRUE(brute_force_linearizable(h));
    for (auto lies = random_() % 3; lies > 0; --lies)
      lie(h, random_);
    forget_revisions(h);
    const bool truth = brute_force_linearizable(h);
    const auto r = check_linearizability(h);
    EXPECT_EQ(r.result, truth ? verdict::ok : verdict::violation) << describe(r, h) << "round " << round;
    ++(truth ? good : bad);
    if (!HasFailure()) continue;
    for (const auto& op : h.operations)
      std::printf("%s\n", describe(op).c_str());
  }
  EXPECT_GT(good, 500);
  EXPECT_GT(bad, 500);
}

TEST_F(random_histories, lists_of_a_correct_store_pass_and_lies_are_found) {
  for (int round = 0; round < 100 && !HasFailure(); ++round) {
    const auto h = random_lists(random_, 100 + random_() % 200, 1 + random_() % 8);
    expect_ok(check_all(h), h);
    std::vector<std::size_t> reads;
    for (std::size_t i = 0; i < h.operations.size(); ++i)
      if (h.operations[i].elements.size() > 4) reads.push_back(i);
    if (reads.empty()) continue;
    const auto victim = reads[random_() % reads.size()];
    for (int kind = 0; kind < 3; ++kind) {
      auto wrong = h;
      auto& elements = wrong.operations[victim].elements;
      if (kind == 0) std::swap(elements[0], elements[1]);
      if (kind == 1) elements.erase(elements.begin() + static_cast<std::ptrdiff_t>(random_() % 3));
      if (kind == 2) elements.push_back(elements.front());
      EXPECT_EQ(check_lists(wrong).result, verdict::violation) << "kind " << kind;
    }
  }
}

} // namespace
} // namespace troupe::checkers
