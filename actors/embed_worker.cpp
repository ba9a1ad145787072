#include "actors/embed_worker.hpp"

#include <spdlog/spdlog.h>

namespace troupe {

namespace {

embedding_attempt attempt(search::embedder& model, std::string_view text) {
  using fate = embedding_attempt::fate;
  embedding_attempt out;
  auto made = model.embed(text);
  if (!made) {
    auto e = made.error();
    out.what = e.code == errc::invalid_argument ? fate::nothing
               : e.code == errc::unavailable    ? fate::unavailable
                                                : fate::failed;
    out.why = e.detail;
    return out;
  }
  out.what = fate::embedded;
  for (auto& p : made->passages)
    out.passages.emplace_back(p.begin, p.end);
  out.vectors = std::move(made->vectors);
  return out;
}

embedding_attempt unavailable(std::string why) {
  embedding_attempt out;
  out.why = std::move(why);
  return out;
}

/// Makes the model if it is not there yet.
embedding_attempt ask_model(embed_worker_state& s, std::string_view text) {
  if (!s.model) {
    auto made = s.options.make();
    if (!made) return unavailable(made.error().detail);
    s.model = std::move(*made);
  }
  return attempt(*s.model, text);
}

embedding_attempt embed_one(embed_worker_state& s, std::string_view text, std::int64_t deadline_ms) {
  auto now = s.options.now_ms ? s.options.now_ms() : 0;
  if (deadline_ms != 0 && now >= deadline_ms) return unavailable("the time for it was over");
  if (now < s.rests_until_ms) return unavailable(s.why);
  auto out = ask_model(s, text);
  if (out.what == embedding_attempt::fate::unavailable && s.options.now_ms) {
    spdlog::warn("embedding: {}", out.why);
    s.rests_until_ms = s.options.now_ms() + s.options.rest_ms;
    s.why = out.why;
  }
  return out;
}

} // namespace

embed_worker_actor::behavior_type embed_worker(embed_worker_actor::stateful_pointer<embed_worker_state> self,
                                               embed_worker_options options) {
  self->state.options = std::move(options);
  return {
      [=](const embed_texts& asked) {
        auto& s = self->state;
        if (!std::exchange(s.prepared, true)) s.options.on_thread();
        embedded_texts out;
        for (auto& text : asked.texts)
          out.attempts.push_back(embed_one(s, text, asked.deadline_ms));
        return out;
      },
  };
}

} // namespace troupe
