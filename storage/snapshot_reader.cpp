#include "base/checksum.hpp"
#include "base/entry_archive.hpp"
#include "storage/snapshot_file.hpp"
#include "storage/snapshot_frame.hpp"
#include "storage/snapshot_loader.hpp"

namespace troupe::storage {

struct snapshot_reader::impl {
  std::unique_ptr<file> in;
  snapshot_info info;
  std::uint64_t offset = 0;
  std::uint32_t frames = 0;
  std::uint32_t checksum = 0;
  bool ended = false;

  error corrupt(const char* why) const {
    return {errc::corrupt, info.path + ": " + why + " at offset " + std::to_string(offset)};
  }
  /// The next frame and, unless it is the foot, its bytes added to the checksum.
  result<read_frame> next_frame() {
    auto frame = read_snapshot_frame(*in, info.path, offset, info.bytes, frames);
    if (!frame || frame->type == snapshot_frame::foot) return frame;
    checksum = crc32c(frame->bytes, checksum);
    offset += frame->bytes.size();
    ++frames;
    return frame;
  }
  result<void> check_foot(const read_frame& frame) {
    auto foot = decode<snapshot_foot>(frame.body(), info.path);
    if (!foot) return foot.error();
    if (foot->chunks + 1 != frames || foot->bytes != offset || foot->checksum != checksum)
      return corrupt("a foot that does not fit the file");
    if (offset + frame.bytes.size() != info.bytes) return corrupt("something after the foot");
    return {};
  }
};

snapshot_reader::snapshot_reader(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
snapshot_reader::snapshot_reader(snapshot_reader&&) noexcept = default;
snapshot_reader& snapshot_reader::operator=(snapshot_reader&&) noexcept = default;
snapshot_reader::~snapshot_reader() = default;

const snapshot_info& snapshot_reader::info() const {
  return impl_->info;
}

result<snapshot_reader> snapshot_reader::open(file_system& fs, const std::string& path) {
  auto parts = std::make_unique<impl>();
  auto in = fs.open(path, open_mode::read);
  if (!in) return in.error();
  parts->in = std::move(*in);
  auto size = parts->in->size();
  if (!size) return size.error();
  parts->info.path = path;
  parts->info.bytes = *size;
  auto head = parts->next_frame();
  if (!head) return head.error();
  if (head->type != snapshot_frame::head) return parts->corrupt("no head");
  auto meta = decode<snapshot_meta>(head->body(), path);
  if (!meta) return meta.error();
  parts->info.meta = std::move(*meta);
  return snapshot_reader{std::move(parts)};
}

result<std::optional<std::string>> snapshot_reader::next() {
  auto& p = *impl_;
  if (p.ended) return std::optional<std::string>{};
  auto frame = p.next_frame();
  if (!frame) return frame.error();
  if (frame->type == snapshot_frame::chunk) {
    frame->bytes.erase(0, snapshot_frame_head_bytes);
    return std::optional{std::move(frame->bytes)};
  }
  if (frame->type != snapshot_frame::foot) return p.corrupt("a second head");
  if (auto ok = p.check_foot(*frame); !ok) return ok.error();
  p.ended = true;
  return std::optional<std::string>{};
}

result<snapshot_info> verify_snapshot(file_system& fs, const std::string& path) {
  auto reader = snapshot_reader::open(fs, path);
  if (!reader) return reader.error();
  for (;;) {
    auto chunk = reader->next();
    if (!chunk) return chunk.error();
    if (!*chunk) return reader->info();
  }
}

result<state_machine> load_snapshot(file_system& fs, const std::string& path) {
  auto reader = snapshot_reader::open(fs, path);
  if (!reader) return reader.error();
  auto in_file = [&](error e) { return error{e.code, path + ": " + e.detail}; };
  snapshot_loader loader{reader->info().meta};
  for (;;) {
    auto chunk = reader->next();
    if (!chunk) return chunk.error();
    if (!*chunk) break;
    if (auto ok = loader.add(**chunk); !ok) return in_file(ok.error());
  }
  auto state = loader.finish();
  if (!state) return in_file(state.error());
  return state;
}

} // namespace troupe::storage
