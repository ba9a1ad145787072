#pragma once

#include <cstdint>
#include <string_view>

namespace troupe {

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes`, continued from `seed` (the checksum of what came
/// before; 0 to begin). crc32c("123456789") == 0xE3069283. Uses the SSE4.2 instruction when the processor has
/// it.
std::uint32_t crc32c(std::string_view bytes, std::uint32_t seed = 0);

/// The same by tables, on any processor.
std::uint32_t crc32c_portable(std::string_view bytes, std::uint32_t seed = 0);

} // namespace troupe
