#pragma once

// What the indexes are told of a value, and what they take from it.

#include "base/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

/// Number of a document within one engine: dense, stable while its key exists (updates keep it), reused
/// after.
using doc_id = std::uint32_t;

/// How the bytes of a value are to be read; the numbers are those of command's media_type.
enum class value_kind : std::uint8_t { bytes = 0, text = 1, json = 2 };

/// A value as it is stored. Views into the caller's memory.
struct document {
  std::string_view key;
  std::string_view value;
  value_kind kind = value_kind::bytes;
  revision_t mod_revision;
};

/// One stretch of searchable text. A text value is one with an empty field name; a JSON value has one for
/// each string in it, named by the path of member names joined with dots ("author.name"); array elements
/// share the name of the array.
struct text_part {
  std::string field;
  std::string text;
};

/// One fact that filters and facets ask for: a number, a boolean or a short string (keyword) of a JSON field.
struct field_fact {
  enum class type : std::uint8_t { number, boolean, keyword };
  std::string field;
  type what = type::keyword;
  double number = 0; ///< of a number; 0 or 1 of a boolean
  std::string
      keyword; ///< of a keyword: the string as it stands in the value, at most keyword_bytes_max bytes

  friend bool operator==(const field_fact&, const field_fact&) = default;
};

/// Longer strings are text only, not keywords.
inline constexpr std::size_t keyword_bytes_max = 256;
/// Fields beyond this many in one value, and what is nested deeper than json_depth_max, are not indexed.
inline constexpr std::size_t fields_per_document_max = 1'000;
inline constexpr std::size_t json_depth_max = 64;
/// Fields with a longer name are not indexed.
inline constexpr std::size_t field_bytes_max = 256;
/// So many strings, and as many facts, of one value are indexed; they bound what a hostile array can make of
/// itself.
inline constexpr std::size_t parts_per_document_max = 65'536;

struct extracted {
  std::vector<text_part> texts; ///< in the order of the value
  std::vector<field_fact> facts;
};

/// What the text index sees of a value; nothing for bytes and for text that is not UTF-8. A pure function.
/// Malformed JSON (gateways refuse it, CAF clients may send it) yields nothing.
extracted extract(const document& d);

/// The one text that is embedded: a text value itself; of a JSON value its strings in order, joined by ". ";
/// nothing for bytes.
std::string embeddable_text(const document& d);

} // namespace troupe::search
