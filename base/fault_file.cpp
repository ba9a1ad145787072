#include "base/fault_file.hpp"

#include "base/assert.hpp"
#include "base/fault_disk.hpp"

namespace troupe {

using fault::content_change;
using fault::inode;

class fault_file_system::handle final : public file {
public:
  handle(std::shared_ptr<fault::disk> s, std::shared_ptr<inode> node, std::string path, bool writable)
      : state_(std::move(s)), node_(std::move(node)), path_(std::move(path)), writable_(writable),
        generation_(state_->generation) {}

  result<std::size_t> read(std::uint64_t offset, char* buffer, std::size_t size) override {
    std::lock_guard guard{state_->mutex};
    if (auto e = begin(file_op::read)) return *e;
    if (offset >= node_->now.size()) return std::size_t{0};
    auto count = std::min<std::size_t>(size, node_->now.size() - offset);
    node_->now.copy(buffer, count, offset);
    return count;
  }

  result<void> write(std::uint64_t offset, std::string_view bytes) override {
    std::lock_guard guard{state_->mutex};
    auto was_dead = state_->dead;
    auto failed = begin(file_op::write);
    if (stale() || was_dead || !writable_) return *failed;
    auto count = bytes.size();
    if (failed) {
      count = state_->below(count + 1);
    } else if (auto end = state_->grown(*node_, offset + count); end < offset + count) {
      count = end > offset ? end - offset : 0;
      failed = error{errc::disk_full, path_ + ": write: no space left"};
    }
    if (count > 0) node_->change({content_change::kind::write, offset, std::string{bytes.substr(0, count)}});
    if (failed) return *failed;
    return {};
  }

  result<void> sync() override {
    std::lock_guard guard{state_->mutex};
    if (auto e = begin(file_op::sync)) {
      if (stale() || state_->dead) return *e;
      node_->durable = state_->reordered(*node_);
      node_->unsynced.clear();
      return *e;
    }
    node_->settle();
    return {};
  }

  result<void> allocate(std::uint64_t size) override {
    std::lock_guard guard{state_->mutex};
    if (auto e = begin(file_op::allocate)) return *e;
    if (size <= node_->now.size()) return {};
    if (state_->grown(*node_, size) < size)
      return error{errc::disk_full, path_ + ": allocate: no space left"};
    node_->change({content_change::kind::resize, size, {}});
    return {};
  }

  result<void> truncate(std::uint64_t size) override {
    std::lock_guard guard{state_->mutex};
    if (auto e = begin(file_op::truncate)) return *e;
    if (state_->grown(*node_, size) < size)
      return error{errc::disk_full, path_ + ": truncate: no space left"};
    node_->change({content_change::kind::resize, size, {}});
    return {};
  }

  result<std::uint64_t> size() override {
    std::lock_guard guard{state_->mutex};
    if (stale() || state_->dead) return error{errc::io_error, path_ + ": the power went off"};
    return std::uint64_t{node_->now.size()};
  }

private:
  bool stale() const { return generation_ != state_->generation; }
  std::optional<error> begin(file_op op) {
    if (stale()) return error{errc::io_error, path_ + ": opened before the crash"};
    if (!writable_ && fault::mutates(op) && op != file_op::sync)
      return error{errc::io_error, path_ + ": opened for reading only"};
    return state_->begin(op, path_);
  }

  std::shared_ptr<fault::disk> state_;
  std::shared_ptr<inode> node_;
  std::string path_;
  bool writable_;
  std::uint64_t generation_;
};

class fault_file_system::held_lock final : public file_lock {
public:
  held_lock(std::shared_ptr<fault::disk> s, std::string path)
      : state_(std::move(s)), path_(std::move(path)), generation_(state_->generation) {}
  ~held_lock() override {
    std::lock_guard guard{state_->mutex};
    if (generation_ == state_->generation) state_->locks.erase(path_);
  }

private:
  std::shared_ptr<fault::disk> state_;
  std::string path_;
  std::uint64_t generation_;
};

fault_file_system::fault_file_system(std::uint64_t seed) : state_(std::make_shared<fault::disk>(seed)) {}
fault_file_system::~fault_file_system() = default;

void fault_file_system::fail(file_op op, std::uint64_t nth, errc code, bool and_later,
                             std::string path_part) {
  TROUPE_ASSERT(nth > 0, "the first operation from now is number 1");
  std::lock_guard guard{state_->mutex};
  state_->failures.push_back({op, nth, code, and_later, std::move(path_part)});
}

void fault_file_system::heal() {
  std::lock_guard guard{state_->mutex};
  state_->failures.clear();
}

void fault_file_system::power_off_after(std::uint64_t operations) {
  std::lock_guard guard{state_->mutex};
  state_->power_left = operations;
}

bool fault_file_system::is_off() const {
  std::lock_guard guard{state_->mutex};
  return state_->dead;
}

void fault_file_system::crash(crash_mode mode) {
  std::lock_guard guard{state_->mutex};
  state_->crash(mode);
}

void fault_file_system::set_capacity(std::uint64_t bytes) {
  std::lock_guard guard{state_->mutex};
  state_->capacity = bytes;
}

std::uint64_t fault_file_system::bytes_used() const {
  std::lock_guard guard{state_->mutex};
  return state_->used();
}

std::uint64_t fault_file_system::operations() const {
  std::lock_guard guard{state_->mutex};
  return state_->begun;
}

std::uint64_t fault_file_system::operations(file_op op) const {
  std::lock_guard guard{state_->mutex};
  return state_->begun_by_op[static_cast<std::size_t>(op)];
}

std::vector<std::string> fault_file_system::files() const {
  std::lock_guard guard{state_->mutex};
  std::vector<std::string> paths;
  for (auto& [path, node] : state_->names)
    paths.push_back(path);
  return paths;
}

std::string fault_file_system::content(const std::string& path) const {
  std::lock_guard guard{state_->mutex};
  auto it = state_->names.find(path);
  TROUPE_ASSERT(it != state_->names.end(), "the file exists");
  return it->second->now;
}

std::string fault_file_system::durable_content(const std::string& path) const {
  std::lock_guard guard{state_->mutex};
  auto it = state_->names.find(path);
  TROUPE_ASSERT(it != state_->names.end(), "the file exists");
  return it->second->durable;
}

void fault_file_system::set_content(const std::string& path, std::string bytes) {
  std::lock_guard guard{state_->mutex};
  auto& s = *state_;
  s.add_folder(fault::folder_of(path));
  auto node = std::make_shared<inode>();
  node->now = node->durable = std::move(bytes);
  s.names[path] = s.durable_names[path] = node;
}

void fault_file_system::flip_bit(const std::string& path, std::uint64_t offset, unsigned bit) {
  std::lock_guard guard{state_->mutex};
  auto it = state_->names.find(path);
  TROUPE_ASSERT(it != state_->names.end() && offset < it->second->now.size() && bit < 8, "the bit exists");
  for (auto* content : {&it->second->now, &it->second->durable})
    if (offset < content->size()) (*content)[offset] = static_cast<char>((*content)[offset] ^ (1 << bit));
}

result<std::unique_ptr<file>> fault_file_system::open(const std::string& path, open_mode mode) {
  std::lock_guard guard{state_->mutex};
  auto& s = *state_;
  if (auto e = s.begin(file_op::open, path, mode == open_mode::create || mode == open_mode::replace))
    return *e;
  auto it = s.names.find(path);
  auto there = it != s.names.end();
  if (!there && (mode == open_mode::read || mode == open_mode::read_write))
    return error{errc::not_found, path + ": no such file"};
  if (there && mode == open_mode::create) return error{errc::invalid_argument, path + ": exists already"};
  if (!there) {
    if (!s.has_folder(fault::folder_of(path))) return error{errc::not_found, path + ": no such folder"};
    s.change_names({fault::folder_of(path), {{path, std::make_shared<inode>()}}});
    it = s.names.find(path);
  } else if (mode == open_mode::replace) {
    it->second->change({content_change::kind::resize, 0, {}});
  }
  return std::unique_ptr<file>{std::make_unique<handle>(state_, it->second, path, mode != open_mode::read)};
}

result<std::vector<std::string>> fault_file_system::list(const std::string& folder_path) {
  std::lock_guard guard{state_->mutex};
  auto folder = fault::trimmed(folder_path);
  if (auto e = state_->begin(file_op::list, folder)) return *e;
  if (!state_->has_folder(folder)) return error{errc::not_found, folder + ": no such folder"};
  std::vector<std::string> found;
  for (auto& [path, node] : state_->names)
    if (fault::folder_of(path) == folder) found.push_back(fault::name_of(path));
  for (auto& path : state_->folders)
    if (fault::folder_of(path) == folder && path != folder) found.push_back(fault::name_of(path));
  std::sort(found.begin(), found.end());
  return found;
}

result<bool> fault_file_system::exists(const std::string& path) {
  std::lock_guard guard{state_->mutex};
  if (auto e = state_->begin(file_op::list, path)) return *e;
  return state_->names.contains(path) || state_->folders.contains(fault::trimmed(path));
}

result<void> fault_file_system::rename(const std::string& from, const std::string& to) {
  std::lock_guard guard{state_->mutex};
  if (auto e = state_->begin(file_op::rename, from)) return *e;
  auto it = state_->names.find(from);
  if (it == state_->names.end()) return error{errc::not_found, from + ": rename: no such file"};
  auto node = it->second;
  state_->change_names({fault::folder_of(to), {{from, nullptr}, {to, node}}});
  return {};
}

result<void> fault_file_system::remove(const std::string& path) {
  std::lock_guard guard{state_->mutex};
  if (auto e = state_->begin(file_op::remove, path)) return *e;
  if (!state_->names.contains(path)) return error{errc::not_found, path + ": remove: no such file"};
  state_->change_names({fault::folder_of(path), {{path, nullptr}}});
  return {};
}

result<void> fault_file_system::make_folder(const std::string& folder_path) {
  std::lock_guard guard{state_->mutex};
  auto folder = fault::trimmed(folder_path);
  if (auto e = state_->begin(file_op::sync_folder, folder)) return *e;
  state_->add_folder(folder);
  return {};
}

result<void> fault_file_system::sync_folder(const std::string& folder_path) {
  std::lock_guard guard{state_->mutex};
  auto folder = fault::trimmed(folder_path);
  if (auto e = state_->begin(file_op::sync_folder, folder)) return *e;
  if (!state_->has_folder(folder)) return error{errc::not_found, folder + ": no such folder"};
  for (auto& change : state_->unsynced_names)
    if (change.folder == folder) change.apply(state_->durable_names);
  std::erase_if(state_->unsynced_names, [&](auto& c) { return c.folder == folder; });
  return {};
}

result<std::uint64_t> fault_file_system::space(const std::string&) {
  std::lock_guard guard{state_->mutex};
  if (state_->capacity == fault::disk::unlimited) return unlimited_space;
  auto used = state_->used();
  return state_->capacity > used ? state_->capacity - used : 0;
}

result<std::unique_ptr<file_lock>> fault_file_system::lock(const std::string& path) {
  std::lock_guard guard{state_->mutex};
  if (auto e = state_->begin(file_op::lock, path)) return *e;
  if (!state_->locks.insert(path).second)
    return error{errc::locked, path + ": another process holds the lock"};
  return std::unique_ptr<file_lock>{std::make_unique<held_lock>(state_, path)};
}

} // namespace troupe
