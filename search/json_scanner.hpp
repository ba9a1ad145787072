#pragma once

// Reads JSON (RFC 8259) once, front to back, without building a tree and without recursion, and tells of each
// scalar and its path. Values come from outside: depth, names and counts are bounded by whoever listens, the
// text by its size.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::search {

/// What is told. Views are valid during the call.
class json_listener {
public:
  virtual ~json_listener() = default;
  /// `path`: member names from the outside in, joined with dots; elements of an array have the path of the
  /// array.
  virtual void on_string(std::string_view path, std::string_view value) = 0;
  virtual void on_number(std::string_view path, double value) = 0;
  virtual void on_boolean(std::string_view path, bool value) = 0;
};

struct json_limits {
  std::size_t depth_max = 64; ///< nothing is told of what stands inside more arrays and objects than this
  std::size_t path_bytes_max = 256; ///< nor of what has a longer path
};

/// False when the text is not one JSON value; what was told until then has to be forgotten. Numbers too large
/// for a double are not told of. The text has to be UTF-8. Memory: one byte for each open array or object,
/// and the limits.
bool scan_json(std::string_view text, const json_limits& limits, json_listener& listener);

/// Whether a text is a number as JSON writes it ("-0.5e3"; not "+1", "01", "1.", "inf").
bool is_json_number(std::string_view text);

/// The value of such a text; nothing when a double cannot hold it.
std::optional<double> json_number(std::string_view text);

} // namespace troupe::search
