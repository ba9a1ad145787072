#pragma once

// Idempotency keys: what makes a retried HTTP request harmless for limits::idempotency_window_ms of log time.
// Part of the replicated state, so nothing here depends on anything but the commands and the leader times in
// the log.
//
// Keys are remembered in the order of the log and all for the same time, so they also expire in that order:
// the table is a queue, in segments of a thousand that are only appended to, and an ordered index into it. A
// pin shares the segments. A million keys that expire at once are passed segment by segment, and freed later,
// a few with every new one. Not thread-safe.

#include "base/result.hpp"
#include "command/command.hpp"
#include "command/limits.hpp"
#include "command/outcome.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

namespace troupe::storage {

struct idempotency_entry {
  blob key;
  std::uint64_t fingerprint_high = 0;
  std::uint64_t fingerprint_low = 0;
  std::int64_t time_ms = 0; ///< leader time of the command
  blob result;              ///< state_machine_memory.hpp
};

/// Append-only; its entries never move.
struct idempotency_segment {
  static constexpr std::size_t entries_max = 1024;

  std::vector<idempotency_entry> entries;
  std::size_t result_bytes = 0;

  idempotency_segment() { entries.reserve(entries_max); }
};

/// The table as a pin sees it: `count` entries in the order of the log, from entry `first` of the first
/// segment on.
struct captured_idempotency {
  std::vector<std::shared_ptr<const idempotency_segment>> segments;
  std::size_t first = 0;
  std::size_t count = 0;
};

class idempotency_table {
public:
  /// Tests choose a smaller bound; a replicated state must not.
  explicit idempotency_table(std::size_t keys_max = limits::idempotency_keys_max);
  idempotency_table(idempotency_table&&) noexcept;
  idempotency_table& operator=(idempotency_table&&) noexcept;
  ~idempotency_table();

  /// Forgets what is older than the window. At most one step a segment and one segment's worth of steps.
  /// `now_ms` never goes back.
  void expire(std::int64_t now_ms);

  struct admission {
    /// `applied`: the key is new and may be used. Otherwise why not, unless there is a replay.
    outcome code = outcome::applied;
    const blob* replay = nullptr;
  };
  admission admit(const idempotency_stamp& stamp) const;
  /// Remembers the answer to an admitted command. `now_ms` as given to expire().
  void remember_result(const idempotency_stamp& stamp, const command_result& r, std::int64_t now_ms);

  std::size_t size() const { return live_; }
  /// Frees about `work` expired keys; returns whether there are more.
  bool free_some(std::size_t work);

  captured_idempotency capture() const;
  /// Restoring: entries in the order of capture() into an empty table. errc::corrupt for what no table holds
  /// at `now_ms`.
  result<void> load(idempotency_entry e, std::int64_t now_ms);

private:
  struct index;
  struct position {
    std::size_t segment = 0;
    std::size_t entry = 0;
  };

  bool expired(const idempotency_entry& e) const;
  void append(idempotency_entry e);

  std::size_t keys_max_;
  std::unique_ptr<index> index_;
  std::deque<std::shared_ptr<idempotency_segment>> segments_;
  std::size_t freed_ = 0;        ///< entries of the first segment that left the index
  position oldest_;              ///< the first that is not expired, or the place of the next one
  std::size_t live_ = 0;         ///< entries from oldest_ on
  std::size_t result_bytes_ = 0; ///< of the entries from oldest_ on
  std::int64_t now_ms_ = 0;
};

} // namespace troupe::storage
