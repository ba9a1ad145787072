#pragma once

// What clients do: operations on keys of their kind, as requests to a node and as what a checker reads of
// them.

#include "command/request.hpp"
#include "tests/checkers/history.hpp"
#include "tests/sim/dice.hpp"
#include "tests/sim/scenario.hpp"

#include <deque>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace troupe::simulation {

/// One operation. Client, outcome and times of `op` are the client's to fill in; what was learnt is filled in
/// by the function that takes the answer.
struct task {
  checkers::operation op;
  std::variant<transaction, read_request, search_request> what;
  bool embed = false;
  std::function<void(checkers::operation&, const command_result&)> wrote = {};
  std::function<void(checkers::operation&, const query_result&)> read = {};
  std::function<void(checkers::operation&, const search_result&)> found = {};
  bool recorded = true; ///< false: checked where it is read, or not at all
};

/// The operations of one client, of all kinds that the scenario mixes.
class workload {
public:
  workload(const scenario& plan, dice& random, unsigned client,
           std::function<void(const std::string&)> violated);

  task next();

  /// What the checkers have to know of the accounts.
  static std::vector<checkers::account_group> accounts();

private:
  task of_kind(const std::string& kind);
  task erase(const std::string& key);
  task register_write();
  task register_read();
  task compare_and_set();
  task transfer();
  task bulk();
  task append();
  task text();
  task search();
  task open_accounts();
  task read_accounts(bool stale);
  task list_read(const std::string& key);
  std::string fresh();
  std::string filled(std::string value);

  const scenario& scenario_;
  dice& random_;
  unsigned client_;
  std::function<void(const std::string&)> violated_;
  std::uint64_t made_ = 0;
  bool accounts_open_ = false;
  std::deque<task> follow_ups_; ///< what an operation that was answered leads to; at most one
};

} // namespace troupe::simulation
