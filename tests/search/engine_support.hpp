#pragma once

// Engines small enough to look through.

#include "search/engine.hpp"
#include "vector_support.hpp"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

namespace troupe::search {

inline engine_settings plain_settings(std::uint32_t dimension = 4) {
  engine_settings s;
  s.text->words.language = "none";
  if (dimension == 0) return s;
  s.vectors.emplace();
  s.vectors->dimension = dimension;
  return s;
}

inline engine make_engine(const engine_settings& settings = plain_settings()) {
  auto made = engine::make(settings);
  if (!made) throw std::runtime_error(made.error().detail);
  return std::move(*made);
}

inline void put_text(engine& e, std::string_view key, std::string_view text, std::uint64_t revision) {
  e.put(key, blob{text}, value_kind::text, revision_t{revision});
}

inline void put_json(engine& e, std::string_view key, std::string_view json, std::uint64_t revision) {
  e.put(key, blob{json}, value_kind::json, revision_t{revision});
}

/// One passage over everything.
inline void annotate(engine& e, std::string_view key, std::uint64_t revision,
                     const std::vector<float>& vector) {
  ASSERT_TRUE(e.annotate(key, revision_t{revision}, {{0, 1'000}}, vector).has_value());
}

inline engine_ask text_ask_of(std::string query) {
  engine_ask ask;
  ask.query = std::move(query);
  return ask;
}

inline engine_ask semantic_ask_of(std::vector<float> vector) {
  engine_ask ask;
  ask.mode = search_mode::semantic;
  ask.vector = std::move(vector);
  return ask;
}

inline engine_ask hybrid_ask_of(std::string query, std::vector<float> vector) {
  engine_ask ask;
  ask.mode = search_mode::hybrid;
  ask.query = std::move(query);
  ask.vector = std::move(vector);
  return ask;
}

inline engine_answer answer_of(const engine& e, const engine_ask& ask) {
  auto found = e.search(ask);
  if (auto wrong = std::get_if<ask_problem>(&found)) {
    ADD_FAILURE() << wrong->part << ": " << wrong->what.detail;
    return {};
  }
  return std::get<engine_answer>(std::move(found));
}

/// The part of an ask that is at fault; empty: the ask is fine.
inline std::string fault_of(const engine& e, const engine_ask& ask) {
  auto found = e.search(ask);
  auto wrong = std::get_if<ask_problem>(&found);
  return wrong != nullptr ? wrong->part : "";
}

inline std::vector<std::string> keys_of(const engine_answer& answer) {
  std::vector<std::string> keys;
  for (auto& hit : answer.hits)
    keys.push_back(hit.key);
  return keys;
}

using keys = std::vector<std::string>;

} // namespace troupe::search
