#pragma once

// Terms, their postings, the slots and the fields of documents as one: what text_index asks and changes. It
// is told terms, not texts, so that it knows nothing of analysis.
//
// Space comes back in passes. A pass first moves the oldest live documents to new slots when dead slots
// dominate, then visits every posting list and column once and takes out what is dead where that is worth it,
// and in any case whatever stands in front of the first slot that was live when it began; then those slots
// and the strings without postings are let go.

#include "search/field_columns.hpp"
#include "search/field_names.hpp"
#include "search/posting_list.hpp"
#include "search/slot_table.hpp"
#include "search/term_dictionary.hpp"

#include <span>

namespace troupe::search {

/// One occurrence of a term in a text part.
struct occurrence {
  std::string_view term;
  std::uint32_t position = 0; ///< ascending within the part
};

class inverted_index {
public:
  /// One document at a time: add_part() for each of its texts in order, then commit(), which inserts or
  /// replaces.
  template <class Tokens>
  void add_part(std::string_view field, const Tokens& tokens) {
    const auto f = part_field(field);
    for (auto& t : tokens)
      add_occurrence(t.term, f, t.position);
    ++parts_;
  }
  void commit(doc_id d, const std::vector<field_fact>& facts);
  void erase(doc_id d);

  /// See text_index::reclaim_some().
  bool reclaim_some(std::size_t work);

  const slot_table& slots() const { return slots_; }
  const term_dictionary& terms() const { return terms_; }
  const field_names& fields() const { return fields_; }
  const field_columns& columns() const { return columns_; }
  const posting_list& postings(term_id t) const { return lists_[t]; }
  std::uint64_t live_terms() const { return live_terms_; }
  std::uint64_t memory_bytes() const;

private:
  struct found_term {
    std::uint32_t position;
    std::uint32_t part;
    field_number field;
  };
  struct pass {
    enum class step : std::uint8_t { idle, moving, lists, columns } at = step::idle;
    slot_t next_move = 0;
    slot_t move_until = 0;
    slot_t cutoff = 0;
    term_id next_term = 0;
    std::size_t next_block = 0;
    field_number next_column = 0;
  };

  field_number part_field(std::string_view field);
  void add_occurrence(std::string_view term, field_number f, std::uint32_t position);
  void append_terms(slot_t s);
  void append(term_id t, slot_t s, std::uint32_t count, std::span<const std::uint8_t> places);
  void write_record(const std::vector<field_number>& columns);
  void kill(slot_t s);
  /// Returns how many postings that took.
  std::size_t move(slot_t from);
  bool begin_pass();
  void move_some(std::size_t& work);
  void reclaim_lists(std::size_t& work);
  void reclaim_columns(std::size_t& work);
  void finish_pass();

  slot_table slots_;
  term_dictionary terms_;
  std::vector<posting_list> lists_; ///< by term_id
  field_names fields_;
  field_columns columns_;
  std::uint64_t list_bytes_ = 0;
  std::uint64_t live_terms_ = 0;
  std::uint64_t deaths_ = 0; ///< of slots since the last pass began
  pass pass_;

  // The document being added.
  std::vector<std::uint64_t> keys_; ///< term_id in the upper half, place in found_ in the lower
  std::vector<std::uint64_t> spare_keys_;
  std::vector<found_term> found_;
  std::vector<field_number> part_fields_;
  std::vector<std::uint64_t> field_seen_; ///< by field: the last document that had it, as counted by added_
  std::uint64_t added_ = 1;
  std::uint32_t parts_ = 0;
  std::vector<std::uint8_t>
      record_; ///< term ids, text fields and columns: a count and ascending differences of each
  std::vector<std::uint8_t> places_;
};

} // namespace troupe::search
