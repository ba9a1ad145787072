#include "search/posting_block.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace troupe::search {

namespace {

/// Packed integers are read eight bytes at a time, so that many follow the last one.
constexpr std::size_t read_ahead = 8;

std::size_t packed_bytes(std::size_t count, unsigned bits) {
  return (count * bits + 7) / 8;
}

void pack(const std::uint32_t* values, std::size_t count, unsigned bits, std::uint8_t* out) {
  std::uint64_t held = 0;
  unsigned have = 0;
  for (std::size_t i = 0; i < count; ++i) {
    held |= static_cast<std::uint64_t>(values[i]) << have;
    for (have += bits; have >= 8; have -= 8) {
      *out++ = static_cast<std::uint8_t>(held);
      held >>= 8;
    }
  }
  if (have > 0) *out = static_cast<std::uint8_t>(held);
}

template <class Use>
void unpack(const std::uint8_t* in, std::size_t count, unsigned bits, Use use) {
  const auto mask = (std::uint64_t{1} << bits) - 1;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t word;
    std::memcpy(&word, in + i * bits / 8, sizeof word);
    use(i, static_cast<std::uint32_t>(word >> i * bits % 8 & mask));
  }
}

unsigned bits_of_largest(const std::uint32_t* values, std::size_t count) {
  std::uint32_t all = 0;
  for (std::size_t i = 0; i < count; ++i)
    all |= values[i];
  return static_cast<unsigned>(std::bit_width(all));
}

} // namespace

void block_bounds::add(std::uint32_t count, std::uint32_t length) {
  auto& shortest_of = shortest[std::min<std::uint32_t>(count, 4) - 1];
  shortest_of = static_cast<std::uint16_t>(std::min<std::uint32_t>(shortest_of, length));
  count_max = static_cast<std::uint16_t>(std::max<std::uint32_t>(count_max, std::min(count, 65'535U)));
}

posting_block::posting_block(const loose_postings& from, const slot_table& slots)
    : first_(slots.stored(from.slots.front())), last_(slots.stored(from.slots.back())),
      size_(static_cast<std::uint8_t>(from.size())) {
  std::array<std::uint32_t, block_postings> steps;
  std::array<std::uint32_t, block_postings> more;
  for (std::size_t i = 0; i < size_; ++i) {
    steps[i] = i == 0 ? 0 : from.slots[i] - from.slots[i - 1] - 1;
    more[i] = from.counts[i] - 1;
    bounds_.add(from.counts[i], slots.length(from.slots[i]));
  }
  slot_bits_ = static_cast<std::uint8_t>(bits_of_largest(steps.data(), size_));
  count_bits_ = static_cast<std::uint8_t>(bits_of_largest(more.data(), size_));
  const auto counts_at = packed_bytes(size_, slot_bits_);
  places_at_ = static_cast<std::uint16_t>(counts_at + packed_bytes(size_, count_bits_));
  bytes_size_ = static_cast<std::uint32_t>(places_at_ + std::max(from.places.size(), read_ahead));
  bytes_ = std::make_unique<std::uint8_t[]>(bytes_size_);
  pack(steps.data(), size_, slot_bits_, bytes_.get());
  pack(more.data(), size_, count_bits_, bytes_.get() + counts_at);
  std::memcpy(bytes_.get() + places_at_, from.places.data(), from.places.size());
}

void posting_block::read_slots(const slot_table& slots, slot_t* out) const {
  auto s = first(slots) - 1;
  unpack(bytes_.get(), size_, slot_bits_, [&](std::size_t i, std::uint32_t step) { out[i] = s += step + 1; });
}

void posting_block::read_counts(std::uint32_t* out) const {
  unpack(bytes_.get() + packed_bytes(size_, slot_bits_), size_, count_bits_,
         [&](std::size_t i, std::uint32_t more) { out[i] = more + 1; });
}

void posting_block::read_live(const slot_table& slots, loose_postings& out) const {
  std::array<slot_t, block_postings> at;
  std::array<std::uint32_t, block_postings> counts;
  read_slots(slots, at.data());
  read_counts(counts.data());
  const auto* from = places();
  for (std::size_t i = 0; i < size_; ++i) {
    const auto* to = skip_places(from, counts[i]);
    if (slots.live(at[i])) out.add(at[i], counts[i], from, to);
    from = to;
  }
}

} // namespace troupe::search
