#pragma once

// Seeds of the corpus: small valid inputs, so that mutations begin with something that is understood.

#include <functional>
#include <string>
#include <string_view>

namespace troupe::fuzzing {

/// Takes a seed: of which target, its file name, its bytes.
using seed_sink = std::function<void(std::string_view target, std::string_view name, std::string bytes)>;

void make_value_seeds(const seed_sink& keep);   ///< commands, apply
void make_raft_seeds(const seed_sink& keep);    ///< formation, raft_core, peer_messages
void make_storage_seeds(const seed_sink& keep); ///< log_files, node_file, snapshot_chunks, snapshot_file
void make_search_seeds(const seed_sink& keep);  ///< model_file, search_query, search_value, vector_files
void make_text_seeds(const seed_sink& keep);    ///< cluster_file, start_line, http_*, embedder_answer

} // namespace troupe::fuzzing
