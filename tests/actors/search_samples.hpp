#pragma once

// Searches and texts that the tests of the search actors feed in.

#include "messages/indexer.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

inline command putting_text(std::string key, std::string_view value, media_type type = media_type::text) {
  return command_of({{}, {storage::testing::put_of(std::move(key), value, type)}, {}});
}
inline command deleting_key(std::string key) {
  return command_of({{}, {delete_operation{std::move(key)}}, {}});
}

inline search_request words(std::string query) {
  search_request r;
  r.query = std::move(query);
  return r;
}
inline search_request meaning(std::string query) {
  auto r = words(std::move(query));
  r.mode = search_mode::semantic;
  return r;
}

inline std::vector<std::string> keys_of(const search_result& r) {
  std::vector<std::string> out;
  for (auto& h : r.hits)
    out.push_back(h.key);
  return out;
}

/// A model that the cluster makes vectors with in tests.
inline embedding_model test_model(std::string name = "fake@1", std::uint32_t dimension = 16) {
  return {vector_maker::builtin, std::move(name), dimension, vector_metric::cosine};
}

} // namespace troupe::test
