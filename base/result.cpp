#include "base/result.hpp"

namespace troupe {

std::string_view to_string(errc code) {
  switch (code) {
  case errc::invalid_argument: return "invalid argument";
  case errc::not_found: return "not found";
  case errc::too_large: return "too large";
  case errc::corrupt: return "corrupt";
  case errc::disk_full: return "disk full";
  case errc::io_error: return "input/output error";
  case errc::locked: return "locked";
  case errc::compacted: return "compacted";
  case errc::not_yet: return "not yet";
  case errc::foreign: return "foreign";
  case errc::unavailable: return "unavailable";
  }
  return "unknown error";
}

} // namespace troupe
