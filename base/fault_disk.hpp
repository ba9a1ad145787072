#pragma once

// The disk inside fault_file_system: what is stored, what of it is durable, and which operation fails. Not
// for anyone else.

#include "base/fault_file.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace troupe::fault {

/// A change of a file's content that is not durable yet.
struct content_change {
  enum class kind { write, resize } what = kind::write;
  std::uint64_t offset = 0; ///< of a write; the new size of a resize
  std::string bytes;
};

/// What a name stands for. Lives on while a handle or a folder, now or on disk, refers to it.
struct inode {
  std::string now;
  std::string durable;
  std::vector<content_change> unsynced;

  static void apply(std::string& content, const content_change& change) {
    if (change.what == content_change::kind::resize) {
      content.resize(change.offset);
      return;
    }
    if (content.size() < change.offset + change.bytes.size())
      content.resize(change.offset + change.bytes.size());
    content.replace(change.offset, change.bytes.size(), change.bytes);
  }
  void change(content_change c) {
    apply(now, c);
    unsynced.push_back(std::move(c));
  }
  /// Not simply `now`: what a failed sync has lost is on no later sync's list.
  void settle() {
    for (auto& c : unsynced)
      apply(durable, c);
    unsynced.clear();
  }
};

using folder_map = std::map<std::string, std::shared_ptr<inode>>;

/// Names that change together: a new file, a removal (null), or the two sides of a rename.
struct name_change {
  std::string folder;
  std::vector<std::pair<std::string, std::shared_ptr<inode>>> names;

  void apply(folder_map& names_now) const {
    for (auto& [path, node] : names)
      if (node)
        names_now[path] = node;
      else
        names_now.erase(path);
  }
};

struct failure {
  file_op op;
  std::uint64_t in; ///< fails when this many more operations of the kind have been seen
  errc code;
  bool and_later;
  std::string path_part;
};

inline std::string folder_of(const std::string& path) {
  auto slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : path.substr(0, slash);
}

inline std::string name_of(const std::string& path) {
  auto slash = path.find_last_of('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

inline std::string trimmed(std::string folder) {
  while (folder.size() > 1 && folder.back() == '/')
    folder.pop_back();
  return folder;
}

constexpr std::size_t op_count = static_cast<std::size_t>(file_op::lock) + 1;

inline bool mutates(file_op op) {
  return op != file_op::read && op != file_op::list && op != file_op::lock;
}

/// Everything that a fault_file_system and its handles share.
struct disk {
  static constexpr std::uint64_t unlimited = UINT64_MAX;

  explicit disk(std::uint64_t seed) : random(seed) {}

  mutable std::mutex mutex; ///< guards everything below
  std::mt19937_64 random;
  folder_map names;         ///< as processes see them
  folder_map durable_names; ///< as after a power cut
  std::vector<name_change> unsynced_names;
  std::set<std::string>
      folders; ///< durable at once: whoever makes a folder syncs nothing of value before using it
  std::set<std::string> locks;
  std::vector<failure> failures;
  std::uint64_t capacity = unlimited;
  std::uint64_t power_left = unlimited;
  bool dead = false;            ///< an operation has met the end of power
  std::uint64_t generation = 0; ///< counts crashes; handles of an earlier one are dead
  std::uint64_t begun = 0;
  std::array<std::uint64_t, op_count> begun_by_op{};

  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : random() % limit; }
  bool coin() { return (random() & 1) != 0; }

  /// Counts one operation and decides whether it fails. The power goes off *during* the operation that finds
  /// none left.
  std::optional<error> begin(file_op op, const std::string& path, bool mutating) {
    if (dead) return error{errc::io_error, path + ": the power is off"};
    ++begun_by_op[static_cast<std::size_t>(op)];
    if (mutating) {
      ++begun;
      if (power_left == 0) {
        dead = true;
        return error{errc::io_error, path + ": the power went off"};
      }
      if (power_left != unlimited) --power_left;
    }
    return injected(op, path);
  }
  std::optional<error> begin(file_op op, const std::string& path) { return begin(op, path, mutates(op)); }

  std::optional<error> injected(file_op op, const std::string& path) {
    std::optional<error> found;
    for (auto& f : failures) {
      if (f.op != op || path.find(f.path_part) == std::string::npos) continue;
      if (f.in > 0) --f.in;
      if (f.in == 0 && !found) found = error{f.code, path + ": injected failure"};
    }
    std::erase_if(failures, [](const failure& f) { return f.in == 0 && !f.and_later; });
    return found;
  }

  std::uint64_t used() const {
    std::uint64_t sum = 0;
    for (auto& [path, node] : names)
      sum += node->now.size();
    return sum;
  }
  /// How far a file may grow towards `size` before the disk is full.
  std::uint64_t grown(const inode& node, std::uint64_t size) const {
    if (size <= node.now.size() || capacity == unlimited) return size;
    auto taken = used();
    auto left = capacity > taken ? capacity - taken : 0;
    return std::min<std::uint64_t>(size, node.now.size() + left);
  }

  /// A piece of a torn write: some prefix, some suffix, or some of its sectors.
  void keep_torn(std::string& content, const content_change& c) {
    if (c.what == content_change::kind::resize || c.bytes.empty()) return;
    auto cut = below(c.bytes.size() + 1);
    auto keep = [&](std::size_t from, std::size_t to) {
      if (from < to)
        inode::apply(content,
                     {content_change::kind::write, c.offset + from, c.bytes.substr(from, to - from)});
    };
    switch (below(3)) {
    case 0: keep(0, cut); break;
    case 1: keep(cut, c.bytes.size()); break;
    default:
      constexpr std::size_t sector = 512;
      for (std::size_t at = 0; at < c.bytes.size(); at += sector)
        if (coin()) keep(at, std::min(at + sector, c.bytes.size()));
    }
  }
  /// The disk's content when each unsynced change had its own luck.
  std::string reordered(const inode& node) {
    auto content = node.durable;
    for (auto& c : node.unsynced) {
      switch (below(3)) {
      case 0: break;
      case 1: inode::apply(content, c); break;
      default: keep_torn(content, c);
      }
    }
    return content;
  }
  bool has_folder(const std::string& path) const {
    return path == "." || path == "/" || path.empty() || folders.contains(path);
  }
  /// The folder and all above it.
  void add_folder(std::string path) {
    for (; !has_folder(path); path = folder_of(path))
      folders.insert(path);
  }
  void change_names(name_change c) {
    c.apply(names);
    unsynced_names.push_back(std::move(c));
  }

  void crash(crash_mode mode) {
    ++generation;
    locks.clear();
    power_left = unlimited;
    dead = false;
    if (mode == crash_mode::process_only) return;
    if (mode == crash_mode::keep_all) durable_names = names;
    if (mode == crash_mode::reorder)
      for (auto& change : unsynced_names)
        if (coin()) change.apply(durable_names);
    unsynced_names.clear();
    names = durable_names;
    for (auto& [path, node] : names) {
      if (mode == crash_mode::keep_all) node->durable = node->now;
      if (mode == crash_mode::reorder) node->durable = reordered(*node);
      node->now = node->durable;
      node->unsynced.clear();
    }
  }
};

} // namespace troupe::fault
