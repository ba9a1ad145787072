#include "storage/change_feed.hpp"

#include "command/limits.hpp"

#include <algorithm>

namespace troupe::storage {

static_assert(change_feed::records_max > limits::operations_max);
static_assert(change_feed::bytes_max >
              limits::command_bytes_max + limits::operations_max * sizeof(change_feed::record));

std::size_t change_feed::charge(const record& r) {
  return sizeof r + (r.key.is_short() ? 0 : r.key.view().size());
}

void change_feed::add(index_t index, revision_t revision, std::string_view key) {
  bytes_ += charge(records_.emplace_back(record{index, revision, compact_key{key}}));
  while (records_.size() > records_max || bytes_ > bytes_max) {
    // The rest of that entry is passed over from now on, and goes when its turn comes.
    floor_ = records_.front().index;
    bytes_ -= charge(records_.front());
    records_.pop_front();
  }
}

change_feed::position change_feed::first_after(index_t after) const {
  return std::upper_bound(records_.begin(), records_.end(), after,
                          [](index_t i, const record& r) { return i < r.index; });
}

} // namespace troupe::storage
