#include "search/posting_cursor.hpp"

#include <algorithm>

namespace troupe::search {

posting_cursor::posting_cursor(const posting_list& list, const slot_table& slots)
    : list_(&list), slots_(&slots) {
  load(0);
  settle();
}

void posting_cursor::load(std::size_t block) {
  block_ = block;
  at_ = 0;
  entered_ = true;
  if (block_ < list_->blocks()) {
    auto& b = list_->block(block_);
    size_ = b.size();
    b.read_slots(*slots_, at_slots_.data());
    counts_known_ = false;
    places_known_ = 0;
    return;
  }
  size_ = block_ == list_->blocks()
              ? list_->read_tail(*slots_, at_slots_.data(), counts_.data(), places_.data())
              : 0;
  counts_known_ = true;
  places_known_ = size_;
}

/// From at_ to the first live posting, which may be in a later block.
void posting_cursor::settle() {
  for (;;) {
    while (at_ < size_ && !slots_->live(at_slots_[at_]))
      ++at_;
    if (at_ < size_) {
      slot_ = at_slots_[at_];
      return;
    }
    if (block_ >= list_->blocks()) {
      slot_ = no_slot;
      return;
    }
    load(block_ + 1);
  }
}

void posting_cursor::next() {
  ++at_;
  settle();
}

void posting_cursor::leave_block() {
  load(block_ + 1);
  settle();
}

void posting_cursor::seek(slot_t target) {
  if (slot_ >= target) return;
  if (auto* b = block(); b && b->last(*slots_) < target) {
    // Blocks are passed in growing strides, then by halves: near targets are more common than far ones. An
    // empty block, as reclaiming leaves them for a while, counts as the next one that is not.
    auto from = block_ + 1;
    std::size_t stride = 1;
    const auto blocks = list_->blocks();
    auto before_target = [&](std::size_t i) {
      while (i < blocks && list_->block(i).size() == 0)
        ++i;
      return i < blocks && list_->block(i).last(*slots_) < target;
    };
    auto to = from;
    while (to < blocks && before_target(to)) {
      from = to + 1;
      to += stride;
      stride *= 2;
    }
    to = std::min(to, blocks);
    while (from < to) {
      const auto middle = from + (to - from) / 2;
      if (before_target(middle))
        from = middle + 1;
      else
        to = middle;
    }
    while (from < blocks && list_->block(from).size() == 0)
      ++from;
    load(from);
  }
  at_ = static_cast<std::uint32_t>(
      std::lower_bound(at_slots_.begin() + at_, at_slots_.begin() + size_, target) - at_slots_.begin());
  settle();
}

std::uint32_t posting_cursor::count() {
  if (!counts_known_) {
    list_->block(block_).read_counts(counts_.data());
    counts_known_ = true;
  }
  return counts_[at_];
}

const std::uint8_t* posting_cursor::places() {
  count();
  if (places_known_ == 0) {
    places_[0] = list_->block(block_).places();
    places_known_ = 1;
  }
  for (; places_known_ <= at_; ++places_known_)
    places_[places_known_] = skip_places(places_[places_known_ - 1], counts_[places_known_ - 1]);
  return places_[at_];
}

} // namespace troupe::search
