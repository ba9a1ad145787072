#pragma once

// A file of checked blocks: what the indexes save beside the snapshots. docs/formats.md gives the bytes.
// Derived data: whoever cannot read such a file builds anew, so there is one version at a time and no repair.

#include "base/file.hpp"
#include "base/result.hpp"

#include <bit>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace troupe::search {

static_assert(std::endian::native == std::endian::little, "numbers are written as they are in memory");

/// Payload of one block.
inline constexpr std::size_t block_bytes_max = 256 * 1024;

/// What kind of file it is; part of the first bytes.
struct block_file_kind {
  std::string_view magic; ///< 8 bytes
  std::uint32_t version = 1;
};

/// Writes "<path>.tmp"; finish() syncs it and puts it in the place of `path`. After an error every later call
/// fails alike, so that callers need only look at finish().
class block_writer {
public:
  block_writer(file_system& disk, std::string path, block_file_kind kind);

  void bytes(const void* data, std::size_t size);
  template <class T>
  void value(const T& v) {
    static_assert(std::is_trivially_copyable_v<T> && (std::is_arithmetic_v<T> || std::is_enum_v<T>));
    bytes(&v, sizeof v);
  }
  result<void> finish();

private:
  void flush(std::size_t least);

  file_system& disk_;
  std::string path_;
  std::unique_ptr<file> out_;
  std::string pending_;
  std::uint64_t offset_ = 0;
  std::uint64_t blocks_ = 0;
  result<void> state_;
};

/// Reads what block_writer wrote. After an error, or past the end, reads yield zeros and failed() says so:
/// callers check before they trust a number.
class block_reader {
public:
  /// errc::not_found; errc::corrupt; errc::foreign: another kind or version.
  static result<block_reader> open(file_system& disk, const std::string& path, block_file_kind kind);

  void bytes(void* data, std::size_t size);
  template <class T>
  T value() {
    static_assert(std::is_arithmetic_v<T>);
    T v{};
    bytes(&v, sizeof v);
    return v;
  }
  bool failed() const { return !state_.has_value(); }
  /// At most so many bytes of payload follow: the bound for whatever a count in the file claims.
  std::uint64_t remaining_max() const { return block_.size() - taken_ + (size_ - offset_); }
  /// Makes the content itself the reason of failure.
  void refuse(std::string_view why);
  /// The first error; errc::corrupt as well when payload is left over.
  result<void> finish();

private:
  block_reader(std::unique_ptr<file> in, std::string path, std::uint64_t size);
  bool next_block();

  std::unique_ptr<file> in_;
  std::string path_;
  std::uint64_t size_ = 0;   ///< of the file
  std::uint64_t offset_ = 0; ///< of the next block
  std::uint64_t blocks_ = 0;
  std::string block_;
  std::size_t taken_ = 0;
  bool ended_ = false;
  result<void> state_;
};

} // namespace troupe::search
