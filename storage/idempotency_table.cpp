#include "storage/idempotency_table.hpp"

#include "base/assert.hpp"
#include "command/codec.hpp"
#include "command/limits.hpp"
#include "storage/state_machine_memory.hpp"

#include <absl/container/btree_set.h>

#include <algorithm>

namespace troupe::storage {

namespace {

/// Entries freed with every one that is added: the backlog of expired ones shrinks even if nobody calls
/// free_some.
constexpr std::size_t freed_per_insert = 8;

/// FNV-1a. Only spreads keys over the index so that comparing them rarely leaves it; nothing depends on its
/// quality.
std::uint64_t spread(std::string_view key) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : key)
    hash = (hash ^ c) * 0x100000001b3;
  return hash;
}

struct slot {
  std::uint64_t hash;
  mutable const idempotency_entry* entry;
};
struct probe {
  std::uint64_t hash;
  std::string_view key;
};

struct compare_slots {
  using is_transparent = void;
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return a.hash != b.hash ? a.hash < b.hash : key(a) < key(b);
  }
  static std::string_view key(const slot& s) { return s.entry->key.view(); }
  static std::string_view key(const probe& p) { return p.key; }
};

} // namespace

struct idempotency_table::index {
  absl::btree_set<slot, compare_slots> keys;
};

idempotency_table::idempotency_table(std::size_t keys_max)
    : keys_max_(keys_max), index_(std::make_unique<index>()) {}
idempotency_table::idempotency_table(idempotency_table&&) noexcept = default;
idempotency_table& idempotency_table::operator=(idempotency_table&&) noexcept = default;
idempotency_table::~idempotency_table() = default;

bool idempotency_table::expired(const idempotency_entry& e) const {
  return now_ms_ - e.time_ms >= limits::idempotency_window_ms;
}

void idempotency_table::expire(std::int64_t now_ms) {
  now_ms_ = now_ms;
  while (live_ > 0) {
    auto& segment = *segments_[oldest_.segment];
    if (oldest_.entry == 0 && expired(segment.entries.back())) {
      live_ -= segment.entries.size();
      result_bytes_ -= segment.result_bytes;
      oldest_.entry = segment.entries.size();
    } else if (expired(segment.entries[oldest_.entry])) {
      --live_;
      result_bytes_ -= segment.entries[oldest_.entry].result.size();
      ++oldest_.entry;
    } else {
      return;
    }
    if (oldest_.entry == idempotency_segment::entries_max) oldest_ = {oldest_.segment + 1, 0};
  }
}

idempotency_table::admission idempotency_table::admit(const idempotency_stamp& stamp) const {
  auto found = index_->keys.find(probe{spread(stamp.key), stamp.key});
  if (found == index_->keys.end() || expired(*found->entry))
    return {live_ < keys_max_ ? outcome::applied : outcome::idempotency_full};
  auto& e = *found->entry;
  if (e.fingerprint_high != stamp.fingerprint_high || e.fingerprint_low != stamp.fingerprint_low)
    return {outcome::idempotency_conflict};
  return {outcome::applied, &e.result};
}

void idempotency_table::remember_result(const idempotency_stamp& stamp, const command_result& r,
                                        std::int64_t now_ms) {
  free_some(freed_per_insert);
  auto left =
      limits::idempotency_results_bytes_max - std::min(limits::idempotency_results_bytes_max, result_bytes_);
  append({blob{stamp.key}, stamp.fingerprint_high, stamp.fingerprint_low, now_ms, remember(r, left)});
}

void idempotency_table::append(idempotency_entry e) {
  if (segments_.empty() || segments_.back()->entries.size() == idempotency_segment::entries_max)
    segments_.push_back(std::make_shared<idempotency_segment>());
  auto& segment = *segments_.back();
  segment.result_bytes += e.result.size();
  result_bytes_ += e.result.size();
  ++live_;
  auto& kept = segment.entries.emplace_back(std::move(e));
  auto [place, added] = index_->keys.insert(slot{spread(kept.key.view()), &kept});
  // An expired entry of the same key that has not been freed yet gives up its place in the index.
  if (!added) place->entry = &kept;
}

bool idempotency_table::free_some(std::size_t work) {
  for (; freed_ < oldest_.entry || oldest_.segment > 0; --work) {
    if (work == 0) return true;
    auto& entry = segments_.front()->entries[freed_];
    auto found = index_->keys.find(probe{spread(entry.key.view()), entry.key.view()});
    if (found != index_->keys.end() && found->entry == &entry) index_->keys.erase(found);
    if (++freed_ < idempotency_segment::entries_max) continue;
    TROUPE_ASSERT(oldest_.segment > 0, "a full segment is freed after all of it has expired");
    segments_.pop_front();
    --oldest_.segment;
    freed_ = 0;
  }
  return false;
}

captured_idempotency idempotency_table::capture() const {
  captured_idempotency all;
  all.first = oldest_.entry;
  all.count = live_;
  if (live_ > 0)
    all.segments.assign(segments_.begin() + static_cast<std::ptrdiff_t>(oldest_.segment), segments_.end());
  return all;
}

result<void> idempotency_table::load(idempotency_entry e, std::int64_t now_ms) {
  auto corrupt = [](const char* why) { return error{errc::corrupt, why}; };
  now_ms_ = now_ms;
  if (live_ >= keys_max_) return corrupt("more idempotency keys than there can be");
  if (e.key.empty() || e.key.size() > limits::idempotency_key_bytes_max)
    return corrupt("an idempotency key is empty or too long");
  if (e.time_ms < 0 || e.time_ms > now_ms || expired(e)) return corrupt("an idempotency key out of its time");
  if (!segments_.empty() && e.time_ms < segments_.back()->entries.back().time_ms)
    return corrupt("idempotency keys out of order");
  if (e.result.size() > limits::remembered_result_bytes_max || !decode_result(e.result.view()))
    return corrupt("a remembered result is none");
  if (index_->keys.contains(probe{spread(e.key.view()), e.key.view()}))
    return corrupt("an idempotency key twice");
  append(std::move(e));
  return {};
}

} // namespace troupe::storage
