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

} // namespace

embed_worker_actor::behavior_type embed_worker(embed_worker_actor::stateful_pointer<embed_worker_state> self,
                                               embed_worker_options options) {
  self->state.options = std::move(options);
  return {
      [=](const embed_texts& asked) {
        auto& s = self->state;
        if (!std::exchange(s.prepared, true)) s.options.on_thread();
        embedded_texts out;
        out.attempts.resize(asked.texts.size());
        if (!s.model) {
          if (auto made = s.options.make()) {
            s.model = std::move(*made);
          } else {
            spdlog::error("embedding: {}", made.error().detail);
            for (auto& a : out.attempts)
              a.why = made.error().detail;
            return out;
          }
        }
        for (std::size_t i = 0; i < asked.texts.size(); ++i)
          out.attempts[i] = attempt(*s.model, asked.texts[i]);
        return out;
      },
  };
}

} // namespace troupe
