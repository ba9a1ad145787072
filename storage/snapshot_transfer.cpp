// Sending and receiving whole snapshot files.

#include "base/assert.hpp"
#include "storage/snapshot_file.hpp"
#include "storage/snapshot_unfinished.hpp"

namespace troupe::storage {

result<snapshot_source> snapshot_source::open(file_system& fs, const std::string& path) {
  // Opened first: if the file is replaced in between, the reader's checks are of the newer one, and the
  // receiver, which verifies all of it, sees the difference.
  auto f = fs.open(path, open_mode::read);
  if (!f) return f.error();
  auto reader = snapshot_reader::open(fs, path);
  if (!reader) return reader.error();
  return snapshot_source{std::move(*f), reader->info()};
}

result<std::string> snapshot_source::read(std::uint64_t offset, std::size_t bytes_max) {
  if (offset >= info_.bytes) return std::string{};
  std::string bytes(static_cast<std::size_t>(std::min<std::uint64_t>(bytes_max, info_.bytes - offset)), '\0');
  auto count = file_->read(offset, bytes.data(), bytes.size());
  if (!count) return count.error();
  bytes.resize(*count);
  return bytes;
}

struct snapshot_sink::impl {
  file_system* fs;
  unfinished_file out;
  snapshot_meta meta;
};

snapshot_sink::snapshot_sink(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}
snapshot_sink::snapshot_sink(snapshot_sink&&) noexcept = default;
snapshot_sink& snapshot_sink::operator=(snapshot_sink&&) noexcept = default;
snapshot_sink::~snapshot_sink() = default;

result<snapshot_sink> snapshot_sink::begin(file_system& fs, const std::string& folder,
                                           const snapshot_meta& meta) {
  auto out = unfinished_file::begin(fs, folder, snapshot_name(meta.index, meta.term));
  if (!out) return out.error();
  return snapshot_sink{std::make_unique<impl>(impl{&fs, std::move(*out), meta})};
}

std::uint64_t snapshot_sink::offset() const {
  return impl_->out.size();
}

result<void> snapshot_sink::write(std::uint64_t at, std::string_view bytes) {
  if (at != offset())
    return error{errc::invalid_argument, impl_->out.final_path() + ": bytes for offset " +
                                             std::to_string(at) + " where " + std::to_string(offset()) +
                                             " is next"};
  return impl_->out.append(bytes);
}

result<snapshot_info> snapshot_sink::finish() {
  auto info = verify_snapshot(*impl_->fs, impl_->out.temporary_path());
  if (!info) return info;
  if (info->meta != impl_->meta)
    return error{errc::corrupt, impl_->out.final_path() + ": the sender announced another snapshot"};
  if (auto ok = impl_->out.publish(); !ok) return ok.error();
  info->path = impl_->out.final_path();
  return info;
}

} // namespace troupe::storage
