#include "storage/snapshot_frame.hpp"

#include "base/checksum.hpp"
#include "storage/snapshot_file.hpp"

namespace troupe::storage {

namespace {

struct frame_head {
  std::uint32_t checksum = 0;
  std::uint32_t bytes = 0;
  std::uint8_t type = 0;
  std::uint8_t version = snapshot_frame_version;
  std::uint16_t group = 0;
  std::uint32_t number = 0;
};
template <class Archive>
void serialize(Archive& ar, frame_head& v, unsigned) {
  ar& v.checksum;
  ar& v.bytes;
  ar& v.type;
  ar& v.version;
  ar& v.group;
  ar& v.number;
}

constexpr std::size_t checksum_bytes = sizeof(std::uint32_t);

result<void> read_exactly(file& f, const std::string& path, std::uint64_t offset, std::string& into) {
  auto count = f.read(offset, into.data(), into.size());
  if (!count) return count.error();
  if (*count != into.size())
    return error{errc::corrupt, path + ": ends inside the frame at offset " + std::to_string(offset)};
  return {};
}

} // namespace

std::string make_snapshot_frame(snapshot_frame type, std::uint32_t number, std::string_view body) {
  std::string frame;
  frame.reserve(snapshot_frame_head_bytes + body.size());
  frame_head head;
  head.bytes = static_cast<std::uint32_t>(body.size());
  head.type = static_cast<std::uint8_t>(type);
  head.number = number;
  encode_to(frame, head);
  frame += body;
  auto checksum = crc32c(std::string_view{frame}.substr(checksum_bytes));
  std::memcpy(frame.data(), &checksum, sizeof checksum);
  return frame;
}

result<read_frame> read_snapshot_frame(file& f, const std::string& path, std::uint64_t offset,
                                       std::uint64_t size, std::uint32_t number) {
  auto corrupt = [&](const char* why) {
    return error{errc::corrupt, path + ": " + why + " at offset " + std::to_string(offset)};
  };
  if (size - offset < snapshot_frame_head_bytes) return corrupt("no frame");
  read_frame frame;
  frame.bytes.resize(snapshot_frame_head_bytes);
  if (auto ok = read_exactly(f, path, offset, frame.bytes); !ok) return ok.error();
  auto head = decode<frame_head>(frame.bytes, path);
  if (!head) return head.error();
  if (head->bytes > snapshot_chunk_bytes_max || head->bytes > size - offset - snapshot_frame_head_bytes)
    return corrupt("a frame longer than there is");
  std::string body(head->bytes, '\0');
  if (auto ok = read_exactly(f, path, offset + snapshot_frame_head_bytes, body); !ok) return ok.error();
  frame.bytes += body;
  if (crc32c(std::string_view{frame.bytes}.substr(checksum_bytes)) != head->checksum)
    return corrupt("a wrong checksum");
  if (head->version != snapshot_frame_version || head->group != 0)
    return corrupt("a frame of an unknown format version or group");
  if (head->number != number) return corrupt("a frame out of order");
  if (head->type < static_cast<std::uint8_t>(snapshot_frame::head) ||
      head->type > static_cast<std::uint8_t>(snapshot_frame::foot))
    return corrupt("a frame of an unknown type");
  frame.type = static_cast<snapshot_frame>(head->type);
  return frame;
}

} // namespace troupe::storage
