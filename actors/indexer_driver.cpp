// The side of the indexer that follows the key space.

#include "actors/indexer_driver.hpp"
#include "base/deliberate_bug.hpp"
#include "command/vectors.hpp"

#include <spdlog/spdlog.h>

#include <chrono>

namespace troupe {

namespace {

constexpr auto storage_timeout = std::chrono::seconds(60);

} // namespace

indexer_driver::indexer_driver(self_pointer self, indexer_options options, storage_actor storage,
                               embed_worker_actor worker, caf::strong_actor_ptr raft)
    : self_(self), options_(std::move(options)), storage_(std::move(storage)), worker_(std::move(worker)),
      raft_(std::move(raft)), pages_(options_.seed) {}

std::optional<search::vector_settings> indexer_driver::graph_settings(const embedding_model& model) const {
  if (!options_.vectors || model.maker == vector_maker::none) return std::nullopt;
  auto settings = options_.graph;
  settings.dimension = model.dimension;
  settings.distance = static_cast<search::metric>(model.metric);
  settings.seed = options_.seed;
  return settings;
}

void indexer_driver::make_engine(const storage::embedding_state& embedding) {
  embedding_ = embedding;
  auto made = search::engine::make({options_.scope, options_.text, graph_settings(embedding.model)});
  if (!made) {
    // The configuration was checked before the node started.
    spdlog::critical("indexer: {}", made.error().detail);
    self_->quit(caf::make_error(caf::sec::runtime_error, made.error().detail));
    return;
  }
  engine_.emplace(std::move(*made));
}

void indexer_driver::begin() {
  begun_ = true;
  ready_ = false;
  ++life_;
  auto life = life_;
  self_->request(storage_, storage_timeout, pin_request{})
      .then(
          [this, life](const pin_ticket& ticket) {
            if (life != life_) return;
            if (ticket.number == 0) {
              begun_ = false; // too many pins are held: the tick tries again
              return;
            }
            begin_items(ticket);
          },
          [this, life](const caf::error&) {
            if (life == life_) begun_ = false;
          });
}

void indexer_driver::begin_items(const pin_ticket& ticket) {
  make_engine(ticket.embedding);
  if (!engine_) return;
  vector_revision_ = {};
  if (options_.files && graph_settings(embedding_.model)) {
    auto loaded = engine_->load_vectors(*options_.files, options_.vector_file);
    adopting_ = loaded.has_value();
    if (loaded)
      spdlog::info("indexer: the vectors' graph of revision {} was read", engine_->loaded_revision().value);
    else if (loaded.error().code != errc::not_found)
      spdlog::warn("indexer: the vectors' graph is built anew: {}", loaded.error().detail);
  }
  pull_items(ticket);
}

void indexer_driver::pull_items(const pin_ticket& ticket) {
  auto life = life_;
  self_->request(storage_, storage_timeout, pin_items_pull{ticket.number})
      .then(
          [this, life, ticket](const pin_items& items) {
            if (life != life_) return;
            if (!items.ok) {
              begun_ = false; // the lease ended: a slow node, which begins anew
              return;
            }
            for (auto& item : items.items)
              put(item);
            items.done ? end_items(ticket) : pull_items(ticket);
          },
          [this, life](const caf::error&) {
            if (life == life_) begun_ = false;
          });
}

void indexer_driver::end_items(const pin_ticket& ticket) {
  self_->send(storage_, pin_release{ticket.number});
  applied_ = ticket.meta.index;
  revision_ = ticket.revision;
  want_tidy();
  pull_changes();
}

void indexer_driver::pull_changes() {
  auto life = life_;
  // The answer comes when something has changed, however long that takes.
  self_
      ->request(storage_, caf::infinite,
                changes_request{applied_, embedding_.id, ready_, options_.pull_bytes})
      .then(
          [this, life](storage::change_batch& batch) {
            if (life != life_) return;
            if (batch.behind) {
              spdlog::warn(
                  "indexer: the changes after log index {} are no longer kept; the index is built anew",
                  applied_.value);
              return begin();
            }
            follow(batch);
            answer_ready();
            want_tidy();
            pull_changes();
          },
          [this, life](const caf::error&) {
            if (life == life_) begun_ = false;
          });
}

void indexer_driver::follow(storage::change_batch& batch) {
  if (batch.embedding.id != embedding_.id) use_model(batch.embedding);
  for (auto& item : batch.items)
    put(item);
  applied_ = batch.upto;
  revision_ = batch.revision;
  pending_ = batch.pending;
  if (!batch.complete) return;
  vector_revision_ = batch.vector_revision;
  drop_unadopted();
  if (ready_) return;
  ready_ = true;
  auto size = engine_->size();
  spdlog::info("indexer: ready revision={} documents={} terms={} vectors={}", revision_.value, size.documents,
               size.terms, size.vectors);
  report();
}

/// When the log has been replayed as far as the graph's file knew it, what was not annotated again never will
/// be.
void indexer_driver::drop_unadopted() {
  if (!adopting_ || revision_ < engine_->loaded_revision()) return;
  adopting_ = false;
  engine_->drop_unadopted();
}

void indexer_driver::use_model(const storage::embedding_state& embedding) {
  embedding_ = embedding;
  vector_revision_ = {};
  next_report_ms_ = 0;
  if (auto done = engine_->reset_vectors(graph_settings(embedding.model)); !done)
    spdlog::error("indexer: no vectors of this model are kept: {}", done.error().detail);
}

void indexer_driver::put(const storage::key_change& change) {
  if (!change.exists) {
    if (deliberately(bug::index_misses_deletes)) return;
    engine_->erase(change.key);
    ++unsaved_;
    return;
  }
  if (engine_->revision_of(change.key) != change.mod_revision)
    engine_->put(change.key, change.value, static_cast<search::value_kind>(change.type), change.mod_revision);
  if (change.annotation && change.annotation->outcome == annotation_outcome::embedded) put_vectors(change);
}

void indexer_driver::put_vectors(const storage::key_change& change) {
  if (!graph_settings(embedding_.model)) return;
  // Apply checked the bytes, so an error is a mistake of ours; the value then goes without its vector.
  auto decoded = decode_vectors(change.annotation->vectors.view(), embedding_.model.dimension);
  if (!decoded) return spdlog::error("indexer: vectors that cannot be read: {}", decoded.error().detail);
  std::vector<search::passage> passages;
  for (auto& [begin, end] : decoded->passages)
    passages.push_back({begin, end});
  if (auto done = engine_->annotate(change.key, change.mod_revision, std::move(passages), decoded->vectors);
      !done)
    return spdlog::warn("indexer: a value is found by words only: {}", done.error().detail);
  ++unsaved_;
}

void indexer_driver::want_tidy() {
  if (std::exchange(tidying_, true)) return;
  self_->send(self_, tidy_index{});
}

void indexer_driver::tidy() {
  tidying_ = false;
  if (engine_ && engine_->tidy_some()) want_tidy();
}

} // namespace troupe
