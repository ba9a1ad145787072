#pragma once

// Every put takes a new slot, always the next one, so that whatever is kept by slot is only ever appended to.
// The table knows which slots are live, which document each holds, its length, and a record of what refers to
// it.
//
// A slot has two numbers. The stored one counts modulo 2^32 and never changes. The one that callers see is
// counted from the oldest page held (`base`), so that slots compare as plain integers; it changes when
// drop_front() lets go of pages.

#include "search/doc_set.hpp"
#include "search/document.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace troupe::search {

using slot_t = std::uint32_t;

class slot_table {
public:
  static constexpr slot_t page_slots = 1024;
  static constexpr slot_t slots_max = slot_t{1} << 31;

  /// The next slot, live. The document has none at this time.
  slot_t add(doc_id d, std::uint32_t length, std::span<const std::uint8_t> record);
  void kill(slot_t s);

  std::optional<slot_t> slot_of(doc_id d) const;
  bool live(slot_t s) const {
    auto& p = *pages_[s / page_slots];
    return (p.live[s % page_slots / 64] >> s % 64 & 1) != 0;
  }
  doc_id doc(slot_t s) const { return pages_[s / page_slots]->docs[s % page_slots]; }
  std::uint32_t length(slot_t s) const { return pages_[s / page_slots]->lengths[s % page_slots]; }
  /// Where the record begins; it says itself where it ends. Valid until the next add().
  const std::uint8_t* record(slot_t s) const {
    auto& p = *pages_[s / page_slots];
    return p.records.data() + p.record_at[s % page_slots];
  }
  /// 64 slots at a time: bit i of word w is slot 64 * w + i.
  std::uint64_t live_word(std::size_t w) const {
    return pages_[w / (page_slots / 64)]->live[w % (page_slots / 64)];
  }

  slot_t end() const { return end_; }
  std::uint64_t documents() const { return documents_; }
  std::uint64_t total_length() const { return total_length_; }
  /// end() when nothing is live.
  slot_t first_live() const;

  slot_t stored(slot_t s) const { return s + base_; }
  slot_t seen(slot_t stored) const { return stored - base_; }

  /// Lets go of the whole pages in front of s, which nothing refers to any more: slots are renumbered.
  void drop_front(slot_t s);

  std::uint64_t memory_bytes() const;

private:
  struct page {
    std::array<doc_id, page_slots> docs;
    std::array<std::uint32_t, page_slots> lengths;
    std::array<std::uint32_t, page_slots> record_at;
    std::array<std::uint64_t, page_slots / 64> live{};
    std::vector<std::uint8_t> records;
  };

  std::vector<std::unique_ptr<page>> pages_;
  std::vector<slot_t> stored_of_; ///< by doc_id; means something only when the slot says so too
  slot_t base_ = 0;               ///< stored number of the first slot held; a multiple of page_slots
  slot_t end_ = 0;
  std::uint64_t documents_ = 0;
  std::uint64_t total_length_ = 0;
  std::uint64_t record_bytes_ = 0;
};

} // namespace troupe::search
