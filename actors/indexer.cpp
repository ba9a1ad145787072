#include "actors/indexer.hpp"

#include "actors/indexer_driver.hpp"
#include "messages/raft.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

namespace {

constexpr std::int64_t report_period_ms = 1'000;

} // namespace

search_status indexer_driver::status() const {
  search_status s;
  s.text_on = options_.text.has_value();
  s.vectors_on = graph_settings(embedding_.model).has_value();
  s.ready = ready_;
  s.indexed_revision = progress().indexed;
  s.vector_revision = progress().vectors;
  s.pending = pending_;
  s.model = embedding_.model.name;
  if (engine_) {
    auto size = engine_->size();
    s.documents = size.documents;
    s.vectors = size.vectors;
  }
  return s;
}

void indexer_driver::report() {
  next_report_ms_ = now_ms_ + report_period_ms;
  auto s = status();
  options_.report(s, engine_ ? engine_->size() : search::engine::sizes{});
  self_->send(caf::actor_cast<raft_actor>(raft_), search_report{std::move(s)});
}

/// In a quiet moment: the file is written on this thread, and searches wait meanwhile.
void indexer_driver::save_if_due() {
  bool due = options_.files && ready_ && now_ms_ >= next_save_ms_ && unsaved_ >= options_.save_after_changes;
  if (!due || engine_->unlinked() != 0 || desk_.size() != 0 || !graph_settings(embedding_.model)) return;
  next_save_ms_ = now_ms_ + options_.save_period_ms;
  adopting_ = false;
  engine_->drop_unadopted();
  // The graph can be built anew from the key space, so a disk that refuses it is no reason to stop.
  if (auto saved = engine_->save_vectors(*options_.files, options_.vector_file); !saved)
    spdlog::warn("indexer: the vectors' graph was not saved: {}", saved.error().detail);
  else
    unsaved_ = 0;
}

void indexer_driver::on_tick(const tick& t) {
  now_ms_ = t.steady_ms;
  if (!begun_) begin();
  answer_overdue();
  pages_.expire(now_ms_);
  if (now_ms_ < next_report_ms_) return;
  report();
  save_if_due();
}

indexer_actor::behavior_type indexer(indexer_actor::stateful_pointer<indexer_state> self,
                                     indexer_options options, storage_actor storage,
                                     embed_worker_actor worker, caf::strong_actor_ptr raft) {
  options.on_thread();
  self->state.driver = std::make_shared<indexer_driver>(self, std::move(options), std::move(storage),
                                                        std::move(worker), std::move(raft));
  auto* d = self->state.driver.get();
  d->begin();
  return {
      [=](search_batch& batch) { d->take(batch); },
      [=](tidy_index) { d->tidy(); },
      [=](const tick& t) { d->on_tick(t); },
  };
}

} // namespace troupe
