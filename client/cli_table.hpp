#pragma once

// The state of a cluster as a person reads it at a glance.

#include "command/request.hpp"

#include <string>

namespace troupe::client {

std::string status_table(const cluster_status& status);

} // namespace troupe::client
