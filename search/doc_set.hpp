#pragma once

// A set of documents as a bitmap: what filters hand from one index to another.

#include "search/document.hpp"

#include <bit>
#include <cstddef>

namespace troupe::search {

class doc_set {
public:
  void insert(doc_id d) {
    if (d / 64 >= words_.size()) words_.resize(d / 64 + 1);
    auto bit = std::uint64_t{1} << d % 64;
    count_ += (words_[d / 64] & bit) == 0;
    words_[d / 64] |= bit;
  }
  void erase(doc_id d) {
    if (!contains(d)) return;
    words_[d / 64] &= ~(std::uint64_t{1} << d % 64);
    --count_;
  }
  bool contains(doc_id d) const { return d / 64 < words_.size() && (words_[d / 64] >> d % 64 & 1) != 0; }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }

  void intersect(const doc_set& other) {
    count_ = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
      count_ += static_cast<std::size_t>(std::popcount(words_[i]));
    }
  }

  void unite(const doc_set& other) {
    if (words_.size() < other.words_.size()) words_.resize(other.words_.size());
    count_ = 0;
    for (std::size_t i = 0; i < words_.size(); ++i) {
      words_[i] |= i < other.words_.size() ? other.words_[i] : 0;
      count_ += static_cast<std::size_t>(std::popcount(words_[i]));
    }
  }
  std::uint64_t memory_bytes() const { return words_.capacity() * sizeof(std::uint64_t); }

  /// Calls use(doc_id) in ascending order.
  template <class Use>
  void each(Use use) const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      for (auto word = words_[i]; word != 0; word &= word - 1)
        use(static_cast<doc_id>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
  }

private:
  std::vector<std::uint64_t> words_;
  std::size_t count_ = 0;
};

} // namespace troupe::search
