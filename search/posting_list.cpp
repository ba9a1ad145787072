#include "search/posting_list.hpp"

#include <algorithm>
#include <utility>

namespace troupe::search {

namespace {

/// A list, or a block of it, is rewritten when one posting in so many is dead.
constexpr std::uint32_t dead_share = 4;

} // namespace

std::size_t posting_list::append(const slot_table& slots, slot_t s, std::uint32_t count,
                                 std::span<const std::uint8_t> places) {
  const auto stored = slots.stored(s);
  std::uint8_t head[2 * varint_bytes_max];
  const std::uint64_t step = tail_count_ == 0 ? stored : stored - last_;
  auto* end = write_varint(head, step << 1 | (count > 1 ? 1 : 0));
  if (count > 1) end = write_varint(end, count - 2);
  const bool seals = tail_count_ + 1 == block_postings;
  const auto had = seals ? heap_bytes() : tail_.heap_bytes();
  tail_.append({head, end});
  tail_.append(places);
  last_ = stored;
  ++total_;
  ++live_;
  ++tail_count_;
  if (seals) seal(slots);
  return (seals ? heap_bytes() : tail_.heap_bytes()) - had;
}

std::uint32_t posting_list::read_tail(const slot_table& slots, slot_t* at, std::uint32_t* counts,
                                      const std::uint8_t** places) const {
  const auto* from = tail_.data();
  slot_t stored = 0;
  for (std::uint32_t i = 0; i < tail_count_; ++i) {
    const auto v = read_varint(from);
    stored += static_cast<slot_t>(v >> 1);
    at[i] = slots.seen(stored);
    counts[i] = (v & 1) != 0 ? static_cast<std::uint32_t>(read_varint(from)) + 2 : 1;
    places[i] = from;
    from = skip_places(from, counts[i]);
  }
  return tail_count_;
}

void posting_list::read_live_tail(const slot_table& slots, loose_postings& out) const {
  std::array<slot_t, block_postings> at;
  std::array<std::uint32_t, block_postings> counts;
  std::array<const std::uint8_t*, block_postings> places;
  const auto n = read_tail(slots, at.data(), counts.data(), places.data());
  out.slots.reserve(n);
  out.counts.reserve(n);
  out.places.reserve(tail_.size());
  for (std::uint32_t i = 0; i < n; ++i)
    if (slots.live(at[i])) out.add(at[i], counts[i], places[i], skip_places(places[i], counts[i]));
}

void posting_list::seal(const slot_table& slots) {
  loose_postings live;
  read_live_tail(slots, live);
  total_ -= tail_count_ - static_cast<std::uint32_t>(live.size());
  tail_.clear();
  tail_count_ = 0;
  if (live.size() > 0) add_block(posting_block(live, slots));
}

void posting_list::add_block(posting_block b) {
  if (!sealed_) sealed_ = std::make_unique<sealed_blocks>();
  sealed_->heap_bytes += b.heap_bytes();
  sealed_->blocks.push_back(std::move(b));
}

std::size_t posting_list::heap_bytes() const {
  auto bytes = tail_.heap_bytes();
  if (sealed_)
    bytes += sizeof(sealed_blocks) + sealed_->blocks.capacity() * sizeof(posting_block) + sealed_->heap_bytes;
  return bytes;
}

bool posting_list::wants_reclaim(const slot_table& slots, slot_t cutoff) const {
  if (dead() == 0) return false;
  if (dead() > total_ / dead_share) return true;
  if (blocks() > 0) return block(0).first(slots) < cutoff;
  const auto* at = tail_.data();
  return slots.seen(static_cast<slot_t>(read_varint(at) >> 1)) < cutoff;
}

bool posting_list::reclaim_some(const slot_table& slots, slot_t cutoff, std::size_t& at, std::size_t& work) {
  for (; at < blocks() && work > 0; ++at) {
    reclaim_block(slots, cutoff, at);
    work -= std::min<std::size_t>(work, block_postings);
  }
  if (at < blocks()) return false;
  if (sealed_) {
    std::erase_if(sealed_->blocks, [](const posting_block& b) { return b.size() == 0; });
    if (sealed_->blocks.empty()) sealed_.reset();
  }
  reclaim_tail(slots);
  work -= std::min<std::size_t>(work, tail_count_ + 1);
  return true;
}

void posting_list::reclaim_block(const slot_table& slots, slot_t cutoff, std::size_t i) {
  auto& blocks = sealed_->blocks;
  auto& b = blocks[i];
  if (b.size() == 0) return;
  loose_postings live;
  // Neighbours that fit into one block become one, or a list would end as many blocks of few postings.
  auto before = i;
  while (before > 0 && blocks[before - 1].size() == 0)
    --before;
  const bool has_before = before > 0;
  std::array<slot_t, block_postings> at;
  b.read_slots(slots, at.data());
  const auto dead = static_cast<std::uint32_t>(
      std::count_if(at.begin(), at.begin() + b.size(), [&](slot_t s) { return !slots.live(s); }));
  const auto left = b.size() - dead;
  const bool joins = has_before && blocks[before - 1].size() + left <= block_postings;
  const bool worth = dead > b.size() / dead_share || (dead > 0 && b.first(slots) < cutoff);
  if (!worth && !joins) return;
  std::uint32_t had = b.size();
  if (joins) {
    auto& earlier = blocks[before - 1];
    had += earlier.size();
    earlier.read_live(slots, live);
    sealed_->heap_bytes -= earlier.heap_bytes();
    earlier = posting_block();
  }
  b.read_live(slots, live);
  sealed_->heap_bytes -= b.heap_bytes();
  b = live.size() == 0 ? posting_block() : posting_block(live, slots);
  sealed_->heap_bytes += b.heap_bytes();
  total_ -= had - static_cast<std::uint32_t>(live.size());
}

void posting_list::reclaim_tail(const slot_table& slots) {
  loose_postings live;
  read_live_tail(slots, live);
  if (live.size() == tail_count_) return;
  total_ -= tail_count_;
  live_ -= static_cast<std::uint32_t>(live.size());
  tail_.clear();
  tail_count_ = 0;
  const auto* from = live.places.data();
  for (std::size_t i = 0; i < live.size(); ++i) {
    const auto* to = skip_places(from, live.counts[i]);
    append(slots, live.slots[i], live.counts[i], {from, to});
    from = to;
  }
}

} // namespace troupe::search
