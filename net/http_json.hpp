#pragma once

// JSON that comes in, read with Boost.JSON's event parser.
//
// Request bodies become a small tree. The values in them are kept as text instead of being parsed into
// numbers and written again, so a number of any size or precision is stored exactly as it was written; only
// blanks between tokens are lost and strings are written with the fewest escapes. Names that stand twice in
// one object survive into the tree and are refused there.

#include "base/result.hpp"
#include "command/transaction.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::net {

/// As deep as any value in the store can be nested; for checking what is sent back.
inline constexpr std::size_t json_depth_any = 1'024;

/// Whether `text` is one valid JSON document: UTF-8, nested at most depth_max deep. errc::invalid_argument
/// says why not.
result<void> check_json(std::string_view text, std::size_t depth_max);

/// Part of a request body.
struct json_node {
  enum class kind : std::uint8_t {
    null,
    boolean,
    number,
    string,
    array,
    object,
    vector, ///< an array of numbers that is the member "vector" of any object
    value   ///< what the member "value" of any object holds, ready to be stored
  };
  kind what = kind::null;
  bool truth = false;                  ///< of a boolean
  media_type type = media_type::bytes; ///< of a value
  std::string text;                ///< string: its characters; number: as written; value: the bytes to store
  std::vector<std::string> names;  ///< object: of its members, in order
  std::vector<json_node> children; ///< object: its members; array: its elements
  std::vector<float> numbers;      ///< of a vector: 1 to limits::vector_dimension_max, finite
};

/// Bounds of one request body: nodes outside of values.
inline constexpr std::size_t json_nodes_max = 600'000;

/// Parses a request body. A member "value" is kept whole: a string becomes text, {"base64":...} alone becomes
/// bytes, anything else JSON. An array that is a member "vector" becomes floats and may hold nothing but
/// numbers. errc::invalid_argument says what is wrong and, if the text is no JSON, at which byte.
result<json_node> read_json(std::string_view text, std::size_t depth_max);

} // namespace troupe::net
