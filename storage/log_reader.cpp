#include "storage/log_reader.hpp"

#include "base/entry_archive.hpp"

#include <algorithm>
#include <utility>

namespace troupe::storage {

log_reader::log_reader(file_system& fs, std::shared_ptr<const wal_map> map, std::size_t record_bytes_max)
    : fs_(fs), map_(std::move(map)), record_bytes_max_(record_bytes_max) {}

result<std::vector<entry>> log_reader::read(index_t lo, index_t hi, std::size_t bytes_max) {
  if (hi < lo) return error{errc::invalid_argument, "an empty range of entries"};
  std::vector<entry> out;
  std::size_t bytes = 0;
  std::uint64_t truncations = 0;
  bool full = false;
  for (auto next = lo; next <= hi && !full;) {
    auto place = map_->find(next);
    if (!place) {
      // Removed or truncated while this read went on: what was read before still stands.
      if (!out.empty()) break;
      return place.error();
    }
    if (out.empty()) truncations = place->truncations;
    if (place->truncations != truncations) break; // what follows may not belong to what was read
    auto read = read_place(*place, next, hi, bytes_max, bytes, out);
    if (!read) {
      // A file that is gone was removed since find(): its entries were compacted, or truncated and written
      // anew. The map knows by now, so it is asked again; when it still names the same file, that file is
      // lost.
      if (read.error().code != errc::not_found) return read.error();
      auto again = map_->find(next);
      if (again && again->segment.sequence == place->segment.sequence) return read.error();
      continue;
    }
    full = *read;
    next = out.back().index + 1; // read_place adds at least the entry asked for, or ends the read
  }
  return out;
}

/// Adds the entries of one place from `next` on to `out`. Returns whether the limit in bytes ends the read.
result<bool> log_reader::read_place(const map_place& place, index_t next, index_t hi, std::size_t bytes_max,
                                    std::size_t& bytes, std::vector<entry>& out) {
  auto from = source(place.segment);
  if (!from) return from.error();
  auto last = std::min(place.last, hi);
  for (auto position = place.from; next <= last;) {
    auto check = (*from)->at(position, place.end);
    if (!check) return check.error();
    if (check->status != frame_status::good)
      return error{errc::corrupt, (*from)->place(position) + ": a synced record is damaged"};
    position = check->found.end();
    if (check->found.type != record_type::entries) continue;
    auto entries = decode<std::vector<entry>>(check->found.body, (*from)->place(check->found.position));
    if (!entries) return entries.error();
    for (auto& e : *entries) {
      if (e.index < next || e.index > last) continue;
      if (e.index != next)
        return error{errc::corrupt, (*from)->place(check->found.position) + ": entries out of order"};
      bytes += e.cost();
      if (!out.empty() && bytes > bytes_max) return true;
      out.push_back(std::move(e));
      ++next;
    }
  }
  return false;
}

result<segment_source*> log_reader::source(const segment_info& segment) {
  if (open_ && open_sequence_ == segment.sequence) return &*open_;
  open_.reset();
  auto content = fs_.open(segment.path, open_mode::read);
  if (!content) return content.error();
  open_.emplace(std::move(*content), segment.path, segment.base, record_bytes_max_);
  open_sequence_ = segment.sequence;
  return &*open_;
}

} // namespace troupe::storage
