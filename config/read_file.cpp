#include "config/read_file.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace troupe::config {

result<std::string> read_file(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failure;
  const auto status = fs::status(path, failure);
  if (!fs::exists(status)) return error{errc::not_found, path + ": there is no such file"};
  if (!fs::is_regular_file(status)) return error{errc::io_error, path + ": is not a regular file"};
  std::ifstream in(path, std::ios::binary);
  if (!in) return error{errc::io_error, path + ": cannot be opened: " + std::strerror(errno)};
  // One byte more than allowed shows that there is too much, without trusting a size that may change
  // meanwhile.
  std::string text(file_bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return error{errc::io_error, path + ": cannot be read"};
  if (static_cast<std::size_t>(in.gcount()) > file_bytes_max)
    return error{errc::too_large, path + ": is longer than 1 MiB, which no cluster file is"};
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

} // namespace troupe::config
