#include "storage/wal.hpp"

#include "base/assert.hpp"
#include "base/deliberate_bug.hpp"
#include "base/entry_archive.hpp"
#include "storage/log_reader.hpp"
#include "storage/wal_recovery.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::storage {

namespace {

constexpr std::uint64_t segment_bytes_min = 16u << 10;
/// Entries gather in one record up to this size: large enough to spread the frame's cost, small enough to
/// read one entry cheaply.
constexpr std::size_t batch_bytes = 64u << 10;
constexpr std::uint64_t reserve_bytes_min = 128u << 10;
/// A segment out of the reserve: several fit in the half of it that is for entries.
std::uint64_t lean_bytes(const wal_options& o) {
  return std::clamp(o.reserve_bytes / 8, segment_bytes_min, std::max(o.segment_bytes, segment_bytes_min));
}
constexpr std::size_t count_bytes = sizeof(std::uint32_t);

/// Bytes of an entry in a record of type `entries`.
std::size_t encoded_bytes(const entry& e) {
  constexpr std::size_t fixed = 8 + 8 + 1 + 8 + 8 + 8 + 4; // term, index, kind, time, origin, payload size
  return fixed + e.payload.size();
}

bool leaves_files_in_doubt(errc code) {
  return code != errc::disk_full && code != errc::invalid_argument && code != errc::too_large;
}

} // namespace

wal::wal(file_system& fs, wal_options options)
    : fs_(fs), options_(std::move(options)), map_(std::make_shared<wal_map>()),
      writer_(fs, {options_.folder, options_.segment_bytes, lean_bytes(options_)}) {}

wal::~wal() = default;

result<std::unique_ptr<wal>> wal::open(file_system& fs, wal_options options, recovered_log& out) {
  if (options.segment_bytes < segment_bytes_min)
    return error{errc::invalid_argument, "segment_bytes is below 16 KiB"};
  if (options.reserve_bytes != 0 && options.reserve_bytes < reserve_bytes_min)
    return error{errc::invalid_argument, "reserve_bytes is below 128 KiB"};
  out = recovered_log{};
  auto files = recover(fs, options, out);
  if (!files) return files.error();
  std::unique_ptr<wal> log{new wal{fs, std::move(options)}};
  if (auto started = log->start(std::move(*files)); !started) return started.error();
  if (out.tail.empty() && out.first <= out.last) {
    // All that recovery had kept was truncated away by a later record.
    log_reader reader{fs, log->map(), log->options_.record_bytes_max};
    auto newest = reader.read(out.last, out.last, 0);
    if (!newest) return newest.error();
    out.tail = std::move(*newest);
  }
  return log;
}

result<void> wal::start(recovered_files files) {
  state_ = std::move(files.state);
  unpublished_ = std::move(files.changes);
  auto writable = files.content != nullptr;
  writer_.resume(std::move(files.last), std::move(files.content), files.end);
  if (!writable)
    if (auto begun = begin_segment(); !begun) return begun;
  return sync();
}

/// The newest segment is sealed, or there is none. On a full disk that can be the end of an earlier run,
/// between two segments: then what was held back is for this.
result<void> wal::begin_segment() {
  auto opened = next_segment(0, segment_writer::purpose::upkeep);
  if (opened || opened.error().code != errc::disk_full || options_.reserve_bytes == 0) return opened;
  auto held = fs_.exists(options_.reserve_path);
  if (!held) return held.error();
  writer_.set_lean(*held ? options_.reserve_bytes / 2 : 0);
  if (auto removed = drop_reserve(); !removed) return removed;
  return next_segment(0, segment_writer::purpose::upkeep);
}

template <class Step>
result<void> wal::guarded(Step step) {
  if (poisoned_) return error{errc::io_error, options_.folder + ": the log has failed before"};
  result<void> done = step();
  if (!done && leaves_files_in_doubt(done.error().code)) {
    poisoned_ = true;
    return error{errc::io_error, done.error().detail};
  }
  return done;
}

result<void> wal::append(std::span<const entry> entries) {
  return guarded([&]() -> result<void> {
    std::size_t total = 0;
    for (auto& e : entries) {
      auto bytes = encoded_bytes(e);
      if (count_bytes + bytes > options_.record_bytes_max)
        return error{errc::too_large, "entry " + std::to_string(e.index.value) + " is larger than a record"};
      total += bytes;
    }
    auto alone = entries.size() == 1 && staged_bytes() == 0;
    if (!alone && total + staged_bytes() > staged_bytes_max)
      return error{errc::too_large, "more than 64 MiB would wait for one sync"};

    auto last = state_.last();
    auto before = writer_.mark();
    auto unpublished = unpublished_.size();
    auto staged = stage_entries(entries);
    if (!staged) {
      writer_.roll_back(before);
      unpublished_.resize(unpublished);
      marks_.end_run();
      auto undone = state_.truncate_suffix(last + 1);
      TROUPE_ASSERT(undone, "entries that were just added can be removed");
    }
    return staged;
  });
}

/// Packs entries into records, as many in each as batch_bytes and the segment allow. On an error a part of
/// them is staged.
result<void> wal::stage_entries(std::span<const entry> entries) {
  for (std::size_t next = 0; next < entries.size();) {
    auto first = entries[next].index;
    auto bytes = count_bytes + encoded_bytes(entries[next]);
    if (writer_.room(segment_writer::purpose::entries) < frame_head_bytes + bytes)
      if (auto opened = next_segment(bytes, segment_writer::purpose::entries); !opened) return opened;

    auto& buffer = writer_.begin();
    auto count_at = buffer.size();
    std::uint32_t count = 0;
    buffer.append(count_bytes, '\0');
    output_archive archive{buffer};
    do {
      if (auto added = state_.append(entries[next]); !added) return added;
      archive << entries[next];
      ++count;
      ++next;
    } while (next < entries.size() && buffer.size() - count_at < batch_bytes &&
             buffer.size() - count_at + encoded_bytes(entries[next]) <= options_.record_bytes_max &&
             writer_.room(segment_writer::purpose::entries) >= encoded_bytes(entries[next]));
    std::memcpy(buffer.data() + count_at, &count, sizeof count);
    marks_.note(first, writer_.finish(record_type::entries), unpublished_);
  }
  return {};
}

result<void> wal::save(const hard_state& state) {
  return guarded([&]() -> result<void> {
    auto body = encode(state);
    if (auto room = make_room(body.size()); !room) return room;
    if (auto saved = state_.save(state); !saved) return saved;
    put(record_type::hard_state, body);
    return {};
  });
}

result<void> wal::truncate_suffix(index_t from) {
  return guarded([&]() -> result<void> {
    if (from > state_.last()) return {};
    auto body = encode(from);
    if (auto room = make_room(body.size()); !room) return room;
    if (auto removed = state_.truncate_suffix(from); !removed) return removed;
    put(record_type::truncate, body);
    unpublished_.push_back({map_change::kind::truncate, from, 0, {}});
    marks_.end_run();
    return {};
  });
}

result<void> wal::save_snapshot(const snapshot_meta& meta, index_t first_kept) {
  return point({meta, first_kept, false});
}

result<void> wal::reset_to(const snapshot_meta& meta) {
  return point({meta, meta.index + 1, true});
}

result<void> wal::point(const snapshot_pointer& pointer) {
  return guarded([&]() -> result<void> {
    auto body = encode(pointer);
    if (body.size() > options_.record_bytes_max)
      return error{errc::too_large, "the membership of the snapshot is larger than a record"};
    if (auto room = make_room(body.size()); !room) return room;
    if (auto pointed = state_.point(pointer); !pointed) return pointed;
    put(record_type::snapshot, body);
    if (pointer.reset) {
      unpublished_.push_back({map_change::kind::truncate, index_t{}, 0, {}});
      marks_.end_run();
    }
    return {};
  });
}

/// Makes sure that a record of upkeep fits in the staged segment.
result<void> wal::make_room(std::size_t body_bytes) {
  if (writer_.room(segment_writer::purpose::upkeep) >= frame_head_bytes + body_bytes) return {};
  return next_segment(body_bytes, segment_writer::purpose::upkeep);
}

/// Goes on in a segment that has room for a record with this body.
result<void> wal::next_segment(std::size_t body_bytes, segment_writer::purpose why) {
  auto head = state_.head();
  auto bytes = writer_.bytes_for(2 * frame_head_bytes + encode(head).size() + body_bytes);
  if (why == segment_writer::purpose::entries && !writer_.may_go_on(bytes))
    return error{errc::disk_full, options_.folder + ": what is held back for entries is used up"};
  if (auto opened = writer_.open_next(state_.last() + 1, bytes); !opened) return opened;
  auto& segment = writer_.segment();
  head.sequence = segment.sequence;
  head.segment_bytes = segment.bytes;
  head.previous_end = segment.base;
  put(record_type::segment_head, encode(head));
  unpublished_.push_back({map_change::kind::segment, {}, 0, segment});
  marks_.end_run();
  return {};
}

void wal::put(record_type type, std::string_view body) {
  writer_.begin().append(body);
  writer_.finish(type);
}

result<void> wal::sync() {
  return guarded([&]() -> result<void> {
    if (writer_.staged_bytes() == 0 && unpublished_.empty()) return {};
    auto synced = writer_.sync();
    // A full disk is harmless only ahead of a segment, never inside one.
    if (!synced && !deliberately(bug::ignore_failed_sync))
      return error{errc::io_error, synced.error().detail};
    map_->apply(unpublished_, first(), last(), writer_.synced_position());
    unpublished_.clear();
    if (first() > last()) marks_.end_run(); // the map of an empty log has no run that could go on
    return remove_unneeded();
  });
}

/// The heads of the segments that stay repeat all that these have said.
result<void> wal::remove_unneeded() {
  auto unneeded = map_->take_unneeded();
  for (auto& segment : unneeded)
    if (auto removed = fs_.remove(segment.path); !removed)
      return error{errc::io_error, removed.error().detail};
  if (unneeded.empty()) return {};
  if (auto synced = fs_.sync_folder(options_.folder); !synced)
    return error{errc::io_error, synced.error().detail};
  return {};
}

/// For entries, when the disk was full already at the start: an earlier run may have used some of it.
std::uint64_t wal::lean_budget() const {
  auto half = options_.reserve_bytes / 2;
  return half - std::min(half, map_->bytes_of_smaller(options_.segment_bytes));
}

result<bool> wal::hold_reserve() {
  if (holds_reserve()) return true;
  if (poisoned_) return false;
  auto there = fs_.exists(options_.reserve_path);
  if (!there) return there.error();
  auto space = fs_.space(options_.folder);
  if (!space) return space.error();
  // One that an earlier run held is taken as it is; whether the next segment fits shows when it is prepared.
  if (!*there && *space < options_.reserve_bytes + options_.segment_bytes) {
    if (!writer_.is_lean()) writer_.set_lean(lean_budget());
    return false;
  }
  auto content = fs_.open(options_.reserve_path, *there ? open_mode::read_write : open_mode::create);
  auto held = content ? (*content)->allocate(options_.reserve_bytes) : result<void>{content.error()};
  if (held) held = (*content)->truncate(options_.reserve_bytes); // an earlier one may have been larger
  if (held) held = (*content)->sync();
  reserve_held_ = held.has_value();
  if (held) {
    writer_.end_lean();
    return true;
  }
  if (held.error().code != errc::disk_full) return held.error();
  if (!writer_.is_lean()) writer_.set_lean(lean_budget());
  if (auto removed = drop_reserve(); !removed) return removed.error();
  return false;
}

result<bool> wal::release_reserve() {
  if (!reserve_held_) return false;
  reserve_held_ = false;
  writer_.set_lean(options_.reserve_bytes / 2);
  if (auto removed = drop_reserve(); !removed) return removed.error();
  return true;
}

result<void> wal::drop_reserve() {
  auto there = fs_.exists(options_.reserve_path);
  if (!there) return there.error();
  if (*there) return fs_.remove(options_.reserve_path);
  return {};
}

bool wal::needs_next() const {
  return !poisoned_ && writer_.needs_next();
}

result<void> wal::prepare_next() {
  return guarded([&] { return writer_.prepare_step(); });
}

} // namespace troupe::storage
