#pragma once

// The files that are part of the program: the API description and the page to try it. Embedded when the
// program is built.

#include <string_view>

namespace troupe::net {

struct embedded_file {
  std::string_view name; ///< under /docs/; "" is the page itself, "openapi.json" stands at the root
  std::string_view content_type;
  std::string_view bytes; ///< lives as long as the program
};

/// Null when there is no such file.
const embedded_file* find_embedded_file(std::string_view name);

} // namespace troupe::net
