#pragma once

// Whether any node can have meant a message, as far as the message alone tells.

#include "raft/message.hpp"

namespace troupe::raft {

/// Terms and log indexes beyond this are nobody's: at a million a second they would take 290,000 years. One
/// that was taken for true could not be followed by another, for ever.
inline constexpr std::uint64_t number_max = std::uint64_t{1} << 63;

/// At least one voter; ids are there, ascending and unique.
bool is_well_formed(const membership& members);
/// False: the sender is no node of this program, or the bytes were changed on their way. What contradicts the
/// receiver's own state is not seen here (docs/decisions/0013).
bool is_well_formed(const message& m);

} // namespace troupe::raft
