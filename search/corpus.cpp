#include "search/corpus.hpp"

namespace troupe::search {

doc_id corpus::reserve(std::string_view key) {
  if (auto d = place_of(key)) return *d;
  doc_id d = static_cast<doc_id>(entries_.size());
  if (free_.empty()) {
    entries_.emplace_back();
  } else {
    d = free_.back();
    free_.pop_back();
  }
  entries_[d].key = key;
  by_key_.insert(d);
  return d;
}

doc_id corpus::put(std::string_view key, blob value, value_kind kind, revision_t mod_revision) {
  auto d = reserve(key);
  auto& e = entries_[d];
  present_ += e.present ? 0 : 1;
  e.value = std::move(value);
  e.kind = kind;
  e.present = true;
  e.mod_revision = mod_revision;
  return d;
}

void corpus::release(doc_id d) {
  present_ -= entries_[d].present ? 1 : 0;
  by_key_.erase(d);
  entries_[d] = {};
  free_.push_back(d);
}

std::optional<doc_id> corpus::place_of(std::string_view key) const {
  auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return *found;
}

std::optional<doc_id> corpus::find(std::string_view key) const {
  auto d = place_of(key);
  if (!d || !entries_[*d].present) return std::nullopt;
  return d;
}

doc_set corpus::with_prefix(std::string_view prefix) const {
  doc_set found;
  for (auto at = by_key_.lower_bound(prefix); at != by_key_.end() && entries_[*at].key.starts_with(prefix);
       ++at)
    if (entries_[*at].present) found.insert(*at);
  return found;
}

} // namespace troupe::search
