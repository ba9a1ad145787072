#include "search/field_columns.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace troupe::search {

namespace {

template <class T>
bool holds(query_node::comparison op, const T& left, const T& right) {
  using op_t = query_node::comparison;
  switch (op) {
  case op_t::equal: return left == right;
  case op_t::not_equal: return left != right;
  case op_t::less: return left < right;
  case op_t::less_equal: return left <= right;
  case op_t::greater: return left > right;
  case op_t::greater_equal: return left >= right;
  }
  return false;
}

std::string shortest(double number) {
  std::array<char, 32> text;
  auto [end, problem] = std::to_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() ? std::string(text.data(), end) : std::string();
}

/// Counts of equal values, which stand in any order.
template <class T, class Text>
void count_values(std::vector<T>& found, Text text_of, std::map<std::string, std::uint64_t>& counts) {
  std::sort(found.begin(), found.end());
  for (std::size_t i = 0; i < found.size();) {
    auto same = i;
    while (same < found.size() && found[same] == found[i])
      ++same;
    counts[text_of(found[i])] += same - i;
    i = same;
  }
}

} // namespace

template <class T>
void field_columns::values_of<T>::copy(const slot_table& table, slot_t from, slot_t to) {
  auto at = std::lower_bound(slots.begin(), slots.end(), from,
                             [&](slot_t stored, slot_t s) { return table.seen(stored) < s; });
  for (auto i = static_cast<std::size_t>(at - slots.begin());
       i < slots.size() && table.seen(slots[i]) == from; ++i)
    add(table.stored(to), T{values[i]});
}

template <class T>
template <class Dropped>
void field_columns::values_of<T>::reclaim(const slot_table& table, Dropped dropped) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!table.live(table.seen(slots[i]))) {
      dropped(values[i]);
      continue;
    }
    slots[kept] = slots[i];
    values[kept++] = values[i];
  }
  slots.resize(kept);
  values.resize(kept);
  if (slots.capacity() / 2 > kept) {
    slots.shrink_to_fit();
    values.shrink_to_fit();
  }
}

void field_columns::add(const slot_table& slots, slot_t s, field_number f, const field_fact& fact) {
  if (f >= columns_.size()) columns_.resize(std::size_t{f} + 1);
  auto& c = columns_[f];
  const auto stored = slots.stored(s);
  switch (fact.what) {
  case field_fact::type::number:
    // Minus zero is zero; what is no number compares with nothing.
    if (fact.number == fact.number) c.numbers.add(stored, fact.number == 0 ? 0.0 : fact.number);
    break;
  case field_fact::type::boolean: c.booleans.add(stored, fact.number != 0); break;
  case field_fact::type::keyword: {
    const auto id = keywords_.intern(std::string_view(fact.keyword).substr(0, keyword_bytes_max));
    if (id >= keyword_facts_.size()) keyword_facts_.resize(std::size_t{id} + 1);
    ++keyword_facts_[id];
    c.keywords.add(stored, id);
    break;
  }
  }
}

void field_columns::copy(const slot_table& slots, field_number f, slot_t from, slot_t to) {
  if (f >= columns_.size()) return;
  auto& c = columns_[f];
  c.numbers.copy(slots, from, to);
  c.booleans.copy(slots, from, to);
  const auto had = c.keywords.values.size();
  c.keywords.copy(slots, from, to);
  for (auto i = had; i < c.keywords.values.size(); ++i)
    ++keyword_facts_[c.keywords.values[i]];
}

void field_columns::matches(const slot_table& slots, field_number f, const query_node& node,
                            slot_set& out) const {
  if (f >= columns_.size()) return;
  auto& c = columns_[f];
  auto scan = [&](const auto& of, auto fits) {
    for (std::size_t i = 0; i < of.slots.size(); ++i)
      if (fits(of.values[i]))
        if (auto s = slots.seen(of.slots[i]); slots.live(s)) out.insert(s);
  };
  switch (node.what) {
  case query_node::type::number:
    scan(c.numbers, [&](double v) { return holds(node.op, v, node.number); });
    break;
  case query_node::type::boolean:
    scan(c.booleans, [&](std::uint8_t v) { return holds(node.op, v != 0, node.number != 0); });
    break;
  case query_node::type::keyword:
    if (node.op == query_node::comparison::equal) {
      const auto id = keywords_.find(node.text);
      if (id != term_dictionary::none) scan(c.keywords, [&](term_id v) { return v == id; });
    } else {
      const std::string_view text = node.text;
      scan(c.keywords, [&](term_id v) { return holds(node.op, keywords_.text(v), text); });
    }
    break;
  default: break;
  }
}

std::vector<facet_count> field_columns::facets(const slot_table& slots, field_number f, const doc_set& over,
                                               std::size_t limit) const {
  std::vector<facet_count> answer;
  if (f >= columns_.size()) return answer;
  auto& c = columns_[f];
  auto collect = [&](const auto& of, auto& found) {
    for (std::size_t i = 0; i < of.slots.size(); ++i)
      if (auto s = slots.seen(of.slots[i]); slots.live(s) && over.contains(slots.doc(s)))
        found.push_back(of.values[i]);
  };
  std::map<std::string, std::uint64_t> counts;
  std::vector<double> numbers;
  collect(c.numbers, numbers);
  count_values(numbers, shortest, counts);
  std::vector<std::uint8_t> booleans;
  collect(c.booleans, booleans);
  count_values(
      booleans, [](std::uint8_t v) { return std::string(v != 0 ? "true" : "false"); }, counts);
  std::vector<term_id> keywords;
  collect(c.keywords, keywords);
  count_values(
      keywords, [&](term_id v) { return std::string(keywords_.text(v)); }, counts);
  answer.reserve(counts.size());
  for (auto& [value, count] : counts)
    answer.push_back({value, count});
  std::stable_sort(answer.begin(), answer.end(),
                   [](const facet_count& a, const facet_count& b) { return a.count > b.count; });
  if (answer.size() > limit) answer.resize(limit);
  return answer;
}

std::size_t field_columns::reclaim(const slot_table& slots, field_number f) {
  auto& c = columns_[f];
  const auto looked_at = c.numbers.slots.size() + c.booleans.slots.size() + c.keywords.slots.size();
  c.numbers.reclaim(slots, [](double) {});
  c.booleans.reclaim(slots, [](std::uint8_t) {});
  c.keywords.reclaim(slots, [&](term_id id) { --keyword_facts_[id]; });
  return looked_at;
}

void field_columns::forget_keywords() {
  std::vector<term_id> gone;
  keywords_.each_with_prefix("", [&](term_id id) {
    if (keyword_facts_[id] == 0) gone.push_back(id);
  });
  if (gone.size() > keywords_.size() / 8) keywords_.forget(gone);
}

std::uint64_t field_columns::memory_bytes() const {
  std::uint64_t bytes = keywords_.memory_bytes() + keyword_facts_.capacity() * sizeof(std::uint32_t) +
                        columns_.capacity() * sizeof(column);
  for (auto& c : columns_)
    bytes += c.numbers.memory_bytes() + c.keywords.memory_bytes() + c.booleans.memory_bytes();
  return bytes;
}

} // namespace troupe::search
