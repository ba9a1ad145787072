#pragma once

// What a search asks and is told. The query language is docs/search.md's.

#include "base/blob.hpp"
#include "base/ids.hpp"
#include "command/transaction.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

enum class consistency : std::uint8_t {
  linearizable = 0, ///< sees every write answered before the request was sent
  stale = 1,        ///< whatever this node has applied, or indexed
};

enum class search_mode : std::uint8_t { text = 0, semantic = 1, hybrid = 2 };

struct facet_request {
  std::string field;
  std::uint32_t limit = 10;

  friend bool operator==(const facet_request&, const facet_request&) = default;
};

/// Any node answers from its own index.
struct search_request {
  search_mode mode = search_mode::text;
  std::string query;         ///< empty only with a vector in semantic mode, or with a cursor
  std::vector<float> vector; ///< semantic and hybrid: instead of the embedded query
  std::string filter;
  std::string prefix; ///< of keys
  std::vector<std::string> fields;
  std::vector<facet_request> facets;
  std::uint32_t limit = 10; ///< 1 to limits::search_limit_max
  std::uint32_t offset = 0; ///< with limit at most limits::search_results_max
  double text_weight = 1;   ///< hybrid; not negative, not both 0
  double vector_weight = 1;
  bool explain = false;
  bool values = true;
  bool highlights = true;
  /// Ask for a cursor with which the next page continues on the same results.
  bool paged = false;
  /// Of an earlier answer of the same node; everything above but limit is then ignored.
  std::string cursor;
  consistency freshness = consistency::linearizable;
  revision_t min_revision;   ///< the index has to hold this revision
  bool wait_vectors = false; ///< the vectors have to be as fresh as the text

  friend bool operator==(const search_request&, const search_request&) = default;
};

struct search_snippet {
  std::string field; ///< empty: a text value
  std::string text;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> marks; ///< byte ranges of text

  friend bool operator==(const search_snippet&, const search_snippet&) = default;
};

struct score_addend {
  std::string term;
  std::string field;
  double idf = 0;
  double frequency = 0;
  double length = 0;
  double average_length = 0;
  double weight = 1;
  double score = 0;

  friend bool operator==(const score_addend&, const score_addend&) = default;
};

struct search_explanation {
  std::vector<score_addend> text;
  double text_score = 0;
  std::uint32_t text_rank = 0; ///< from 1; 0: not among these hits
  double vector_score = 0;
  std::uint32_t vector_rank = 0;
  std::uint32_t passage = 0; ///< number of the nearest passage, from 0

  friend bool operator==(const search_explanation&, const search_explanation&) = default;
};

struct search_hit {
  std::string key;
  revision_t mod_revision;
  media_type type = media_type::text;
  blob value; ///< empty when not asked for
  double score = 0;
  std::vector<search_snippet> highlights;
  std::optional<search_explanation> explanation;

  friend bool operator==(const search_hit&, const search_hit&) = default;
};

struct facet_value {
  std::string value;
  std::uint64_t count = 0;

  friend bool operator==(const facet_value&, const facet_value&) = default;
};
struct facet_result {
  std::string field;
  std::vector<facet_value> values;

  friend bool operator==(const facet_result&, const facet_result&) = default;
};

enum class search_outcome : std::uint8_t {
  ok = 0,
  bad_request = 1, ///< `part`, `detail`, `begin` and `end` say what is wrong
  cursor_gone = 2, ///< the cursor's results are no longer kept, or were another node's
  not_yet = 3,  ///< the time ran out before the index was as fresh as asked; the revisions say how far it is
  no_index = 4, ///< the configuration of this node turns this index off
};

struct search_result {
  search_outcome code = search_outcome::ok;
  std::vector<search_hit> hits;
  std::uint64_t total = 0;
  std::vector<facet_result> facets;
  std::string cursor;          ///< for the next page; empty: no more, or not asked for
  revision_t indexed_revision; ///< the text index holds every write up to here
  revision_t
      vector_revision; ///< every value written up to here has its vector, or the outcome that it has none
  std::uint64_t took_us = 0; ///< searching, without waiting
  std::string part;          ///< of a bad request: "q", "filter", "vector", "mode", ...
  std::string detail;
  std::uint32_t begin = 0; ///< bytes of that part at fault
  std::uint32_t end = 0;

  friend bool operator==(const search_result&, const search_result&) = default;
};

/// A result that found nothing, and why.
inline search_result failed_search(search_outcome code, std::string detail) {
  search_result out;
  out.code = code;
  out.detail = std::move(detail);
  return out;
}

/// What status reports of a node's indexes.
struct search_status {
  bool text_on = false;
  bool vectors_on = false;
  bool ready = false; ///< false: still built anew
  revision_t indexed_revision;
  revision_t vector_revision;
  std::uint64_t documents = 0;
  std::uint64_t vectors = 0;
  std::uint64_t pending = 0; ///< values that wait for their vector, cluster-wide
  std::string model;         ///< name of the cluster's model; empty: none

  friend bool operator==(const search_status&, const search_status&) = default;
};

} // namespace troupe
