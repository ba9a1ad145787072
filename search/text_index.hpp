#pragma once

// The inverted index: which terms stand where, built for constant updates and deletes, in memory. Ranking is
// BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, section 3),
// with the same idf as SQLite's FTS5 so that the two can be compared.

#include "search/analyzer.hpp"
#include "search/doc_set.hpp"
#include "search/document.hpp"
#include "search/query.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe::search {

struct text_settings {
  analyzer_settings words;
  double k1 = 1.2;
  double b = 0.75;
};

struct scored_doc {
  doc_id doc = 0;
  double score = 0;
};

struct text_answer {
  std::vector<scored_doc> hits; ///< best first; equal scores by ascending key (see text_ask), else by doc_id
  std::uint64_t total = 0;      ///< documents that match, all of them
};

struct text_ask {
  const query_node* query = nullptr;  ///< what is matched and ranked
  const query_node* filter = nullptr; ///< also has to match, does not rank; null: everything
  const doc_set* within = nullptr;    ///< only these; null: all
  const std::vector<std::string>* fields =
      nullptr; ///< text nodes without a field look only here; null or empty: everywhere
  std::size_t hits_max = 10;
  /// Orders documents of equal score: the key of each, as the engine knows it.
  std::string_view (*key_of)(const void* keys, doc_id d) = nullptr;
  const void* keys = nullptr;
};

struct facet_count {
  std::string value; ///< keyword; "true", "false"; a number in its shortest form
  std::uint64_t count = 0;
};

/// One addend of a score.
struct score_part {
  std::string term;
  std::string field; ///< empty: in every text
  double idf = 0;
  double frequency = 0; ///< of the term in the document
  double length = 0;    ///< of the document, in words
  double average_length = 0;
  double weight = 1; ///< below 1 for fuzzy matches
  double score = 0;
};

/// Not thread-safe; const member functions may run at once on several threads.
class text_index {
public:
  /// errc::invalid_argument: an unknown language.
  static result<text_index> make(const text_settings& settings);
  text_index(text_index&&) noexcept;
  text_index& operator=(text_index&&) noexcept;
  ~text_index();

  /// Inserts or replaces.
  void put(doc_id d, const extracted& content);
  void erase(doc_id d);
  /// Does a bounded bit of the merging and reclaiming that updates leave behind (about `work` postings);
  /// returns whether there is more. Changes no answer.
  bool reclaim_some(std::size_t work);

  text_answer search(const text_ask& ask) const;
  /// All documents that match, without ranking.
  doc_set matches(const text_ask& ask) const;
  /// Counts of the values of a field over a set of documents, most frequent first, ties by value, at most
  /// `limit`.
  std::vector<facet_count> facets(std::string_view field, const doc_set& over, std::size_t limit) const;
  /// The addends of the score that search() gives this document; empty when it does not match.
  std::vector<score_part> explain(const text_ask& ask, doc_id d) const;

  std::uint64_t documents() const;
  std::uint64_t terms() const;
  /// Memory held, approximately: postings, dictionary, columns; what is not yet reclaimed included.
  std::uint64_t memory_bytes() const;

  /// For queries: the same rules as for documents.
  analyzer& words() const;

private:
  struct impl;
  explicit text_index(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace troupe::search
