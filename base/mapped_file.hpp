#pragma once

// A file as memory: for data that is large, read-only and used whole, such as the weights of a model.

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace troupe {

/// The bytes of a file that is not changed while it is mapped: whoever replaces it writes aside and renames
/// (a file cut short under a mapping kills the process that reads it). Pages come from the disk when they are
/// first read and are shared by all that map the file. Immutable, so any thread may read; a move leaves an
/// empty one.
class mapped_file {
public:
  /// errc::not_found when there is no such file, errc::io_error for the rest (a folder, no permission); the
  /// detail names the path. An empty file gives no bytes.
  static result<mapped_file> open(const std::string& path);

  mapped_file() noexcept = default;
  mapped_file(mapped_file&& other) noexcept;
  mapped_file& operator=(mapped_file&& other) noexcept;
  ~mapped_file();

  /// Aligned to a page.
  std::string_view bytes() const noexcept { return {data_, size_}; }

private:
  mapped_file(const char* data, std::size_t size) noexcept : data_(data), size_(size) {}

  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace troupe
