#pragma once

// Results that are looked at page by page: found once, at one revision, and kept for a while. The values stay
// shared with the key space until they are overwritten there.

#include "base/ids.hpp"
#include "search/engine.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// Bounded by count, bytes and time: the oldest go first. One owner.
class page_series {
public:
  struct series {
    search::engine_ask ask; ///< without highlights; what the pages are to show
    std::vector<search::engine_hit> hits;
    std::uint64_t total = 0;
    bool values = true;
    bool highlights = true;
    revision_t indexed;
    revision_t vectors;
    std::int64_t used_ms = 0;
    std::size_t bytes = 0;
  };

  static constexpr std::size_t series_max = 64;
  static constexpr std::size_t bytes_max = 64 * 1024 * 1024;
  static constexpr std::int64_t keep_ms = 60'000;

  /// `incarnation` tells this process's cursors from those of another or an earlier one.
  explicit page_series(std::uint64_t incarnation) : incarnation_(incarnation) {}

  /// Returns its number.
  std::uint64_t add(series s, std::int64_t now_ms);
  series* find(std::uint64_t number, std::int64_t now_ms);
  void expire(std::int64_t now_ms);

  std::string cursor(std::uint64_t number, std::uint32_t next) const;
  struct place {
    std::uint64_t number;
    std::uint32_t next;
  };
  /// Nothing when the text is no cursor of this process.
  std::optional<place> parse(std::string_view cursor) const;

private:
  void drop_oldest();

  std::uint64_t incarnation_;
  std::uint64_t last_ = 0;
  std::size_t bytes_ = 0;
  std::map<std::uint64_t, series> kept_;
};

} // namespace troupe
