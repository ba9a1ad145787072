#include "tests/checkers/model.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe::checkers {

namespace {

using key_space = std::map<std::string, std::pair<std::string, std::uint64_t>>; ///< value and mod revision

bool holds(const std::vector<cell>& expected, const key_space& state) {
  return std::all_of(expected.begin(), expected.end(), [&](const cell& c) {
    const auto found = state.find(c.key);
    if (c.anything) return found != state.end();
    return found == state.end() ? !c.value : c.value == found->second.first;
  });
}

void write(const std::vector<cell>& writes, key_space& state, std::uint64_t revision) {
  for (const auto& c : writes)
    if (c.value)
      state[c.key] = {*c.value, revision};
    else
      state.erase(c.key);
}

/// Moments for each operation of each client, one after the other, so that operations of different clients
/// overlap.
class random_times {
public:
  random_times(std::mt19937_64& random, std::size_t clients) : random_(random), ends_(clients, 0) {}

  struct moments {
    std::uint32_t client;
    std::int64_t called, effect, returned;
  };
  moments next() {
    const auto client = static_cast<std::uint32_t>(random_() % ends_.size());
    moments m{client, ends_[client] + step(10), 0, 0};
    m.effect = m.called + step(20);
    m.returned = m.effect + step(20);
    ends_[client] = m.returned + 1;
    return m;
  }

private:
  std::int64_t step(std::uint64_t most) { return static_cast<std::int64_t>(random_() % most); }

  std::mt19937_64& random_;
  std::vector<std::int64_t> ends_;
};

class maker {
public:
  maker(std::mt19937_64& random, const random_options& options) : random_(random), options_(options) {}

  /// An operation as its client sends it: what it reads, and whether it matches, is told by apply().
  operation ask() {
    const auto key = any_key();
    switch (random_() % (options_.several_keys ? 7 : 5)) {
    case 0: return make_put(key, value());
    case 1: return make_erase(key);
    case 2: return make_cas(key, likely(key), value());
    case 3:
    case 4: return make_get(key, std::nullopt);
    case 5: return make_snapshot(all_keys());
    default: {
      const auto other = any_key();
      return make_txn({{.key = key, .value = likely(key)}},
                      {{.key = key, .value = value()}, {.key = other, .value = value()}});
    }
    }
  }

  void apply(operation& op) {
    op.matched = holds(op.expected, state_);
    for (auto& c : op.reads)
      if (const auto found = state_.find(c.key); found != state_.end()) {
        c.value = found->second.first;
        c.revision = found->second.second;
      }
    if (op.matched && !op.writes.empty()) write(op.writes, state_, ++revision_);
    op.revision = revision_;
  }

private:
  std::string any_key() { return "k" + std::to_string(random_() % options_.keys); }
  std::vector<cell> all_keys() const {
    std::vector<cell> out;
    for (std::size_t i = 0; i < options_.keys; ++i)
      out.push_back({.key = "k" + std::to_string(i)});
    return out;
  }
  std::string value() { return "v" + std::to_string(options_.unique_values ? ++values_ : random_() % 3); }
  std::optional<std::string> likely(const std::string& key) {
    const auto found = state_.find(key);
    if (random_() % 4 == 0 || found == state_.end()) return std::nullopt;
    return found->second.first;
  }

  std::mt19937_64& random_;
  const random_options& options_;
  key_space state_;
  std::uint64_t revision_ = 0;
  std::uint64_t values_ = 0;
};

} // namespace

history random_history(std::mt19937_64& random, const random_options& options) {
  random_times times{random, options.clients};
  std::vector<random_times::moments> all;
  for (std::size_t i = 0; i < options.operations; ++i)
    all.push_back(times.next());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.effect < b.effect; });
  maker m{random, options};
  history h;
  for (const auto& t : all) {
    auto op = m.ask();
    op.client = t.client;
    op.called = t.called;
    op.returned = t.returned;
    const auto luck = random() % 100;
    if (luck < options.failed_percent) {
      op.outcome = outcome_kind::failed;
    } else if (luck < options.failed_percent + options.unknown_percent) {
      op.outcome = outcome_kind::unknown;
      auto effect = op;
      if (random() % 2 == 0) m.apply(effect);
      op.reads.clear();
    } else {
      m.apply(op);
    }
    h.operations.push_back(std::move(op));
  }
  return h;
}

history random_lists(std::mt19937_64& random, std::size_t operations, std::size_t clients) {
  random_times times{random, clients};
  std::vector<random_times::moments> all;
  for (std::size_t i = 0; i < operations; ++i)
    all.push_back(times.next());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.effect < b.effect; });
  history h;
  std::map<std::string, std::vector<std::string>> lists;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto key = "l" + std::to_string(random() % 2);
    auto op = random() % 3 == 0 ? make_list(key, lists[key]) : make_append(key, "e" + std::to_string(i));
    if (op.kind == operation_kind::append) {
      const auto luck = random() % 10;
      if (luck == 0) op.outcome = outcome_kind::unknown;
      if (luck == 1) op.outcome = outcome_kind::failed;
      if (op.outcome == outcome_kind::ok || (luck == 0 && random() % 2 == 0)) lists[key].push_back(op.word);
    }
    op.client = all[i].client;
    op.called = all[i].called;
    op.returned = all[i].returned;
    h.operations.push_back(std::move(op));
  }
  return h;
}

namespace {

class every_order {
public:
  explicit every_order(const history& h) {
    for (const auto& op : h.operations)
      if (op.outcome == outcome_kind::ok || (op.outcome == outcome_kind::unknown && !op.writes.empty()))
        ops_.push_back(&op);
    taken_.assign(ops_.size(), false);
  }

  bool any(const key_space& state = {}) {
    bool done = true;
    for (std::size_t i = 0; i < ops_.size(); ++i)
      if (!taken_[i] && ops_[i]->outcome == outcome_kind::ok) done = false;
    if (done) return true;
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      if (taken_[i] || !may_be_next(*ops_[i]) || !agrees(*ops_[i], state)) continue;
      auto after = state;
      if (ops_[i]->matched) write(ops_[i]->writes, after, 0);
      taken_[i] = true;
      const bool found = any(after);
      taken_[i] = false;
      if (found) return true;
    }
    return false;
  }

private:
  bool may_be_next(const operation& op) const {
    for (std::size_t i = 0; i < ops_.size(); ++i)
      if (!taken_[i] && ops_[i]->outcome == outcome_kind::ok && ops_[i]->returned < op.called) return false;
    return true;
  }
  static bool agrees(const operation& op, const key_space& state) {
    if (holds(op.expected, state) != op.matched) return false;
    return holds(op.reads, state);
  }

  std::vector<const operation*> ops_;
  std::vector<bool> taken_;
};

} // namespace

bool brute_force_linearizable(const history& h) {
  return every_order{h}.any();
}

} // namespace troupe::checkers
