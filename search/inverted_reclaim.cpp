#include "search/inverted_index.hpp"
#include "search/posting_cursor.hpp"

#include <algorithm>

namespace troupe::search {

namespace {

/// A pass begins when so many slots have died since the last one: one in deaths_share of the documents, and a
/// few.
constexpr std::uint64_t deaths_share = 8;
constexpr std::uint64_t deaths_flat = 256;
/// Documents are moved when the slots held are so many times the documents, and then until they are fewer.
constexpr std::uint64_t slots_high_halves = 4;
constexpr std::uint64_t slots_low_halves = 3;
constexpr std::uint64_t slots_flat = 4 * slot_table::page_slots;
/// Terms without postings leave the dictionary when they are one in so many.
constexpr std::size_t empty_share = 8;
/// A list that has nothing to reclaim costs as much as so many postings would in one that has: looking at it.
constexpr std::size_t lists_per_work = 4;

} // namespace

bool inverted_index::reclaim_some(std::size_t work) {
  using step = pass::step;
  if (pass_.at == step::idle) {
    if (!begin_pass()) {
      if (terms_.settled()) return false;
      terms_.settle();
      return false;
    }
  }
  if (pass_.at == step::moving) move_some(work);
  if (pass_.at == step::lists && work > 0) reclaim_lists(work);
  if (pass_.at == step::columns && work > 0) reclaim_columns(work);
  return true;
}

bool inverted_index::begin_pass() {
  if (deaths_ <= slots_.documents() / deaths_share + deaths_flat) return false;
  deaths_ = 0;
  pass_ = {};
  pass_.at = pass::step::moving;
  const auto documents = slots_.documents();
  const std::uint64_t held = slots_.end();
  if (held > documents * slots_high_halves / 2 + slots_flat)
    pass_.move_until = static_cast<slot_t>(held - documents * slots_low_halves / 2);
  return true;
}

void inverted_index::move_some(std::size_t& work) {
  while (pass_.next_move < pass_.move_until) {
    if (work == 0) return;
    if (pass_.next_move % 64 == 0 && slots_.live_word(pass_.next_move / 64) == 0) {
      pass_.next_move += 64;
      continue;
    }
    if (slots_.live(pass_.next_move)) {
      // Finding a posting means reading its block.
      work -= std::min(work, 1 + move(pass_.next_move) * 8);
    }
    ++pass_.next_move;
  }
  pass_.cutoff = slots_.first_live() / slot_table::page_slots * slot_table::page_slots;
  pass_.at = pass::step::lists;
}

/// The document of this slot, as it is, to a new slot.
std::size_t inverted_index::move(slot_t from) {
  record_.clear();
  const auto* begin = slots_.record(from);
  std::vector<term_id> terms;
  std::vector<field_number> columns;
  const auto* at = begin;
  auto each = [&](auto use) {
    std::uint32_t n = 0;
    for (auto count = read_varint(at); count > 0; --count)
      use(n += static_cast<std::uint32_t>(read_varint(at)));
  };
  each([&](term_id t) { terms.push_back(t); });
  each([&](field_number f) { fields_.use(f); });
  each([&](field_number f) {
    fields_.use(f);
    columns.push_back(f);
  });
  record_.assign(begin, at);
  // What is read of a list has to be copied out before the slot that owns it dies.
  std::vector<std::uint8_t> places;
  struct piece {
    std::uint32_t count;
    std::size_t begin;
    std::size_t end;
  };
  std::vector<piece> pieces;
  for (auto t : terms) {
    posting_cursor c(lists_[t], slots_);
    c.seek(from);
    const auto* p = c.places();
    const auto first = places.size();
    places.insert(places.end(), p, skip_places(p, c.count()));
    pieces.push_back({c.count(), first, places.size()});
  }
  const auto d = slots_.doc(from);
  const auto length = slots_.length(from);
  kill(from);
  const auto to = slots_.add(d, length, record_);
  for (std::size_t i = 0; i < terms.size(); ++i)
    append(terms[i], to, pieces[i].count, {places.data() + pieces[i].begin, places.data() + pieces[i].end});
  for (auto f : columns)
    columns_.copy(slots_, f, from, to);
  record_.clear();
  return terms.size();
}

void inverted_index::reclaim_lists(std::size_t& work) {
  std::size_t looked_at = 0;
  while (pass_.next_term < lists_.size()) {
    if (work == 0) return;
    auto& list = lists_[pass_.next_term];
    if (pass_.next_block == 0 && !list.wants_reclaim(slots_, pass_.cutoff)) {
      ++pass_.next_term;
      if (++looked_at % lists_per_work == 0) --work;
      continue;
    }
    list_bytes_ -= list.heap_bytes();
    const bool done = list.reclaim_some(slots_, pass_.cutoff, pass_.next_block, work);
    list_bytes_ += list.heap_bytes();
    if (!done) return;
    ++pass_.next_term;
    pass_.next_block = 0;
  }
  pass_.at = pass::step::columns;
}

void inverted_index::reclaim_columns(std::size_t& work) {
  while (pass_.next_column < columns_.limit()) {
    if (work == 0) return;
    const auto looked_at = columns_.reclaim(slots_, pass_.next_column++) + 1;
    work -= std::min(work, looked_at);
  }
  finish_pass();
}

void inverted_index::finish_pass() {
  std::vector<term_id> gone;
  terms_.each_with_prefix("", [&](term_id t) {
    if (lists_[t].empty()) gone.push_back(t);
  });
  if (gone.size() > terms_.size() / empty_share) terms_.forget(gone);
  columns_.forget_keywords();
  terms_.settle();
  slots_.drop_front(pass_.cutoff);
  pass_ = {};
}

} // namespace troupe::search
