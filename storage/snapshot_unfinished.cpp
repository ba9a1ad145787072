#include "storage/snapshot_unfinished.hpp"

#include "base/assert.hpp"
#include "storage/snapshot_file.hpp"

namespace troupe::storage {

unfinished_file::unfinished_file(file_system& fs, std::unique_ptr<file> f, std::string folder,
                                 const std::string& name)
    : fs_(&fs), file_(std::move(f)), folder_(std::move(folder)), final_(folder_ + "/" + name),
      temporary_(final_ + std::string(unfinished_suffix)) {}

result<unfinished_file> unfinished_file::begin(file_system& fs, const std::string& folder,
                                               const std::string& name) {
  auto f = fs.open(folder + "/" + name + std::string(unfinished_suffix), open_mode::replace);
  if (!f) return f.error();
  return unfinished_file{fs, std::move(*f), folder, name};
}

unfinished_file::~unfinished_file() {
  if (!file_) return;
  file_.reset();
  // If this fails, the file is only clutter: remove_unfinished_snapshots takes it at the next start.
  static_cast<void>(fs_->remove(temporary_));
}

result<void> unfinished_file::append(std::string_view bytes) {
  TROUPE_ASSERT(file_, "nothing is written to a file that is published");
  if (auto ok = file_->write(size_, bytes); !ok) return ok;
  size_ += bytes.size();
  if (size_ - synced_ < snapshot_sync_bytes) return {};
  synced_ = size_;
  return file_->sync();
}

result<void> unfinished_file::publish() {
  TROUPE_ASSERT(file_, "a file is published once");
  if (auto ok = file_->sync(); !ok) return ok;
  if (auto ok = fs_->rename(temporary_, final_); !ok) return ok;
  file_.reset();
  return fs_->sync_folder(folder_);
}

} // namespace troupe::storage
