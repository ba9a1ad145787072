#pragma once

// Flags and environment variables -> draft. Used inside config/ only.

#include "config/draft.hpp"
#include "config/load.hpp"

namespace troupe::config {

/// Adds to a draft without nodes what the start line says: this node first, then its peers by address alone.
void add_start_line_nodes(const start_arguments& flags, const environment& env, draft& into);

/// Finds this process among the nodes of the file and lets flags and variables override what is its own
/// business. Its place in the draft, or nothing and a problem.
std::optional<std::size_t> select_file_node(const start_arguments& flags, const environment& env, draft& in);

} // namespace troupe::config
