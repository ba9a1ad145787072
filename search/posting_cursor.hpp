#pragma once

// Walks the live postings of one term in ascending order of slots.

#include "search/posting_list.hpp"

namespace troupe::search {

inline constexpr slot_t no_slot = UINT32_MAX;

/// Borrows list and table, which may not change while it is in use. Its arrays make it large: one per term of
/// a query, not one per document.
class posting_cursor {
public:
  /// Stands on the first live posting.
  posting_cursor(const posting_list& list, const slot_table& slots);

  /// no_slot at the end.
  slot_t slot() const { return slot_; }
  void next();
  /// To the first live posting at or after target, which is not before slot().
  void seek(slot_t target);

  /// Of the posting it stands on.
  std::uint32_t count();
  const std::uint8_t* places();

  /// The packed block it stands in; null in the tail, and at the end.
  const posting_block* block() const { return block_ < list_->blocks() ? &list_->block(block_) : nullptr; }
  /// The block before has been left for this one since the last call.
  bool entered_block() { return std::exchange(entered_, false); }
  /// To the first live posting behind the packed block it stands in.
  void leave_block();

private:
  void load(std::size_t block);
  void settle();

  const posting_list* list_;
  const slot_table* slots_;
  std::size_t block_ = 0;
  std::uint32_t at_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t places_known_ = 0; ///< entries of places_ that are filled
  slot_t slot_ = no_slot;
  bool counts_known_ = false;
  bool entered_ = false;
  std::array<slot_t, block_postings> at_slots_;
  std::array<std::uint32_t, block_postings> counts_;
  std::array<const std::uint8_t*, block_postings> places_;
};

} // namespace troupe::search
