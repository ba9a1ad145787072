#include "node/scratch_files.hpp"

#include <algorithm>
#include <cstring>

namespace troupe {

namespace {

/// A file that has been changed here.
class memory_file final : public file {
public:
  explicit memory_file(std::shared_ptr<std::string> bytes) : bytes_(std::move(bytes)) {}

  result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override {
    if (offset >= bytes_->size()) return std::size_t{0};
    auto count = std::min<std::size_t>(size, bytes_->size() - offset);
    std::memcpy(buffer, bytes_->data() + offset, count);
    return count;
  }
  result<void> write(std::uint64_t offset, std::string_view bytes) override {
    if (bytes_->size() < offset + bytes.size()) bytes_->resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(), bytes_->begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  result<void> sync() override { return {}; }
  result<void> allocate(std::uint64_t size) override {
    if (bytes_->size() < size) bytes_->resize(size);
    return {};
  }
  result<void> truncate(std::uint64_t size) override {
    bytes_->resize(size);
    return {};
  }
  result<std::uint64_t> size() override { return bytes_->size(); }

private:
  std::shared_ptr<std::string> bytes_;
};

class granted_lock final : public file_lock {};

error not_there(const std::string& path) {
  return {errc::not_found, path + ": no such file"};
}

} // namespace

result<scratch_files::content> scratch_files::writable(const std::string& path) {
  if (auto known = changed_.find(path); known != changed_.end()) {
    if (!known->second) return not_there(path);
    return known->second;
  }
  auto from = below_.open(path, open_mode::read);
  if (!from) return from.error();
  auto size = (*from)->size();
  if (!size) return size.error();
  auto bytes = std::make_shared<std::string>(*size, '\0');
  auto got = (*from)->read(0, bytes->data(), bytes->size());
  if (!got) return got.error();
  bytes->resize(*got);
  changed_[path] = bytes;
  return bytes;
}

result<std::unique_ptr<file>> scratch_files::open(const std::string& path, open_mode mode) {
  auto known = changed_.find(path);
  if (mode == open_mode::read && known == changed_.end()) return below_.open(path, mode);
  if (mode == open_mode::read || mode == open_mode::read_write) {
    auto bytes = writable(path);
    if (!bytes) return bytes.error();
    return std::unique_ptr<file>{std::make_unique<memory_file>(*bytes)};
  }
  auto there = exists(path);
  if (!there) return there.error();
  if (*there && mode == open_mode::create) return error{errc::invalid_argument, path + ": is there already"};
  return std::unique_ptr<file>{
      std::make_unique<memory_file>(changed_[path] = std::make_shared<std::string>())};
}

result<std::vector<std::string>> scratch_files::list(const std::string& folder) {
  auto below = below_.list(folder);
  if (!below && below.error().code != errc::not_found) return below.error();
  std::set<std::string> names;
  if (below) names.insert(below->begin(), below->end());
  bool made_here = made_.contains(folder);
  auto prefix = folder + "/";
  for (auto& [path, bytes] : changed_) {
    if (!path.starts_with(prefix)) continue;
    auto name = path.substr(prefix.size());
    if (name.find('/') != std::string::npos) continue;
    made_here = true;
    if (bytes)
      names.insert(name);
    else
      names.erase(name);
  }
  if (!below && !made_here) return below.error();
  return std::vector<std::string>(names.begin(), names.end());
}

result<bool> scratch_files::exists(const std::string& path) {
  if (auto known = changed_.find(path); known != changed_.end()) return known->second != nullptr;
  return below_.exists(path);
}

result<void> scratch_files::rename(const std::string& from, const std::string& to) {
  auto bytes = writable(from);
  if (!bytes) return bytes.error();
  changed_[to] = *bytes;
  changed_[from] = nullptr;
  return {};
}

result<void> scratch_files::remove(const std::string& path) {
  auto there = exists(path);
  if (!there) return there.error();
  if (!*there) return not_there(path);
  changed_[path] = nullptr;
  return {};
}

result<void> scratch_files::make_folder(const std::string& folder) {
  made_.insert(folder);
  return {};
}

result<void> scratch_files::sync_folder(const std::string&) {
  return {};
}

result<std::unique_ptr<file_lock>> scratch_files::lock(const std::string& path) {
  if (!locks_.contains(path)) {
    auto taken = below_.lock(path);
    if (!taken) return taken.error();
    locks_[path] = std::move(*taken);
  }
  return std::unique_ptr<file_lock>{std::make_unique<granted_lock>()};
}

} // namespace troupe
