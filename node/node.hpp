#pragma once

// A whole node: composes the actors, chooses their threads, and waits for the end.

#include "config/config.hpp"
#include "messages/supervisor.hpp"

#include <string>

namespace troupe {

/// Runs until SIGTERM, SIGINT or a failure. Says on standard error, in one line, why it could not start or
/// had to stop. Call once, from main, before any other thread exists: signals are blocked for all threads
/// from here on.
exit_code run_node(const config::node_config& config, const char* program);

} // namespace troupe
