#pragma once

// Gathers answers by asker, so that each gets one message a turn.

#include "messages/frontend.hpp"

#include <utility>
#include <vector>

namespace troupe {

/// Holds no more than the answers of one turn. A node has two or three askers, so a search beats a map.
class answer_collector {
public:
  void add(const answer_sink_actor& sink, answer a) {
    for (auto& [known, batch] : batches_)
      if (known == sink) return batch.answers.push_back(std::move(a));
    batches_.emplace_back(sink, answer_batch{}).second.answers.push_back(std::move(a));
  }
  void refuse(const answer_sink_actor& sink, std::uint64_t id, refusal why) {
    add(sink, answer{id, std::move(why)});
  }

  /// Sends everything; the collector is empty afterwards.
  template <class Self>
  void flush(Self* self) {
    for (auto& [sink, batch] : batches_)
      self->send(sink, std::move(batch));
    batches_.clear();
  }

private:
  std::vector<std::pair<answer_sink_actor, answer_batch>> batches_;
};

} // namespace troupe
