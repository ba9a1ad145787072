#pragma once

// Feeds a state machine the entries that a log would.

#include "base/archive.hpp"
#include "base/entry_archive.hpp"
#include "command/codec.hpp"
#include "command/vectors.hpp"
#include "storage/snapshot_loader.hpp"
#include "storage/state_machine.hpp"

#include <cstdlib>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace troupe::storage::testing {

/// From TROUPE_SEED or at random; printed, so that a failure can be repeated.
inline std::uint64_t test_seed() {
  const char* given = std::getenv("TROUPE_SEED");
  std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "TROUPE_SEED=" << seed << "\n";
  return seed;
}

inline command command_of(transaction t) {
  return {{}, {}, std::move(t)};
}
inline operation put_of(std::string key, std::string_view value, media_type type = media_type::bytes) {
  return put_operation{std::move(key), blob{value}, type};
}
inline command putting(std::string key, std::string_view value) {
  return command_of({{}, {put_of(std::move(key), value)}, {}});
}
inline command deleting(std::string key) {
  return command_of({{}, {delete_operation{std::move(key)}}, {}});
}
inline command compacting(std::uint64_t revision) {
  return {{}, {}, compact_history{revision_t{revision}}};
}

inline command setting(vector_maker maker, std::string name, std::uint32_t dimension) {
  return {{}, {}, set_embedding{{maker, std::move(name), dimension, vector_metric::cosine}}};
}
/// One passage, every number of it the same.
inline blob vectors_of(float x, std::uint32_t dimension = 2) {
  return encode_vectors({{{0, 1}}, std::vector<float>(dimension, x)});
}
inline annotate_operation embedded_as(std::string key, std::uint64_t mod_revision, float x,
                                      model_id model = {}) {
  return {std::move(key), revision_t{mod_revision}, model, annotation_outcome::embedded, vectors_of(x)};
}
inline annotate_operation noted_as(std::string key, std::uint64_t mod_revision, annotation_outcome outcome) {
  return {std::move(key), revision_t{mod_revision}, {}, outcome, {}};
}
inline command annotating(annotate_operation a) {
  return command_of({{}, {std::move(a)}, {}});
}

struct driver {
  state_machine m;
  std::int64_t time_ms = 1'700'000'000'000;
  term_t term{1};

  entry next(entry_kind kind, blob payload) const {
    return {term, m.applied() + 1, kind, time_ms, {}, std::move(payload)};
  }
  command_result apply(const command& c) { return m.apply(next(entry_kind::command, encode_command(c))); }
  std::optional<std::string> get(const std::string& key, std::optional<revision_t> at = {}) const {
    auto r = m.run(get_query{key, at});
    if (r.code != query_outcome::ok || r.items.empty()) return std::nullopt;
    return std::string{r.items[0].value.view()};
  }
  /// Whether it was accepted. It is of the model in force unless it names another.
  bool annotate(annotate_operation a) {
    if (!a.model) a.model = m.embedding().id;
    return std::get<annotate_result>(apply(annotating(std::move(a))).results.at(0)).accepted;
  }
  /// What is kept for the newest value of the key.
  std::optional<stored_annotation> annotation(const std::string& key) {
    auto p = *m.try_pin(0);
    while (!p.items_done())
      for (auto& item : p.next_items())
        if (item.key == key) return item.annotation;
    return std::nullopt;
  }
  /// Keys that wait for the embedder, in their order.
  std::vector<std::string> waiting() const {
    std::vector<std::string> found;
    for (auto& item : m.pending_after({}, {}, SIZE_MAX))
      found.push_back(item.key);
    return found;
  }
  std::vector<std::string> keys(const range_query& q) const {
    std::vector<std::string> found;
    for (auto& item : m.run(q).items)
      found.push_back(item.key);
    return found;
  }
};

inline std::vector<std::string> chunks_of(pin& p, std::size_t bytes_max = chunk_bytes) {
  std::vector<std::string> chunks;
  while (!p.done())
    chunks.push_back(p.next_chunk(bytes_max));
  return chunks;
}

inline result<state_machine> restore(const snapshot_meta& meta, const std::vector<std::string>& chunks) {
  snapshot_loader loader{meta};
  for (auto& chunk : chunks)
    if (auto ok = loader.add(chunk); !ok) return ok.error();
  return loader.finish();
}

inline result<state_machine> copy_of(state_machine& m, std::size_t bytes_max = chunk_bytes) {
  auto p = m.try_pin(0);
  return restore(p->meta(), chunks_of(*p, bytes_max));
}

} // namespace troupe::storage::testing
