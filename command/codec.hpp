#pragma once

// The one binary encoding of everything in this folder. Byte by byte in docs/formats.md.

#include "base/result.hpp"
#include "command/request.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe {

/// First byte of every encoded command; another value is refused as outcome::malformed on every node alike. A
/// command that has annotations or sets the model takes version 2, the memory alarm version 3, every other
/// one version 1: what could be said before is still said in the same bytes. Nothing has two encodings.
inline constexpr std::uint8_t command_format_version = 1;
inline constexpr std::uint8_t command_format_version_embedding = 2;
inline constexpr std::uint8_t command_format_version_alarm = 3;
/// First byte of every encoded batch of requests or answers.
inline constexpr std::uint8_t batch_format_version = 4;

/// Encodes a command for the log. Does not check limits: validate() does.
blob encode_command(const command& c);
/// Bytes that encode_command makes of it, without encoding.
std::size_t encoded_size(const command& c);
/// errc::corrupt for anything that encode_command does not write, and for what breaks the hard bounds of
/// command/limits.hpp.
result<command> decode_command(std::string_view bytes);

/// Bounds that a gateway checks before it proposes; at most the hard bounds of command/limits.hpp.
struct command_bounds {
  std::size_t key_bytes_max;
  std::size_t value_bytes_max;
  std::size_t command_bytes_max;
};
/// errc::too_large or errc::invalid_argument with a sentence that names the key; empty keys are invalid.
result<void> validate(const command& c, const command_bounds& bounds);

std::string encode_requests(const std::vector<request>& batch);
result<std::vector<request>> decode_requests(std::string_view bytes);
std::string encode_answers(const std::vector<answer>& batch);
result<std::vector<answer>> decode_answers(std::string_view bytes);

/// For the session table and snapshots.
std::string encode_result(const command_result& r);
/// Bytes that encode_result makes of it, without encoding.
std::size_t encoded_size(const command_result& r);
result<command_result> decode_result(std::string_view bytes);

} // namespace troupe
