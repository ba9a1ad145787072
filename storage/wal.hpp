#pragma once

// The write-ahead log: Raft's persistent state (term, vote, log entries, snapshot pointer; paper, figure 2)
// in segment files.
//
// One writer (this class), on one thread; readers of old entries run beside it (storage/log_reader.hpp). The
// files and the rules of recovery are described byte by byte in docs/formats.md.

#include "base/entry.hpp"
#include "base/file.hpp"
#include "storage/segment_writer.hpp"
#include "storage/wal_map.hpp"
#include "storage/wal_state.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::storage {

struct wal_options {
  /// The folder of the segment files. Made, with its parents, if it is not there.
  std::string folder;
  /// Size of a segment file. At least 16 KiB, else invalid_argument. An entry that does not fit in an empty
  /// segment gets a file of its own size.
  std::uint64_t segment_bytes = 64u << 20;
  /// Largest record body, written or accepted: the largest command and its frame.
  std::size_t record_bytes_max = (16u << 20) + (64u << 10);
  /// recovered_log::tail holds at most this much (entry::cost()).
  std::size_t recovered_tail_bytes_max = 64u << 20;
  /// A file that holds disk space back for the time when there is no more (wal::hold_reserve), and its size;
  /// 0: none. At least 128 KiB, else invalid_argument.
  std::string reserve_path;
  std::uint64_t reserve_bytes = 0;
  /// False: an empty folder is refused as corrupt instead of becoming a new log. For a node that is known to
  /// have had one.
  bool create = true;
};

/// What open() found.
struct recovered_log {
  hard_state state;
  snapshot_meta snapshot; ///< newest snapshot pointer; index 0: none
  membership members;     ///< newest membership at or before `last`; empty before formation
  index_t members_index;  ///< the entry that made it, or the index of the snapshot that carried it
  index_t first{1};       ///< first kept entry
  index_t last;           ///< last entry; first == last + 1 when there is none
  /// (first index of the run, its term) for every run of equal terms in first..last, ascending.
  std::vector<std::pair<index_t, term_t>> term_runs;
  /// Every membership entry above the snapshot, ascending: the newest may still be truncated away.
  std::vector<std::pair<index_t, membership>> memberships;
  /// The newest entries, contiguous up to `last`, as many as the limit allows; at least one, however large,
  /// when there is any.
  std::vector<entry> tail;
  /// Bytes of an unfinished write were found behind the last good record, and cut off.
  bool torn_tail = false;
  std::string notes; ///< what was cut or removed, for a person; empty when nothing was
};

struct recovered_files;

/// Staged calls (append, save, ...) change nothing on disk; sync() makes all of them durable in order, and
/// only then may the caller vote, acknowledge or answer. Not thread-safe: one thread at a time.
///
/// After an io_error from any call the object is poisoned: every later call fails with io_error, and what was
/// staged since the last good sync() may or may not be on disk. The caller stops the process.
class wal {
public:
  /// Upper bound of what may be staged between two sync() calls, in bytes of records; a call that would
  /// exceed it fails with too_large and stages nothing. A single entry may be larger (up to record_bytes_max)
  /// when nothing else is staged.
  static constexpr std::size_t staged_bytes_max = 64u << 20;

  /// Opens or creates the log, cuts off a torn tail and makes everything that is left durable before it
  /// returns. errc::corrupt names file and offset of damage; nothing was changed then. errc::foreign: a file
  /// of a newer version. The caller holds the lock on the data folder (storage/data_folder.hpp). `fs` must
  /// outlive the log.
  static result<std::unique_ptr<wal>> open(file_system& fs, wal_options options, recovered_log& out);
  ~wal();
  wal(const wal&) = delete;
  wal& operator=(const wal&) = delete;

  /// Adds entries. Precondition, else invalid_argument: contiguous, the first is last() + 1, terms do not
  /// fall. disk_full: they need a segment for which there is no space; nothing was staged, and the call may
  /// be repeated later. too_large: an entry above record_bytes_max, or see staged_bytes_max.
  result<void> append(std::span<const entry> entries);
  /// Precondition, else invalid_argument: the term does not fall. Works on a full disk within a reserve kept
  /// for it.
  result<void> save(const hard_state& state);
  /// Removes entries >= from. Precondition, else invalid_argument: snapshot index < from (those are
  /// committed). Above last(): no-op.
  result<void> truncate_suffix(index_t from);
  /// A snapshot at meta.index is durable; entries below first_kept are no longer needed. Whole segments below
  /// it are removed by the sync() that covers this. Precondition, else invalid_argument: first() <=
  /// first_kept <= meta.index + 1, and previous snapshot index <= meta.index <= last().
  result<void> save_snapshot(const snapshot_meta& meta, index_t first_kept);
  /// A snapshot from the leader was installed: the log is empty after meta.index. Precondition, else
  /// invalid_argument: meta.index is not below the previous snapshot's.
  result<void> reset_to(const snapshot_meta& meta);
  /// One write and one fdatasync for all that is staged (two of each, and a rename, when it crosses into the
  /// next segment).
  result<void> sync();

  /// True when a part of the next segment should be prepared now, off the hot path.
  bool needs_next() const;
  /// Prepares one bounded step (allocation, then about 1 MiB of zeros) of the next segment; call it again
  /// while needs_next(). errc::disk_full: no space, harmless, may be repeated later. If it is never called,
  /// append() does the work itself.
  result<void> prepare_next();

  /// Takes the reserve, if it is not held and the disk has space for it and for a next segment. Returns
  /// whether it is held now (true as well when the options ask for none). Segments have their full size then.
  result<bool> hold_reserve();
  /// Gives its space back to the disk: for hard state, a snapshot, and entries that make room. From now on
  /// segments are small, and entries take at most half of what was held. Returns whether it was held.
  result<bool> release_reserve();
  bool holds_reserve() const { return reserve_held_ || options_.reserve_bytes == 0; }
  std::uint64_t reserve_bytes() const { return options_.reserve_bytes; }
  /// Small entries can be appended without space from the disk.
  bool has_room() const { return !poisoned_ && writer_.has_room(); }

  index_t first() const { return state_.first_kept(); } ///< first kept entry, staged calls included
  index_t last() const { return state_.last(); }        ///< last entry, staged calls included
  std::size_t staged_bytes() const { return writer_.staged_bytes(); }
  std::uint64_t bytes_on_disk() const { return map_->bytes() + writer_.spare_bytes(); }
  /// Bytes of records written since the log began: grows by what each sync() wrote.
  std::uint64_t position() const { return writer_.synced_position(); }
  /// What log_reader reads through. Shows synced entries only.
  std::shared_ptr<const wal_map> map() const { return map_; }

private:
  wal(file_system& fs, wal_options options);

  /// Fails when poisoned; poisons on an error that leaves the files in doubt.
  template <class Step>
  result<void> guarded(Step step);
  result<void> start(recovered_files files);
  result<void> begin_segment();
  result<void> stage_entries(std::span<const entry> entries);
  result<void> next_segment(std::size_t body_bytes, segment_writer::purpose why);
  result<void> point(const snapshot_pointer& pointer);
  result<void> make_room(std::size_t body_bytes);
  void put(record_type type, std::string_view body);
  result<void> remove_unneeded();
  result<void> drop_reserve();
  std::uint64_t lean_budget() const;

  file_system& fs_;
  wal_options options_;
  wal_state state_; ///< as of the last staged call
  std::shared_ptr<wal_map> map_;
  std::vector<map_change> unpublished_; ///< what map_ learns at the next sync
  mark_maker marks_;
  segment_writer writer_;
  bool poisoned_ = false;
  bool reserve_held_ = false;
};

} // namespace troupe::storage
