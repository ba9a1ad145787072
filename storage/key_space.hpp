#pragma once

// The multi-version ordered map: what every key held at every revision from compacted() to revision().
//
// An ordered map (B-tree) leads from a key to its newest version, which leads to the older ones. Writing over
// a version queues the new one; compaction pops the queue up to its revision and frees what each popped
// version replaced, so it costs what it frees and never walks the keys. (The same order-of-death idea as a
// generational log; etcd instead scans its whole index.) Reads at an old revision walk back over the versions
// of a key that are newer.
//
// Not thread-safe. Never copied.

#include "base/result.hpp"
#include "command/query.hpp"
#include "storage/key_space_version.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

/// Where a walk over kept versions stands (key_space::walk).
struct history_position {
  std::string key;               ///< the last key that was looked at
  const version* next = nullptr; ///< its next version; null: go on with the next key
  bool begun = false;
  bool done = false;
};

/// Returns whether to go on.
using version_visitor = std::function<bool(std::string_view key, const version& v)>;

class key_space {
public:
  key_space();
  key_space(const key_space&) = delete;
  key_space& operator=(const key_space&) = delete;
  ~key_space();

  revision_t revision() const { return revision_; }
  revision_t compacted() const { return compacted_; }
  std::uint64_t keys() const { return keys_; }
  /// See state_machine::logical_bytes.
  std::uint64_t bytes() const { return bytes_; }

  /// The newest version of the key; null when it is absent. Valid until the next write or compaction.
  const version* find(std::string_view key) const;
  /// As of a revision; the caller has checked that it is kept.
  std::optional<key_value> get(std::string_view key, revision_t at) const;
  query_result range(const range_query& q, revision_t at) const;

  /// Writes belong to revision() + 1 until commit() makes that the current one. Writing a key twice in one
  /// revision replaces the version. Returns whether the key was absent before.
  bool put(std::string_view key, blob value, media_type type);
  /// Returns whether the key was there.
  bool erase(std::string_view key);
  void commit() { ++revision_; }

  /// Reads below `at` are no longer wanted. Clamped to [compacted(), revision()].
  void compact(revision_t at);
  /// Frees about `work` versions; returns whether there are more to free now.
  bool free_some(std::size_t work);

  /// Keeps everything that reads from compacted() to revision() need until unpin(). Returns what unpin wants
  /// back.
  revision_t pin();
  void unpin(revision_t floor);
  std::size_t pins() const { return pinned_.size(); }

  /// At most this many keys without a visible version are passed in one call of walk().
  static constexpr std::size_t walk_skips_max = 16 * 1024;
  /// Visits the versions that a read between `from` and `to` can see: keys ascending, versions of a key from
  /// newest to oldest, without tombstones that stand for nothing. Returns when the visitor says so, after
  /// walk_skips_max, and at the end (position.done). Writes may happen between calls while `from` is pinned.
  void walk(history_position& position, revision_t from, revision_t to, const version_visitor& visit) const;

  /// Restoring into an empty space: begin_load, every version in the order of walk(), finish_load.
  /// errc::corrupt for versions that such a walk cannot have given.
  result<void> begin_load(revision_t compacted, revision_t revision);
  result<void> load(std::string_view key, const version& v);
  result<void> finish_load();

private:
  struct index;

  version* add(version*& newest);
  void set(version* v, blob value);
  void drop(version* v);
  void forget(version* tombstone);
  result<void> check_loaded(bool same_key, const version& v) const;

  std::unique_ptr<index> index_;
  version_pool pool_;
  std::deque<version*> replacing_; ///< versions that have an older one, by mod_revision
  std::vector<revision_t> pinned_; ///< at most a handful
  revision_t revision_;
  revision_t compacted_;
  std::uint64_t keys_ = 0;
  std::uint64_t bytes_ = 0;
  std::string last_loaded_key_;
  version* last_loaded_ = nullptr;
};

} // namespace troupe::storage
