#pragma once

// Which keys each of the newest log entries touched: what followers of the key space pull from. Not part of
// the replicated state; a node that restored a snapshot begins with an empty feed.
//
// It remembers keys, not values: 40 bytes a change, and the bytes of a key that is longer than 23. Not
// thread-safe.

#include "base/ids.hpp"
#include "storage/key_space_key.hpp"

#include <cstddef>
#include <deque>
#include <string_view>

namespace troupe::storage {

class change_feed {
public:
  /// One entry can touch limits::operations_max keys and name limits::command_bytes_max bytes of them: either
  /// bound holds more than that, so the newest entry is always there as a whole.
  static constexpr std::size_t records_max = 512 * 1024;
  static constexpr std::size_t bytes_max = 32 * 1024 * 1024;

  struct record {
    index_t index;
    revision_t
        revision; ///< of the key space after what this entry did up to here; of the last one: after the entry
    compact_key key;
  };

  /// Knows nothing of entries up to `begin`.
  explicit change_feed(index_t begin = {}) : floor_(begin) {}

  /// Neither index nor revision go back.
  void add(index_t index, revision_t revision, std::string_view key);

  /// Every change behind this index is known.
  index_t floor() const { return floor_; }
  using position = std::deque<record>::const_iterator;
  /// The first change behind `after`. Valid until the next add.
  position first_after(index_t after) const;
  position end() const { return records_.end(); }
  /// What it holds, as bytes_max bounds it.
  std::size_t bytes() const { return bytes_; }

private:
  static std::size_t charge(const record& r);

  std::deque<record> records_;
  std::size_t bytes_ = 0;
  index_t floor_;
};

} // namespace troupe::storage
