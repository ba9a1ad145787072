#pragma once

// The one place where configuration meets the disk.

#include "base/result.hpp"

#include <string>

namespace troupe::config {

/// No cluster file is longer, in bytes.
inline constexpr std::size_t file_bytes_max = 1u << 20;

/// Reads a whole regular file. not_found, io_error or too_large, with a sentence that names the file.
result<std::string> read_file(const std::string& path);

} // namespace troupe::config
