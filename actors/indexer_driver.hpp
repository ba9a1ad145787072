#pragma once

// What the indexer does, split by direction: indexer_driver.cpp follows the key space, indexer_search.cpp
// answers, indexer.cpp is the table of messages and what time brings.

#include "actors/answer_collector.hpp"
#include "actors/indexer.hpp"
#include "actors/page_series.hpp"
#include "actors/search_desk.hpp"

namespace troupe {

class indexer_driver {
public:
  using self_pointer = indexer_actor::stateful_pointer<indexer_state>;

  indexer_driver(self_pointer self, indexer_options options, storage_actor storage, embed_worker_actor worker,
                 caf::strong_actor_ptr raft);

  // indexer_driver.cpp
  /// Begins anew with an empty engine.
  void begin();
  void tidy();

  // indexer_search.cpp
  void take(search_batch& batch);
  void answer_ready();
  void answer_overdue();

  // indexer.cpp
  void on_tick(const tick& t);

  /// For whoever compares indexes; null before the first beginning.
  const search::engine* engine() const { return engine_ ? &*engine_ : nullptr; }

private:
  // Following. `life_` counts beginnings: answers to questions of an earlier one are ignored.
  void make_engine(const storage::embedding_state& embedding);
  void begin_items(const pin_ticket& ticket);
  void pull_items(const pin_ticket& ticket);
  void end_items(const pin_ticket& ticket);
  void pull_changes();
  void follow(storage::change_batch& batch);
  void use_model(const storage::embedding_state& embedding);
  void put(const storage::key_change& change);
  void put_vectors(const storage::key_change& change);
  void drop_unadopted();
  void want_tidy();
  std::optional<search::vector_settings> graph_settings(const embedding_model& model) const;

  // Answering.
  void answer(routed_search& s, search_result r);
  void run(routed_search s);
  void embed_and_run(routed_search s);
  void search_now(routed_search& s);
  search_result find(const search_request& r);
  search_result first_page(const search_request& r);
  search_result next_page(const search_request& r);
  void show_page(search_result& out, page_series::series& from, std::uint64_t number, std::uint32_t first,
                 std::uint32_t limit);
  bool embeds_queries() const;
  std::int64_t time() const { return options_.now_ms ? options_.now_ms() : now_ms_; }

  void save_if_due();
  void report();
  /// While the index is being built it holds nothing for sure.
  index_progress progress() const {
    return ready_ ? index_progress{true, applied_, revision_, vector_revision_} : index_progress{};
  }
  search_status status() const;

  self_pointer self_;
  indexer_options options_;
  storage_actor storage_;
  embed_worker_actor worker_;
  caf::strong_actor_ptr raft_;

  std::optional<search::engine> engine_;
  std::uint64_t life_ = 0;
  bool begun_ = false; ///< false: wants to begin, at the next tick
  bool ready_ = false;
  index_t applied_;
  revision_t revision_;
  revision_t vector_revision_;
  std::uint64_t pending_ = 0;
  storage::embedding_state embedding_;
  bool tidying_ = false;

  search_desk desk_;
  page_series pages_;
  answer_collector answers_;
  std::size_t embedding_queries_ = 0; ///< queries at the worker
  std::int64_t now_ms_ = 0;
  std::int64_t next_report_ms_ = 0;
  std::int64_t next_save_ms_ = 0;
  bool adopting_ = false;     ///< what the graph's file held may still be annotated
  std::uint64_t unsaved_ = 0; ///< vectors that came or went since the graph was saved
};

} // namespace troupe
