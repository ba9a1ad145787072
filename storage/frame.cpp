#include "storage/frame.hpp"

#include "base/assert.hpp"
#include "base/checksum.hpp"

#include <algorithm>
#include <cstring>

namespace troupe::storage {

namespace {

constexpr std::size_t size_at = 4;
constexpr std::size_t type_at = 8;
constexpr std::size_t version_at = 9;
constexpr std::size_t group_at = 10;
constexpr std::size_t position_at = 12;
constexpr std::size_t synced_at = 20;

template <class T>
T load(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

template <class T>
void store(char* bytes, T value) {
  std::memcpy(bytes, &value, sizeof value);
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

} // namespace

frame_check check_frame(std::string_view bytes, log_position position, std::size_t body_bytes_max) {
  frame_check out;
  if (bytes.size() < frame_head_bytes) {
    out.status = frame_status::incomplete;
    out.bytes_needed = frame_head_bytes;
    return out;
  }
  auto body_bytes = load<std::uint32_t>(bytes.data() + size_at);
  if (!may_be_frame(bytes.data(), position) || body_bytes > body_bytes_max) {
    out.status = all_zero(bytes.substr(0, frame_head_bytes)) ? frame_status::zero : frame_status::bad;
    return out;
  }
  auto total = frame_head_bytes + body_bytes;
  if (bytes.size() < total) {
    out.status = frame_status::incomplete;
    out.bytes_needed = total;
    return out;
  }
  if (crc32c(bytes.substr(size_at, total - size_at)) != load<std::uint32_t>(bytes.data())) return out;
  auto type = load<std::uint8_t>(bytes.data() + type_at);
  auto known = type >= static_cast<std::uint8_t>(record_type::segment_head) &&
               type <= static_cast<std::uint8_t>(record_type::segment_end);
  out.found.type = static_cast<record_type>(type);
  out.found.position = position;
  out.found.synced = load<std::uint64_t>(bytes.data() + synced_at);
  out.found.body = bytes.substr(frame_head_bytes, body_bytes);
  auto here = load<std::uint8_t>(bytes.data() + version_at) == frame_version &&
              load<std::uint16_t>(bytes.data() + group_at) == 0 && known;
  out.status = here ? frame_status::good : frame_status::unsupported;
  return out;
}

bool may_be_frame(const char* head, log_position position) {
  // Nothing can be synced that comes after the record that says so.
  return load<std::uint64_t>(head + position_at) == position &&
         load<std::uint64_t>(head + synced_at) <= position && load<std::uint8_t>(head + type_at) != 0;
}

log_position claimed_position(const char* head) {
  return load<std::uint64_t>(head + position_at);
}

std::size_t begin_frame(std::string& out) {
  auto start = out.size();
  out.append(frame_head_bytes, '\0');
  return start;
}

void finish_frame(std::string& out, std::size_t start, record_type type, log_position position,
                  log_position synced) {
  auto body_bytes = out.size() - start - frame_head_bytes;
  TROUPE_ASSERT(body_bytes <= UINT32_MAX, "a record is bounded far below 4 GiB");
  TROUPE_ASSERT(synced <= position, "nothing behind a record is synced before it");
  char* head = out.data() + start;
  store(head + size_at, static_cast<std::uint32_t>(body_bytes));
  store(head + type_at, static_cast<std::uint8_t>(type));
  store(head + version_at, frame_version);
  store(head + group_at, std::uint16_t{0});
  store(head + position_at, position);
  store(head + synced_at, synced);
  store(head, crc32c(std::string_view{out}.substr(start + size_at)));
}

} // namespace troupe::storage
