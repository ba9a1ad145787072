#pragma once

// Which writes of a key may be the latest at some moment, by real time alone.

#include "tests/checkers/history.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::checkers {

struct timed_write {
  std::int64_t called = 0;
  std::int64_t returned = 0; ///< of an uncertain one the largest number: it may take place any time later
  bool certain = false;
  std::optional<std::string_view> value; ///< none: deleted
  std::size_t source = 0;                ///< place in history::operations
};

/// The writes of one key.
class timeline {
public:
  void add(const timed_write& w);
  /// Before anything is asked.
  void finish();

  /// The writes that may be the latest at a moment within [from, to].
  struct latest {
    bool initial = false; ///< or there may have been none
    std::vector<const timed_write*> writes;

    /// Whether one of them leaves this value (none: absent).
    bool may_hold(const std::optional<std::string_view>& value) const;
  };
  latest at(std::int64_t from, std::int64_t to) const;

private:
  struct ended {
    std::int64_t returned;
    std::int64_t called; ///< the latest call of those that returned until then
  };
  std::vector<timed_write> writes_; ///< by call
  std::vector<ended> certain_;      ///< by return
};

/// Of each key that an operation of the map may have written. Views point into `h`.
std::map<std::string_view, timeline> timelines(const history& h);

/// Whether `word` is among the words of `value`, which blanks separate.
bool has_word(std::string_view value, std::string_view word);

} // namespace troupe::checkers
