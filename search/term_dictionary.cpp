#include "search/term_dictionary.hpp"

#include "base/assert.hpp"

#include <absl/hash/hash.h>

#include <algorithm>
#include <utility>

namespace troupe::search {

namespace {

constexpr std::size_t first_cells = 256;
/// So many strings may wait unsorted, beside a share of the sorted ones: a query by prefix looks at each of
/// them.
constexpr std::size_t unsorted_flat = 256;
constexpr std::size_t unsorted_share = 16;

// The hash decides only where a string stands in the table, never an order that anyone sees, so it may differ
// between processes; that keeps chosen strings from colliding.
std::uint32_t hash_of(std::string_view term) {
  return static_cast<std::uint32_t>(absl::Hash<std::string_view>{}(term) >> 16);
}

} // namespace

term_dictionary::term_dictionary() : table_(first_cells) {}

std::size_t term_dictionary::place(std::string_view term, std::uint32_t hash) const {
  const auto mask = table_.size() - 1;
  for (auto i = hash & mask;; i = (i + 1) & mask) {
    auto& c = table_[i];
    if (c.id == none || (c.hash == hash && text(c.id) == term)) return i;
  }
}

term_id term_dictionary::find(std::string_view term) const {
  return table_[place(term, hash_of(term))].id;
}

term_id term_dictionary::intern(std::string_view term) {
  const auto hash = hash_of(term);
  auto at = place(term, hash);
  if (table_[at].id != none) return table_[at].id;
  TROUPE_ASSERT(term.size() <= UINT16_MAX && bytes_.size() + term.size() <= UINT32_MAX,
                "a dictionary holds at most 4 GiB of strings of at most 64 KiB");
  term_id id;
  if (free_.empty()) {
    id = static_cast<term_id>(begins_.size());
    begins_.emplace_back();
    lengths_.emplace_back();
  } else {
    id = free_.back();
    free_.pop_back();
  }
  begins_[id] = static_cast<std::uint32_t>(bytes_.size());
  lengths_[id] = static_cast<std::uint16_t>(term.size());
  bytes_.insert(bytes_.end(), term.begin(), term.end());
  table_[at] = {hash, id};
  unsorted_.push_back(id);
  if (++used_ * 4 > table_.size() * 3) rehash(table_.size() * 2);
  if (unsorted_.size() > unsorted_flat + sorted_.size() / unsorted_share) settle();
  return id;
}

void term_dictionary::rehash(std::size_t cells) {
  auto old = std::exchange(table_, std::vector<cell>(cells));
  const auto mask = cells - 1;
  for (auto& c : old) {
    if (c.id == none) continue;
    auto i = c.hash & mask;
    while (table_[i].id != none)
      i = (i + 1) & mask;
    table_[i] = c;
  }
}

void term_dictionary::settle() {
  auto before = [this](term_id a, term_id b) { return text(a) < text(b); };
  std::sort(unsorted_.begin(), unsorted_.end(), before);
  // Merged from the back, in place: the new strings are few and each is looked up, not compared with every
  // old one.
  auto old = sorted_.size();
  auto to = old + unsorted_.size();
  sorted_.resize(to);
  for (auto waiting = unsorted_.size(); waiting > 0; --waiting) {
    const auto id = unsorted_[waiting - 1];
    const auto from = static_cast<std::size_t>(
        std::upper_bound(sorted_.begin(), sorted_.begin() + static_cast<std::ptrdiff_t>(old), id, before) -
        sorted_.begin());
    std::move_backward(sorted_.begin() + static_cast<std::ptrdiff_t>(from),
                       sorted_.begin() + static_cast<std::ptrdiff_t>(old),
                       sorted_.begin() + static_cast<std::ptrdiff_t>(to));
    to -= old - from;
    old = from;
    sorted_[--to] = id;
  }
  unsorted_.clear();
}

std::pair<std::size_t, std::size_t> term_dictionary::sorted_range(std::string_view front) const {
  auto cut = [&](term_id id) { return text(id).substr(0, front.size()); };
  auto from = std::lower_bound(sorted_.begin(), sorted_.end(), front,
                               [&](term_id id, std::string_view f) { return cut(id) < f; });
  auto to = std::upper_bound(from, sorted_.end(), front,
                             [&](std::string_view f, term_id id) { return f < cut(id); });
  return {static_cast<std::size_t>(from - sorted_.begin()), static_cast<std::size_t>(to - sorted_.begin())};
}

void term_dictionary::forget(std::span<const term_id> ids) {
  if (ids.empty()) return;
  std::vector<bool> gone(limit());
  for (auto id : ids)
    gone[id] = true;
  std::erase_if(sorted_, [&](term_id id) { return gone[id]; });
  std::erase_if(unsorted_, [&](term_id id) { return gone[id]; });
  for (auto& c : table_)
    if (c.id != none && gone[c.id]) c.id = none;
  used_ -= ids.size();
  auto cells = table_.size();
  while (cells > first_cells && used_ * 4 <= cells)
    cells /= 2;
  rehash(cells);
  std::vector<char> kept;
  auto keep = [&](term_id id) {
    auto t = text(id);
    const auto begin = static_cast<std::uint32_t>(kept.size());
    kept.insert(kept.end(), t.begin(), t.end());
    begins_[id] = begin;
  };
  std::size_t bytes = 0;
  for (auto& list : {&sorted_, &unsorted_})
    for (auto id : *list)
      bytes += lengths_[id];
  kept.reserve(bytes);
  for (auto& list : {&sorted_, &unsorted_})
    for (auto id : *list)
      keep(id);
  bytes_ = std::move(kept);
  for (auto id : ids) {
    begins_[id] = 0;
    lengths_[id] = 0;
    free_.push_back(id);
  }
}

std::uint64_t term_dictionary::memory_bytes() const {
  return table_.capacity() * sizeof(cell) + bytes_.capacity() +
         begins_.capacity() * (sizeof begins_[0] + sizeof lengths_[0]) +
         (free_.capacity() + sorted_.capacity() + unsorted_.capacity()) * sizeof(term_id);
}

} // namespace troupe::search
