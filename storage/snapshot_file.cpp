// Names of snapshot files, and what is done to a folder of them.

#include "storage/snapshot_file.hpp"

#include "storage/snapshot_unfinished.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace troupe::storage {

namespace {

constexpr std::string_view name_prefix = "snapshot-";
constexpr std::string_view name_suffix = ".snap";
constexpr std::size_t name_digits = 20;
constexpr std::size_t name_bytes = name_prefix.size() + name_digits + 1 + name_digits + name_suffix.size();

struct named_snapshot {
  std::string name;
  index_t index;
  term_t term;
};

std::optional<std::uint64_t> parse_digits(std::string_view digits) {
  std::uint64_t value = 0;
  auto end = digits.data() + digits.size();
  auto parsed = std::from_chars(digits.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return value;
}

std::optional<named_snapshot> parse_name(const std::string& name) {
  std::string_view text{name};
  if (text.size() != name_bytes || !text.starts_with(name_prefix) || !text.ends_with(name_suffix))
    return std::nullopt;
  text.remove_prefix(name_prefix.size());
  auto index = parse_digits(text.substr(0, name_digits));
  auto term = parse_digits(text.substr(name_digits + 1, name_digits));
  if (!index || !term || name != snapshot_name(index_t{*index}, term_t{*term})) return std::nullopt;
  return named_snapshot{name, index_t{*index}, term_t{*term}};
}

/// Newest first.
result<std::vector<named_snapshot>> list_snapshots(file_system& fs, const std::string& folder) {
  auto names = fs.list(folder);
  if (!names) return names.error();
  std::vector<named_snapshot> found;
  for (auto& name : *names)
    if (auto one = parse_name(name)) found.push_back(std::move(*one));
  std::sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.name > b.name; });
  return found;
}

} // namespace

std::string snapshot_name(index_t index, term_t term) {
  char name[name_bytes + 1];
  std::snprintf(name, sizeof name, "snapshot-%020llu-%020llu.snap",
                static_cast<unsigned long long>(index.value), static_cast<unsigned long long>(term.value));
  return name;
}

result<snapshot_search> newest_good_snapshot(file_system& fs, const std::string& folder) {
  auto found = list_snapshots(fs, folder);
  if (!found) return found.error();
  snapshot_search search;
  for (auto& one : *found) {
    auto path = folder + "/" + one.name;
    auto info = verify_snapshot(fs, path);
    if (info && (info->meta.index != one.index || info->meta.term != one.term))
      info = error{errc::corrupt, path + ": holds another snapshot than its name says"};
    if (info) {
      search.newest_good = std::move(*info);
      return search;
    }
    if (info.error().code != errc::corrupt) return info.error();
    search.damaged.push_back({one.index, one.term, path, info.error()});
  }
  return search;
}

result<std::vector<std::string>> remove_old_snapshots(file_system& fs, const std::string& folder,
                                                      const snapshot_info& newest_good, std::size_t keep) {
  auto found = list_snapshots(fs, folder);
  if (!found) return found.error();
  auto good_name = snapshot_name(newest_good.meta.index, newest_good.meta.term);
  std::vector<std::string> removed;
  for (std::size_t i = keep; i < found->size(); ++i) {
    auto& name = (*found)[i].name;
    if (name >= good_name) continue;
    if (auto ok = fs.remove(folder + "/" + name); !ok) return ok.error();
    removed.push_back(name);
  }
  if (removed.empty()) return removed;
  if (auto ok = fs.sync_folder(folder); !ok) return ok.error();
  return removed;
}

result<void> remove_unfinished_snapshots(file_system& fs, const std::string& folder) {
  auto names = fs.list(folder);
  if (!names) return names.error();
  for (auto& name : *names) {
    if (!std::string_view{name}.ends_with(unfinished_suffix)) continue;
    if (!parse_name(name.substr(0, name.size() - unfinished_suffix.size()))) continue;
    if (auto ok = fs.remove(folder + "/" + name); !ok) return ok;
  }
  return {};
}

} // namespace troupe::storage
