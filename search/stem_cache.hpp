#pragma once

// What words have been stemmed to: texts repeat their words, and stemming one anew costs ten times a look
// here.

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::search {

/// Direct-mapped: a word has one place, and the last word that came for it stays. Fixed size; never changes
/// an answer.
class stem_cache {
public:
  static constexpr std::size_t word_bytes_max = 16;

  /// A word of 1 to word_bytes_max bytes without a zero byte, filled up with zeros.
  struct key {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    friend bool operator==(const key&, const key&) = default;
  };

  struct slot {
    key word;
    std::array<char, word_bytes_max> stem{};
    std::uint8_t size = 0; ///< of the stem; 0: the word is left out
  };

  stem_cache() : slots_(slot_count) {}

  /// The place of a word. It is the word's own if slot.word == word; otherwise it may be overwritten with it.
  slot& at(const key& word) {
    // Multiplicative hashing (Knuth, volume 3, section 6.4) of both halves; the high bits are the well mixed
    // ones.
    const auto mixed = (word.low ^ (word.high << 29 | word.high >> 35)) * 0x9E3779B97F4A7C15ULL;
    return slots_[mixed >> (64 - slot_bits)];
  }

private:
  static constexpr unsigned slot_bits = 14;
  static constexpr std::size_t slot_count = std::size_t{1} << slot_bits;
  std::vector<slot> slots_;
};

} // namespace troupe::search
