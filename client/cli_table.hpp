#pragma once

// The state of a cluster, and what a search found, as a person reads it at a glance.

#include "command/request.hpp"

#include <string>

namespace troupe::client {

std::string status_table(const cluster_status& status);
/// Who belongs to the cluster, and who waits to.
std::string member_table(const cluster_status& status);

/// Score, key and a line of the value for each hit, then what the answer says as a whole. `bold`: matches
/// stand out by the control sequences of a terminal. Whatever the values hold, no other control character is
/// in it.
std::string search_table(const search_result& found, bool bold);

} // namespace troupe::client
