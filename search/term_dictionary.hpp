#pragma once

// Strings and the numbers they go by: an open-addressing table over one run of bytes, and the numbers in the
// order of their strings for prefixes. Numbers are dense and reused after forget().

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::search {

using term_id = std::uint32_t;

class term_dictionary {
public:
  static constexpr term_id none = UINT32_MAX;

  term_dictionary();

  /// The number of a string of at most 64 KiB; inserts what is not there.
  term_id intern(std::string_view term);
  /// none when it is not there.
  term_id find(std::string_view term) const;
  /// Valid until the next intern() or forget().
  std::string_view text(term_id id) const { return {bytes_.data() + begins_[id], lengths_[id]}; }
  /// One above the largest number ever given.
  std::size_t limit() const { return begins_.size(); }
  std::size_t size() const { return used_; }

  /// Calls use(id) for every string that begins with `front`, in no promised order.
  template <class Use>
  void each_with_prefix(std::string_view front, Use use) const {
    auto [from, to] = sorted_range(front);
    for (auto i = from; i < to; ++i)
      use(sorted_[i]);
    for (auto id : unsorted_)
      if (text(id).starts_with(front)) use(id);
  }

  /// Takes strings out, given as numbers without repetition; their numbers are given to others. Takes time
  /// proportional to the whole dictionary.
  void forget(std::span<const term_id> ids);
  /// Sorts what was interned since; queries by prefix are faster after it.
  void settle();
  bool settled() const { return unsorted_.empty(); }

  std::uint64_t memory_bytes() const;

private:
  struct cell {
    std::uint32_t hash = 0;
    term_id id = none;
  };

  std::size_t place(std::string_view term, std::uint32_t hash) const;
  void rehash(std::size_t cells);
  std::pair<std::size_t, std::size_t> sorted_range(std::string_view front) const;

  std::vector<cell> table_; ///< a power of two, at most three quarters full, linear probing
  std::vector<char> bytes_;
  std::vector<std::uint32_t> begins_;
  std::vector<std::uint16_t> lengths_;
  std::vector<term_id> free_;
  std::vector<term_id> sorted_;   ///< by string
  std::vector<term_id> unsorted_; ///< interned since settle(); few in relation to sorted_
  std::size_t used_ = 0;
};

} // namespace troupe::search
