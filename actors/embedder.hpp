#pragma once

// The embedder. On the leader it sets the cluster's model, and embeds what waits for a vector: oldest values
// first, after they are committed, one batch at a time, proposed through the log as annotations. What waits
// is replicated state, so a new leader goes on where the old one stopped. On every node it embeds the writes
// that ask for it before they are proposed (embedder_sync.cpp).

#include "actors/answer_collector.hpp"
#include "messages/embedder.hpp"
#include "messages/storage.hpp"
#include "search/engine.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <optional>

namespace troupe {

struct embedder_options {
  embedding_model model;     ///< what the cluster file says; the leader makes it the cluster's
  bool replace = false;      ///< also in place of a model whose vectors nobody can make again, and by none
  search::index_scope scope; ///< values outside it are skipped
  std::size_t batch_values = 16;
  std::size_t batch_bytes = 256 * 1024; ///< of values in one batch, or one value
  unsigned tries_max = 5;        ///< of one value, with successes of others in between; then it has failed
  std::int64_t pause_ms = 1'000; ///< after a batch that nobody could embed or that was not taken
  std::size_t sync_writes_max = 1'024;           ///< being embedded before they are proposed
  std::size_t sync_bytes_max = 32 * 1024 * 1024; ///< commands and texts of those
  std::size_t sync_texts_max = 256;              ///< of one of them
  std::size_t command_bytes_max = 16 * 1024 * 1024;
  /// Told what became of values, and how long their batch took; must not block.
  std::function<void(std::uint64_t embedded, std::uint64_t failed, double seconds)> report =
      [](std::uint64_t, std::uint64_t, double) {};
};

struct embedder_state {
  static inline const char* name = "embedder";

  embedder_options options;
  caf::strong_actor_ptr raft;
  storage_actor storage;
  embed_worker_actor foreground; ///< of writes that wait for it; null: this node makes no vectors
  embed_worker_actor background;

  bool leads = false;
  std::uint64_t reign = 0; ///< counts changes of leadership; answers to an earlier one are ignored
  model_id model;          ///< as last seen
  bool busy = false;       ///< a batch is being embedded or proposed
  std::int64_t now_ms = 0;
  std::int64_t resume_ms = 0;
  std::uint64_t proposed = 0; ///< id of the open request; 0: none
  std::uint64_t last_request = 0;
  /// A value that was not embedded.
  struct setback {
    unsigned tries = 0;
    std::uint64_t successes = 0; ///< of others, when it was last tried
  };
  static constexpr std::size_t setbacks_max = 10'000;
  std::map<std::pair<revision_t, std::string>, setback> setbacks; ///< bounded by setbacks_max
  std::uint64_t successes = 0;
  /// Where to go on, when nothing before it could be embedded; otherwise the beginning.
  std::pair<revision_t, std::string> behind;
  std::int64_t next_warning_ms = 0;
  std::size_t sync_writes = 0;
  std::size_t sync_bytes = 0;
  answer_collector answers;
};

/// `foreground` and `background` are null unless the options' model is made here.
embedder_actor::behavior_type embedder(embedder_actor::stateful_pointer<embedder_state> self,
                                       embedder_options options, caf::strong_actor_ptr raft,
                                       storage_actor storage, embed_worker_actor foreground,
                                       embed_worker_actor background);

/// Embeds, adds the annotations and hands the write to the Raft actor, which answers the sink.
void embed_and_write(embedder_actor::stateful_pointer<embedder_state> self, embed_writes& batch,
                     const answer_sink_actor& sink);

/// The text of a value that is embedded, or nothing when it is outside the scope or holds no text.
std::optional<std::string> text_to_embed(const search::index_scope& scope, std::string_view key,
                                         std::string_view value, media_type type);
/// What the log is told of an attempt. Precondition: it is not unavailable.
annotate_operation annotation_of(std::string key, revision_t mod_revision, model_id model,
                                 const embedding_attempt& a);

} // namespace troupe
