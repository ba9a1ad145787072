#include "search/slot_table.hpp"

#include "base/assert.hpp"

#include <bit>

namespace troupe::search {

slot_t slot_table::add(doc_id d, std::uint32_t length, std::span<const std::uint8_t> record) {
  TROUPE_ASSERT(end_ < slots_max, "slots are reclaimed long before their numbers run out");
  if (end_ % page_slots == 0) {
    if (!pages_.empty()) {
      auto& full = pages_.back()->records;
      record_bytes_ -= full.capacity();
      full.shrink_to_fit();
      record_bytes_ += full.capacity();
    }
    pages_.push_back(std::make_unique<page>());
  }
  auto& p = *pages_.back();
  const auto at = end_ % page_slots;
  p.docs[at] = d;
  p.lengths[at] = length;
  p.record_at[at] = static_cast<std::uint32_t>(p.records.size());
  record_bytes_ -= p.records.capacity();
  p.records.insert(p.records.end(), record.begin(), record.end());
  record_bytes_ += p.records.capacity();
  p.live[at / 64] |= std::uint64_t{1} << at % 64;
  if (d >= stored_of_.size()) stored_of_.resize(std::size_t{d} + 1);
  stored_of_[d] = stored(end_);
  ++documents_;
  total_length_ += length;
  return end_++;
}

void slot_table::kill(slot_t s) {
  auto& p = *pages_[s / page_slots];
  p.live[s % page_slots / 64] &= ~(std::uint64_t{1} << s % 64);
  --documents_;
  total_length_ -= p.lengths[s % page_slots];
}

std::optional<slot_t> slot_table::slot_of(doc_id d) const {
  if (d >= stored_of_.size()) return std::nullopt;
  const auto s = seen(stored_of_[d]);
  if (s >= end_ || !live(s) || doc(s) != d) return std::nullopt;
  return s;
}

slot_t slot_table::first_live() const {
  for (std::size_t w = 0; w < pages_.size() * (page_slots / 64); ++w)
    if (auto word = live_word(w); word != 0)
      return static_cast<slot_t>(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
  return end_;
}

void slot_table::drop_front(slot_t s) {
  const auto count = s / page_slots;
  for (slot_t i = 0; i < count; ++i)
    record_bytes_ -= pages_[i]->records.capacity();
  pages_.erase(pages_.begin(), pages_.begin() + count);
  base_ += count * page_slots;
  end_ -= count * page_slots;
}

std::uint64_t slot_table::memory_bytes() const {
  return pages_.size() * sizeof(page) + pages_.capacity() * sizeof(pages_[0]) +
         stored_of_.capacity() * sizeof(slot_t) + record_bytes_;
}

} // namespace troupe::search
