#pragma once

// Up to 128 postings of one term, packed: slots as differences and occurrence counts in as few bits as the
// largest of the block needs, then the places of all occurrences.
//
// Places of one posting, for each occurrence: varint(step * 2) when it stands in the same text part as the
// one before, step words further; varint(position * 2 + 1), varint(parts further), varint(field) when it
// opens another part. The first is measured from part 0, field 0, position 0.

#include "search/slot_table.hpp"
#include "search/varint.hpp"

#include <array>
#include <memory>
#include <vector>

namespace troupe::search {

inline constexpr std::uint32_t block_postings = 128;

/// Where an occurrence stands: the text part in the upper half, the word's position in the lower, so that no
/// phrase reaches from one part into another.
using place_t = std::uint64_t;

/// Calls use(place, field) for `count` occurrences; returns the end of their bytes.
template <class Use>
const std::uint8_t* each_place(const std::uint8_t* at, std::uint32_t count, Use use) {
  std::uint64_t part = 0;
  std::uint64_t position = 0;
  std::uint32_t field = 0;
  for (; count > 0; --count) {
    auto v = read_varint(at);
    if ((v & 1) != 0) {
      position = v >> 1;
      part += read_varint(at);
      field = static_cast<std::uint32_t>(read_varint(at));
    } else {
      position += v >> 1;
    }
    use(part << 32 | position, field);
  }
  return at;
}

inline const std::uint8_t* skip_places(const std::uint8_t* at, std::uint32_t count) {
  for (; count > 0; --count) {
    const bool opens_part = (*at & 1) != 0;
    at = skip_varint(at);
    if (opens_part) at = skip_varint(skip_varint(at));
  }
  return at;
}

/// Writes what each_place() reads.
class place_writer {
public:
  explicit place_writer(std::vector<std::uint8_t>& out) : out_(out) {}

  void add(std::uint32_t part, std::uint32_t field, std::uint32_t position) {
    if (part == part_ && field == field_) {
      append_varint(out_, std::uint64_t{position - position_} << 1);
    } else {
      append_varint(out_, std::uint64_t{position} << 1 | 1);
      append_varint(out_, part - part_);
      append_varint(out_, field);
      part_ = part;
      field_ = field;
    }
    position_ = position;
  }

private:
  std::vector<std::uint8_t>& out_;
  std::uint32_t part_ = 0;
  std::uint32_t field_ = 0;
  std::uint32_t position_ = 0;
};

/// Postings taken out of blocks, to be put into others. Slots are those that the slot table shows.
struct loose_postings {
  std::vector<slot_t> slots;
  std::vector<std::uint32_t> counts;
  std::vector<std::uint8_t> places;

  std::size_t size() const { return slots.size(); }
  void add(slot_t s, std::uint32_t count, const std::uint8_t* from, const std::uint8_t* to) {
    slots.push_back(s);
    counts.push_back(count);
    places.insert(places.end(), from, to);
  }
};

/// What bounds the score of a block's postings: the shortest document in which the term occurs once, twice,
/// three times or more often, and how often at most (both stop at 65,535).
struct block_bounds {
  std::array<std::uint16_t, 4> shortest{UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX};
  std::uint16_t count_max = 0;

  void add(std::uint32_t count, std::uint32_t length);
};

class posting_block {
public:
  posting_block() = default;
  /// At most block_postings, at least one.
  posting_block(const loose_postings& from, const slot_table& slots);

  std::uint32_t size() const { return size_; }
  slot_t first(const slot_table& slots) const { return slots.seen(first_); }
  slot_t last(const slot_table& slots) const { return slots.seen(last_); }
  const block_bounds& bounds() const { return bounds_; }

  void read_slots(const slot_table& slots, slot_t* out) const;
  void read_counts(std::uint32_t* out) const;
  const std::uint8_t* places() const { return bytes_.get() + places_at_; }
  /// Adds the live ones to `out`.
  void read_live(const slot_table& slots, loose_postings& out) const;

  std::size_t heap_bytes() const { return bytes_size_; }

private:
  std::unique_ptr<std::uint8_t[]> bytes_;
  slot_t first_ = 0; ///< stored number
  slot_t last_ = 0;  ///< stored number
  std::uint32_t bytes_size_ = 0;
  std::uint16_t places_at_ = 0;
  std::uint8_t size_ = 0;
  std::uint8_t slot_bits_ = 0;
  std::uint8_t count_bits_ = 0;
  block_bounds bounds_;
};

} // namespace troupe::search
