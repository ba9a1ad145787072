#pragma once

// The target of a request, taken apart by Boost.URL.

#include "base/result.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::net {

/// Decoded segments and parameters; a key may hold any byte, so nothing here is promised to be UTF-8.
struct http_target {
  std::vector<std::string> segments; ///< of the path; "/v1/kv/" ends with an empty one, "/" has none
  std::vector<std::pair<std::string, std::string>> parameters; ///< "+" stands for a blank

  /// None when it is not given.
  std::optional<std::string_view> parameter(std::string_view name) const;
  /// errc::invalid_argument when a parameter is not among `known`, or stands twice.
  result<void> allow(std::initializer_list<std::string_view> known) const;
};

/// errc::invalid_argument for bad percent encoding and for whatever else RFC 3986 does not allow.
result<http_target> parse_target(std::string_view target);

} // namespace troupe::net
