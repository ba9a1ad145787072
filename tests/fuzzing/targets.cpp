#include "tests/fuzzing/target.hpp"

#include <array>

namespace troupe::fuzzing {

std::span<const target> targets() {
  static const std::array known{
      apply,           cluster_file, commands,     formation,       log_files,     model_file, node_file,
      raft_core,       search_query, search_value, snapshot_chunks, snapshot_file, start_line, vector_files,
#ifndef TROUPE_FUZZ_PURE_ONLY
      embedder_answer, http_answer,  http_request, http_text,       peer_messages,
#endif
  };
  return known;
}

std::span<const std::string_view> all_names() {
  static constexpr std::array<std::string_view, 19> names{
      "apply",           "cluster_file",  "commands",   "embedder_answer", "formation",
      "http_answer",     "http_request",  "http_text",  "log_files",       "model_file",
      "node_file",       "peer_messages", "raft_core",  "search_query",    "search_value",
      "snapshot_chunks", "snapshot_file", "start_line", "vector_files"};
  return names;
}

} // namespace troupe::fuzzing
