#include "storage/segment_scan.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace troupe::storage {

namespace {

/// As fast as memcmp, in every build: most of a fresh segment is zeros.
bool all_zero(std::string_view bytes) {
  return bytes.empty() ||
         (bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

} // namespace

segment_source::segment_source(std::unique_ptr<file> f, std::string path, log_position base,
                               std::size_t record_bytes_max)
    : file_(std::move(f)), path_(std::move(path)), base_(base), record_bytes_max_(record_bytes_max) {}

/// At least `count` bytes from `position` on, fewer only where `end` or the file ends; often more.
result<std::string_view> segment_source::bytes(log_position position, log_position end, std::size_t count) {
  TROUPE_ASSERT(position >= base_ && position <= end, "a position of this segment");
  count = static_cast<std::size_t>(std::min<std::uint64_t>(count, end - position));
  auto window_end = window_start_ + window_.size();
  if (position < window_start_ || position > window_end || window_end - position < count) {
    auto wanted = std::min<std::uint64_t>(std::max(count, window_bytes), end - position);
    window_.resize(wanted);
    auto got = file_->read(position - base_, window_.data(), window_.size());
    if (!got) {
      window_.clear();
      return got.error();
    }
    window_.resize(*got);
    window_start_ = position;
  }
  auto view = std::string_view{window_}.substr(position - window_start_);
  return view.substr(0, std::min<std::uint64_t>(view.size(), end - position));
}

result<frame_check> segment_source::at(log_position position, log_position end) {
  std::size_t count = frame_head_bytes;
  for (;;) {
    auto available = bytes(position, end, count);
    if (!available) return available.error();
    auto check = check_frame(*available, position, record_bytes_max_);
    if (check.status != frame_status::incomplete) return check;
    if (check.bytes_needed <= count || available->size() < count) {
      check.status = frame_status::bad;
      return check;
    }
    count = check.bytes_needed;
  }
}

result<std::optional<frame>> segment_source::find_witness(log_position position, log_position end) {
  for (auto p = position + 1; p + frame_head_bytes <= end;) {
    auto available = bytes(p, end, frame_head_bytes);
    if (!available) return available.error();
    if (available->size() < frame_head_bytes) break;
    // The window slides once for many candidates: only what looks like a frame is checked as one.
    auto candidates = available->size() - frame_head_bytes + 1;
    std::size_t i = all_zero(*available) ? candidates : 0;
    while (i < candidates && !may_be_frame(available->data() + i, p + i))
      ++i;
    if (i == candidates) {
      p += candidates;
      continue;
    }
    auto check = at(p + i, end);
    if (!check) return check.error();
    auto intact = check->status == frame_status::good || check->status == frame_status::unsupported;
    if (intact && check->found.synced > position) return std::optional<frame>{check->found};
    p += i + 1;
  }
  return std::optional<frame>{};
}

result<log_position> segment_source::nonzero_end(log_position position, log_position end) {
  auto found = position;
  for (auto p = position; p < end;) {
    auto available = bytes(p, end, 1);
    if (!available) return available.error();
    if (available->empty()) break;
    if (!all_zero(*available)) found = p + available->find_last_not_of('\0') + 1;
    p += available->size();
  }
  return found;
}

std::string segment_source::place(log_position position) const {
  return path_ + ": offset " + std::to_string(position - base_);
}

} // namespace troupe::storage
