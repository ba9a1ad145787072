#include "base/checksum.hpp"
#include "base/entry_archive.hpp"
#include "storage/snapshot_file.hpp"
#include "storage/snapshot_frame.hpp"
#include "storage/snapshot_unfinished.hpp"

namespace troupe::storage {

struct snapshot_writer::impl {
  unfinished_file out;
  snapshot_meta meta;
  std::uint32_t frames = 0;
  std::uint32_t checksum = 0;

  result<void> append(snapshot_frame type, std::string_view body) {
    auto frame = make_snapshot_frame(type, frames, body);
    if (auto ok = out.append(frame); !ok) return ok;
    checksum = crc32c(frame, checksum);
    ++frames;
    return {};
  }
};

snapshot_writer::snapshot_writer(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
snapshot_writer::snapshot_writer(snapshot_writer&&) noexcept = default;
snapshot_writer& snapshot_writer::operator=(snapshot_writer&&) noexcept = default;
snapshot_writer::~snapshot_writer() = default;

result<snapshot_writer> snapshot_writer::begin(file_system& fs, const std::string& folder,
                                               const snapshot_meta& meta) {
  auto out = unfinished_file::begin(fs, folder, snapshot_name(meta.index, meta.term));
  if (!out) return out.error();
  auto parts = std::make_unique<impl>(impl{std::move(*out), meta});
  if (auto ok = parts->append(snapshot_frame::head, encode(meta)); !ok) return ok.error();
  return snapshot_writer{std::move(parts)};
}

result<void> snapshot_writer::append(std::string_view chunk) {
  if (chunk.size() > snapshot_chunk_bytes_max)
    return error{errc::too_large, "a snapshot chunk of " + std::to_string(chunk.size()) + " bytes"};
  if (chunk.empty()) return {};
  return impl_->append(snapshot_frame::chunk, chunk);
}

result<snapshot_info> snapshot_writer::finish() {
  snapshot_foot foot{impl_->frames - 1u, impl_->out.size(), impl_->checksum};
  if (auto ok = impl_->append(snapshot_frame::foot, encode(foot)); !ok) return ok.error();
  if (auto ok = impl_->out.publish(); !ok) return ok.error();
  return snapshot_info{std::move(impl_->meta), impl_->out.final_path(), impl_->out.size()};
}

} // namespace troupe::storage
