#pragma once

// Errors as values. Every fallible operation of the pure folders returns result<T>; exceptions do not cross a
// header.

#include <boost/system/result.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

namespace troupe {

/// What went wrong, by what the caller can do about it.
enum class errc {
  invalid_argument = 1, ///< the caller's input is wrong; nothing was changed
  not_found,            ///< a named thing does not exist
  too_large,            ///< over a stated limit; nothing was changed
  corrupt,              ///< stored or received bytes are not what was written
  disk_full,            ///< no space left; nothing already written was lost
  io_error,             ///< the operating system refused; what is on disk is in doubt
  locked,               ///< another process owns the folder
  compacted,            ///< the revision or log entry asked for is gone
  not_yet,              ///< the revision or log entry asked for does not exist so far
  foreign,              ///< data of another cluster or another node
  unavailable,          ///< certainly not done; may be tried again
};

/// Short stable name of a code, for logs and messages.
std::string_view to_string(errc code);

/// An error with the sentence a person reads. `detail` names the file, key or value at fault.
struct error {
  errc code = errc::invalid_argument;
  std::string detail;
};

/// Thrown only by result<T>::value() when there is none: a bug in the caller.
[[noreturn]] inline void throw_exception_from_error(const error& e, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + e.detail);
}

template <class T>
using result = boost::system::result<T, error>;

} // namespace troupe
