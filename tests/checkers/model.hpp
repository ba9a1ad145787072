#pragma once

// Random histories that a correct store made, and a judge that tries every order: what the checkers are held
// against.

#include "tests/checkers/history.hpp"

#include <cstddef>
#include <cstdint>
#include <random>

namespace troupe::checkers {

struct random_options {
  std::size_t operations = 100;
  std::size_t clients = 4;
  std::size_t keys = 2;
  /// Every write's value is another one; otherwise one of three.
  bool unique_values = true;
  bool several_keys = true; ///< transactions and snapshots
  unsigned failed_percent = 5;
  unsigned unknown_percent = 5;
};

/// Every operation takes effect in one map at a moment between its call and its return.
history random_history(std::mt19937_64& random, const random_options& options);

/// Lists that grow, read now and then.
history random_lists(std::mt19937_64& random, std::size_t operations, std::size_t clients);

/// Tries all orders; only for about ten operations, and only those of the map.
bool brute_force_linearizable(const history& h);

} // namespace troupe::checkers
