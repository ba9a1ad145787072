#pragma once

// An actor around one embedding model: takes texts, answers vectors. It blocks while the model runs, so a
// node gives it a thread of its own.

#include "messages/embedder.hpp"
#include "search/embedder.hpp"

#include <caf/all.hpp>

#include <functional>
#include <memory>

namespace troupe {

struct embed_worker_options {
  /// Makes the model, on the worker's thread, when the first text comes. An error is what every text is then
  /// answered with (unavailable), and the next texts try again.
  std::function<result<std::unique_ptr<search::embedder>>()> make;
  /// Called once on the worker's thread before anything else; for its priority.
  std::function<void()> on_thread = [] {};
  /// The node's steady clock in milliseconds; null: no deadline is looked at and nothing is ever given a
  /// rest.
  std::function<std::int64_t()> now_ms = {};
  /// After the model was unavailable it is not asked for so long; texts are unavailable at once.
  std::int64_t rest_ms = 1'000;
};

struct embed_worker_state {
  static inline const char* name = "embed_worker";

  embed_worker_options options;
  bool prepared = false;
  std::unique_ptr<search::embedder> model;
  std::int64_t rests_until_ms = 0;
  std::string why; ///< it was unavailable
};

embed_worker_actor::behavior_type embed_worker(embed_worker_actor::stateful_pointer<embed_worker_state> self,
                                               embed_worker_options options);

} // namespace troupe
