#include "storage/segment_writer.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace troupe::storage {

namespace {

constexpr std::size_t zero_step_bytes = 1u << 20;
constexpr std::size_t kept_buffer_bytes = 4u << 20; // a larger staging buffer is given back after its sync

/// 1 MiB of a 64 MiB segment: thousands of elections, and the pointers of snapshots that make room again.
std::uint64_t reserve_bytes(std::uint64_t segment_bytes) {
  return std::max<std::uint64_t>(segment_bytes / 64, 2048);
}

} // namespace

segment_writer::segment_writer(file_system& fs, options o) : fs_(fs), options_(std::move(o)) {}

void segment_writer::resume(segment_info segment, std::unique_ptr<file> f, log_position end) {
  TROUPE_ASSERT(parts_.empty(), "a writer is started once");
  synced_ = end;
  part p;
  p.offset = end - segment.base;
  p.segment = std::move(segment);
  p.content = std::move(f);
  parts_.push_back(std::move(p));
}

std::uint64_t segment_writer::room(purpose p) const {
  auto& back = parts_.back();
  if (!back.content) return 0; // a sealed segment, or none at all: open_next comes first
  auto used = back.offset + back.buffer.size();
  auto kept = frame_head_bytes + (p == purpose::entries ? reserve_bytes(back.segment.bytes) : 0);
  return used + kept >= back.segment.bytes ? 0 : back.segment.bytes - used - kept;
}

std::uint64_t segment_writer::bytes_for(std::uint64_t frame_bytes) const {
  // The reserve grows with the file, so the usual one is added: slightly more than a large file needs is lost
  // at its end.
  auto wanted = frame_bytes + frame_head_bytes + reserve_bytes(usual_bytes());
  if (wanted <= usual_bytes()) return usual_bytes();
  return wanted + wanted / 32;
}

result<void> segment_writer::open_next(index_t first, std::uint64_t bytes) {
  if (auto ready = finish_spare(bytes); !ready) return ready;
  auto base = synced_;
  if (parts_.back().content) {
    begin();
    finish(record_type::segment_end);
    base = staged_position();
  }
  part next;
  next.segment.sequence = parts_.back().segment.sequence + 1;
  next.segment.first = first;
  next.segment.base = base;
  auto& s = spares_.front();
  next.segment.bytes = s.bytes;
  next.segment.path = options_.folder + "/" + segment_name(next.segment.sequence, first);
  next.content = std::move(s.content);
  next.aside = std::move(s.path);
  spares_.pop_front();
  parts_.push_back(std::move(next));
  return {};
}

log_position segment_writer::staged_position() const {
  auto& back = parts_.back();
  return back.segment.base + back.offset + back.buffer.size();
}

std::string& segment_writer::begin() {
  frame_start_ = begin_frame(parts_.back().buffer);
  return parts_.back().buffer;
}

log_position segment_writer::finish(record_type type) {
  auto& back = parts_.back();
  auto position = back.segment.base + back.offset + frame_start_;
  // When a later segment gets its name, all before it is durable.
  auto synced = std::max(synced_, back.segment.base);
  finish_frame(back.buffer, frame_start_, type, position, synced);
  TROUPE_ASSERT(back.offset + back.buffer.size() <= back.segment.bytes, "records stay inside their segment");
  return position;
}

segment_writer::checkpoint segment_writer::mark() const {
  return {parts_.size(), parts_.back().buffer.size()};
}

void segment_writer::roll_back(const checkpoint& to) {
  TROUPE_ASSERT(to.parts >= 1 && to.parts <= parts_.size(), "the checkpoint is of this staging");
  while (parts_.size() > to.parts) {
    auto& p = parts_.back();
    spare s;
    s.content = std::move(p.content);
    s.path = std::move(p.aside);
    s.bytes = s.zeroed = p.segment.bytes;
    spares_.push_front(std::move(s));
    parts_.pop_back();
  }
  parts_.back().buffer.resize(to.bytes);
}

std::size_t segment_writer::staged_bytes() const {
  std::size_t sum = 0;
  for (auto& p : parts_)
    sum += p.buffer.size();
  return sum;
}

result<void> segment_writer::sync() {
  for (auto& p : parts_)
    if (auto done = sync_part(p); !done) return done;
  parts_.erase(parts_.begin(), parts_.end() - 1);
  synced_ = staged_position();
  return {};
}

/// A file that is not in the log yet gets its name when its records are durable: a segment in the log always
/// begins with a good head.
result<void> segment_writer::sync_part(part& p) {
  if (p.buffer.empty()) return {};
  if (auto done = p.content->write(p.offset, p.buffer); !done) return done;
  if (auto done = p.content->sync(); !done) return done;
  if (!p.aside.empty()) {
    if (auto done = fs_.rename(p.aside, p.segment.path); !done) return done;
    if (auto done = fs_.sync_folder(options_.folder); !done) return done;
    p.aside.clear();
  }
  p.offset += p.buffer.size();
  p.buffer.clear();
  if (p.buffer.capacity() > kept_buffer_bytes) p.buffer.shrink_to_fit();
  return {};
}

bool segment_writer::needs_next() const {
  if (!spares_.empty()) return spares_.front().zeroed < spares_.front().bytes;
  auto& back = parts_.back();
  return back.offset + back.buffer.size() > back.segment.bytes / 2;
}

result<void> segment_writer::prepare_step() {
  if (!needs_next()) return {};
  if (!spares_.empty()) return zero_step();
  if (!may_go_on(usual_bytes()))
    return error{errc::disk_full, options_.folder + ": what is held back for entries is used up"};
  return start_spare(usual_bytes());
}

bool segment_writer::may_go_on(std::uint64_t bytes) const {
  return !lean_ || (!spares_.empty() && spares_.front().bytes >= bytes) || bytes <= lean_left_;
}

bool segment_writer::has_room() const {
  auto& back = parts_.back();
  return (!spares_.empty() && spares_.front().zeroed == spares_.front().bytes) ||
         room(purpose::entries) > back.segment.bytes / 8;
}

/// Makes the front spare complete and at least `bytes` large; makes one if there is none.
result<void> segment_writer::finish_spare(std::uint64_t bytes) {
  if (spares_.empty() || spares_.front().bytes < bytes)
    if (auto started = start_spare(bytes); !started) return started;
  while (spares_.front().zeroed < spares_.front().bytes)
    if (auto done = zero_step(); !done) return done;
  return {};
}

/// At the front, since it is wanted sooner, or larger, than what is there.
result<void> segment_writer::start_spare(std::uint64_t bytes) {
  spare s;
  s.path = options_.folder + "/" + std::to_string(++spares_made_) + std::string{unfinished_suffix};
  s.bytes = bytes;
  auto content = fs_.open(s.path, open_mode::replace);
  if (!content) return content.error();
  s.content = std::move(*content);
  spares_.push_front(std::move(s));
  // Takes all the space at once, so that a full disk is found before any time is spent on writing zeros.
  auto allocated = spares_.front().content->allocate(bytes);
  if (!allocated) return drop_front_spare(allocated.error());
  lean_left_ -= std::min(lean_left_, bytes);
  return {};
}

result<void> segment_writer::zero_step() {
  static const std::string zeros(zero_step_bytes, '\0');
  auto& s = spares_.front();
  auto count = std::min<std::uint64_t>(zero_step_bytes, s.bytes - s.zeroed);
  auto done = s.content->write(s.zeroed, std::string_view{zeros}.substr(0, count));
  if (done) done = s.content->sync();
  if (!done) return drop_front_spare(done.error());
  s.zeroed += count;
  return {};
}

/// Gives the space of a file back that could not be prepared, and passes the reason on.
result<void> segment_writer::drop_front_spare(error reason) {
  auto path = std::move(spares_.front().path);
  spares_.pop_front();
  if (auto removed = fs_.remove(path); !removed) return removed;
  return reason;
}

std::uint64_t segment_writer::spare_bytes() const {
  std::uint64_t sum = 0;
  for (auto& s : spares_)
    sum += s.bytes;
  for (auto& p : parts_)
    if (!p.aside.empty()) sum += p.segment.bytes;
  return sum;
}

} // namespace troupe::storage
