#pragma once

// What a checker answers.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::checkers {

enum class verdict {
  ok,
  undecided, ///< a stated limit was reached before an answer was; neither good nor bad
  violation,
};
std::string_view to_string(verdict v);

/// One thing that is wrong, with the operations (places in history::operations) that show it, earliest first.
struct finding {
  std::string rule; ///< short and stable, for example "lost"
  std::string what; ///< one sentence
  std::vector<std::size_t> operations;
};

struct report {
  static constexpr std::size_t findings_max = 20;

  verdict result = verdict::ok;
  std::vector<finding> findings; ///< the first findings_max; empty exactly when ok
  std::size_t found = 0;         ///< how many there were

  void add(finding f, verdict v = verdict::violation);
  void merge(report other);
};

} // namespace troupe::checkers
