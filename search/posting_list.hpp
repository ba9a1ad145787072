#pragma once

// The postings of one term: packed blocks, and a tail of the newest in plain variable-length form that
// becomes a block when it is full. A posting is only ever appended; that of a document replaced or erased
// stays until reclaiming comes by.

#include "search/byte_run.hpp"
#include "search/posting_block.hpp"

#include <memory>
#include <span>
#include <vector>

namespace troupe::search {

class posting_list {
public:
  /// The slot is live and later than every other of the list; count is that of the occurrences in `places`.
  /// Returns by how much heap_bytes() has grown, modulo 2^64.
  std::size_t append(const slot_table& slots, slot_t s, std::uint32_t count,
                     std::span<const std::uint8_t> places);
  /// One of its slots is about to die, or has died.
  void count_death() { --live_; }

  std::uint32_t live() const { return live_; }
  std::uint32_t dead() const { return total_ - live_; }
  bool empty() const { return total_ == 0; }
  std::size_t heap_bytes() const;

  std::size_t blocks() const { return sealed_ ? sealed_->blocks.size() : 0; }
  const posting_block& block(std::size_t i) const { return sealed_->blocks[i]; }
  /// Reads the tail: slots, counts and where each one's places begin; returns how many.
  std::uint32_t read_tail(const slot_table& slots, slot_t* at, std::uint32_t* counts,
                          const std::uint8_t** places) const;

  /// Whether so many are dead, or dead in front of `cutoff`, that rewriting is worth it.
  bool wants_reclaim(const slot_table& slots, slot_t cutoff) const;
  /// Rewrites blocks from number `at` on until `work` postings were looked at (subtracted from it); returns
  /// whether the list is done. Afterwards nothing in front of `cutoff` is in it, as long as nothing live was.
  /// `at` starts as 0 and is the list's to keep between calls; postings may be appended between them.
  bool reclaim_some(const slot_table& slots, slot_t cutoff, std::size_t& at, std::size_t& work);

private:
  struct sealed_blocks {
    std::vector<posting_block> blocks;
    std::size_t heap_bytes = 0; ///< of the blocks
  };

  void seal(const slot_table& slots);
  void add_block(posting_block b);
  void reclaim_block(const slot_table& slots, slot_t cutoff, std::size_t i);
  void reclaim_tail(const slot_table& slots);
  void read_live_tail(const slot_table& slots, loose_postings& out) const;

  byte_run tail_; ///< varint(step * 2 + more), varint(count - 2) if more, places; the first step is the
                  ///< stored slot
  std::unique_ptr<sealed_blocks> sealed_;
  slot_t last_ = 0; ///< stored number
  std::uint32_t total_ = 0;
  std::uint32_t live_ = 0;
  std::uint32_t tail_count_ = 0;
};

} // namespace troupe::search
