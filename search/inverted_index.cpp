#include "search/inverted_index.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace troupe::search {

namespace {

/// Scratch space above this is given back after the document that needed it.
constexpr std::size_t scratch_kept = 64 * 1024;
/// From so many words on, sorting by digits beats sorting by comparison.
constexpr std::size_t radix_words = 400;

void append_ascending(std::vector<std::uint8_t>& out, const std::vector<std::uint32_t>& numbers) {
  append_varint(out, numbers.size());
  std::uint32_t before = 0;
  for (auto n : numbers) {
    append_varint(out, n - before);
    before = n;
  }
}

template <class Use>
const std::uint8_t* each_ascending(const std::uint8_t* at, Use use) {
  std::uint32_t n = 0;
  for (auto count = read_varint(at); count > 0; --count)
    use(n += static_cast<std::uint32_t>(read_varint(at)));
  return at;
}

void sort_unique(std::vector<std::uint32_t>& numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
}

template <class T>
void reset(std::vector<T>& scratch) {
  scratch.clear();
  if (scratch.capacity() > scratch_kept) scratch.shrink_to_fit();
}

/// By the upper half, keeping the order of equals, eleven bits at a time from the lowest (Knuth, "The Art of
/// Computer Programming", volume 3, section 5.2.5): of thousands of keys that is several times quicker than
/// comparing them.
void radix_sort(std::vector<std::uint64_t>& keys, std::vector<std::uint64_t>& spare, std::uint64_t largest) {
  constexpr unsigned bits = 11;
  constexpr std::uint64_t mask = (1U << bits) - 1;
  spare.resize(keys.size());
  for (unsigned shift = 32; shift == 32 || (shift < 64 && largest >> shift != 0); shift += bits) {
    std::array<std::uint32_t, mask + 1> starts{};
    for (auto k : keys)
      ++starts[k >> shift & mask];
    std::uint32_t sum = 0;
    for (auto& s : starts)
      sum += std::exchange(s, sum);
    for (auto k : keys)
      spare[starts[k >> shift & mask]++] = k;
    keys.swap(spare);
  }
}

auto order_of(const field_fact& f) {
  return std::tie(f.field, f.what, f.number, f.keyword);
}

} // namespace

field_number inverted_index::part_field(std::string_view field) {
  const auto f = fields_.use(field);
  if (f >= field_seen_.size()) field_seen_.resize(std::size_t{f} + 1);
  if (std::exchange(field_seen_[f], added_) == added_)
    fields_.release(f);
  else
    part_fields_.push_back(f);
  return f;
}

void inverted_index::add_occurrence(std::string_view term, field_number f, std::uint32_t position) {
  keys_.push_back(std::uint64_t{terms_.intern(term)} << 32 | found_.size());
  found_.push_back({position, parts_, f});
}

void inverted_index::commit(doc_id d, const std::vector<field_fact>& facts) {
  erase(d);
  std::vector<const field_fact*> sorted;
  sorted.reserve(facts.size());
  for (auto& f : facts)
    sorted.push_back(&f);
  std::sort(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return order_of(*a) < order_of(*b); });
  sorted.erase(std::unique(sorted.begin(), sorted.end(), [](auto* a, auto* b) { return *a == *b; }),
               sorted.end());
  std::vector<field_number> columns;
  std::vector<field_number> column_of;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i]->field != sorted[i - 1]->field) columns.push_back(fields_.use(sorted[i]->field));
    column_of.push_back(columns.back());
  }
  if (keys_.size() < radix_words)
    std::sort(keys_.begin(), keys_.end());
  else
    radix_sort(keys_, spare_keys_, *std::max_element(keys_.begin(), keys_.end()));
  write_record(columns);
  const auto s = slots_.add(d, static_cast<std::uint32_t>(found_.size()), record_);
  append_terms(s);
  for (std::size_t i = 0; i < sorted.size(); ++i)
    columns_.add(slots_, s, column_of[i], *sorted[i]);
  reset(keys_);
  reset(spare_keys_);
  reset(found_);
  reset(part_fields_);
  reset(record_);
  parts_ = 0;
  ++added_;
}

void inverted_index::write_record(const std::vector<field_number>& columns) {
  std::vector<std::uint32_t> terms;
  terms.reserve(keys_.size());
  for (auto k : keys_)
    if (terms.empty() || terms.back() != k >> 32) terms.push_back(static_cast<std::uint32_t>(k >> 32));
  append_ascending(record_, terms);
  auto texts = part_fields_;
  sort_unique(texts);
  append_ascending(record_, texts);
  auto facts = columns;
  sort_unique(facts);
  append_ascending(record_, facts);
}

void inverted_index::append_terms(slot_t s) {
  if (lists_.size() < terms_.limit()) lists_.resize(terms_.limit());
  for (std::size_t i = 0; i < keys_.size();) {
    const auto t = static_cast<term_id>(keys_[i] >> 32);
    places_.clear();
    place_writer places(places_);
    std::uint32_t count = 0;
    for (; i < keys_.size() && keys_[i] >> 32 == t; ++i, ++count) {
      auto& f = found_[static_cast<std::uint32_t>(keys_[i])];
      places.add(f.part, f.field, f.position);
    }
    append(t, s, count, places_);
  }
}

void inverted_index::append(term_id t, slot_t s, std::uint32_t count, std::span<const std::uint8_t> places) {
  auto& list = lists_[t];
  if (list.live() == 0) ++live_terms_;
  list_bytes_ += list.append(slots_, s, count, places);
}

void inverted_index::erase(doc_id d) {
  if (auto s = slots_.slot_of(d)) kill(*s);
}

void inverted_index::kill(slot_t s) {
  const auto* at = each_ascending(slots_.record(s), [&](term_id t) {
    lists_[t].count_death();
    if (lists_[t].live() == 0) --live_terms_;
  });
  at = each_ascending(at, [&](field_number f) { fields_.release(f); });
  each_ascending(at, [&](field_number f) { fields_.release(f); });
  slots_.kill(s);
  ++deaths_;
}

std::uint64_t inverted_index::memory_bytes() const {
  return slots_.memory_bytes() + terms_.memory_bytes() + lists_.capacity() * sizeof(posting_list) +
         list_bytes_ + fields_.memory_bytes() + columns_.memory_bytes();
}

} // namespace troupe::search
