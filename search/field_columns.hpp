#pragma once

// The facts of documents (numbers, booleans, keywords of JSON fields) by field, for filters and facets: per
// field and type one column of slots and one of values, in the order of slots. A filter reads a column from
// end to end.

#include "search/field_names.hpp"
#include "search/query.hpp"
#include "search/slot_set.hpp"
#include "search/term_dictionary.hpp"
#include "search/text_index.hpp"

namespace troupe::search {

class field_columns {
public:
  /// Facts of the newest slot; those of one field in any order, each once.
  void add(const slot_table& slots, slot_t s, field_number f, const field_fact& fact);
  /// The facts of `from` in this field for `to` as well, which is the newest slot.
  void copy(const slot_table& slots, field_number f, slot_t from, slot_t to);

  /// Adds the live slots in which some fact of the field, of the type the node asks for, compares as it says.
  void matches(const slot_table& slots, field_number f, const query_node& node, slot_set& out) const;
  std::vector<facet_count> facets(const slot_table& slots, field_number f, const doc_set& over,
                                  std::size_t limit) const;

  /// Takes what is dead out of the column with this number; returns how many facts were looked at.
  std::size_t reclaim(const slot_table& slots, field_number f);
  /// Lets go of keywords that no fact has any more.
  void forget_keywords();
  std::size_t limit() const { return columns_.size(); }
  std::uint64_t memory_bytes() const;

private:
  template <class T>
  struct values_of {
    std::vector<slot_t> slots; ///< stored numbers
    std::vector<T> values;

    void add(slot_t stored, T value) {
      slots.push_back(stored);
      values.push_back(value);
    }
    void copy(const slot_table& table, slot_t from, slot_t to);
    template <class Dropped>
    void reclaim(const slot_table& table, Dropped dropped);
    std::uint64_t memory_bytes() const {
      return slots.capacity() * sizeof(slot_t) + values.capacity() * sizeof(T);
    }
  };
  struct column {
    values_of<double> numbers;
    values_of<term_id> keywords;
    values_of<std::uint8_t> booleans;
  };

  std::vector<column> columns_; ///< by field number
  term_dictionary keywords_;
  std::vector<std::uint32_t> keyword_facts_; ///< by keyword: facts that have it, dead ones included
};

} // namespace troupe::search
