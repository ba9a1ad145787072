#pragma once

// How searches and what they find are encoded; command/archive.hpp includes it. What a search may ask for is
// not held against limits here but by check_search, which can say what is wrong; here it only costs what its
// bytes pay for.

#include "base/archive.hpp"
#include "command/search.hpp"

#include <cmath>

namespace troupe {

constexpr bool is_valid(consistency v) {
  return v <= consistency::stale;
}
constexpr bool is_valid(search_mode v) {
  return v <= search_mode::hybrid;
}
constexpr bool is_valid(search_outcome v) {
  return v <= search_outcome::no_index;
}

/// A number of an answer, which is finite whoever computed it.
template <class Archive>
void serialize_finite(Archive& ar, double& v) {
  ar& v;
  if constexpr (Archive::is_loading::value)
    if (!std::isfinite(v)) throw archive_error("not a finite number");
}

/// As a vector of T is encoded, in one piece.
template <class Archive>
void serialize_floats(Archive& ar, std::vector<float>& values) {
  if constexpr (Archive::is_loading::value) {
    std::uint32_t count{};
    ar& count;
    if (count > ar.remaining() / sizeof(float)) throw archive_error("count exceeds the input");
    values.resize(count);
    ar.load_binary(values.data(), count * sizeof(float));
  } else {
    ar& values;
  }
}

template <class Archive>
void serialize(Archive& ar, facet_request& v, unsigned) {
  ar& v.field;
  ar& v.limit;
}
template <class Archive>
void serialize(Archive& ar, search_request& v, unsigned) {
  ar& v.mode;
  ar& v.query;
  serialize_floats(ar, v.vector);
  ar& v.filter;
  ar& v.prefix;
  ar& v.fields;
  ar& v.facets;
  ar& v.limit;
  ar& v.offset;
  ar& v.text_weight;
  ar& v.vector_weight;
  ar& v.explain;
  ar& v.values;
  ar& v.highlights;
  ar& v.paged;
  ar& v.cursor;
  ar& v.freshness;
  ar& v.min_revision;
  ar& v.wait_vectors;
}

template <class Archive>
void serialize(Archive& ar, search_snippet& v, unsigned) {
  ar& v.field;
  ar& v.text;
  ar& v.marks;
}
template <class Archive>
void serialize(Archive& ar, score_addend& v, unsigned) {
  ar& v.term;
  ar& v.field;
  serialize_finite(ar, v.idf);
  serialize_finite(ar, v.frequency);
  serialize_finite(ar, v.length);
  serialize_finite(ar, v.average_length);
  serialize_finite(ar, v.weight);
  serialize_finite(ar, v.score);
}
template <class Archive>
void serialize(Archive& ar, search_explanation& v, unsigned) {
  ar& v.text;
  serialize_finite(ar, v.text_score);
  ar& v.text_rank;
  serialize_finite(ar, v.vector_score);
  ar& v.vector_rank;
  ar& v.passage;
}
template <class Archive>
void serialize(Archive& ar, search_hit& v, unsigned) {
  ar& v.key;
  ar& v.mod_revision;
  ar& v.type;
  ar& v.value;
  serialize_finite(ar, v.score);
  ar& v.highlights;
  ar& v.explanation;
}
template <class Archive>
void serialize(Archive& ar, facet_value& v, unsigned) {
  ar& v.value;
  ar& v.count;
}
template <class Archive>
void serialize(Archive& ar, facet_result& v, unsigned) {
  ar& v.field;
  ar& v.values;
}
template <class Archive>
void serialize(Archive& ar, search_result& v, unsigned) {
  ar& v.code;
  ar& v.hits;
  ar& v.total;
  ar& v.facets;
  ar& v.cursor;
  ar& v.indexed_revision;
  ar& v.vector_revision;
  ar& v.took_us;
  ar& v.part;
  ar& v.detail;
  ar& v.begin;
  ar& v.end;
}

template <class Archive>
void serialize(Archive& ar, search_status& v, unsigned) {
  ar& v.text_on;
  ar& v.vectors_on;
  ar& v.ready;
  ar& v.indexed_revision;
  ar& v.vector_revision;
  ar& v.documents;
  ar& v.vectors;
  ar& v.pending;
  ar& v.model;
}

} // namespace troupe
