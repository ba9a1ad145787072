#include "actors/embedder.hpp"

#include "command/codec.hpp"
#include "command/vectors.hpp"
#include "messages/raft.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using self_pointer = embedder_actor::stateful_pointer<embedder_state>;
using fate = embedding_attempt::fate;

constexpr std::uint32_t proposal_timeout_ms = 30'000;
/// Vectors in one proposal; what a batch has more is embedded again with the next.
constexpr std::size_t proposal_bytes = 4 * 1024 * 1024;

raft_actor raft_of(self_pointer self) {
  return caf::actor_cast<raft_actor>(self->state.raft);
}

/// Nothing was lost: what waits is still waiting. The tick goes on.
void pause(self_pointer self) {
  auto& s = self->state;
  s.busy = false;
  s.resume_ms = s.now_ms + s.options.pause_ms;
}

void propose(self_pointer self, command c) {
  auto& s = self->state;
  s.proposed = ++s.last_request;
  request_batch batch;
  batch.requests.push_back({s.proposed, proposal_timeout_ms, write_request{encode_command(c)}});
  self->send(raft_of(self), std::move(batch), answer_sink_actor{self});
}

/// Whether a value that was not embedded is given up. While nothing else succeeds the maker is away, or wrong
/// as a whole, which says nothing about this value; successes between two tries say that it is the cause.
bool given_up(embedder_state& s, const std::pair<revision_t, std::string>& name) {
  if (s.setbacks.size() >= embedder_state::setbacks_max) s.setbacks.clear();
  auto& setback = s.setbacks[name];
  if (setback.tries == 0 || s.successes > setback.successes) ++setback.tries;
  setback.successes = s.successes;
  return setback.tries >= s.options.tries_max;
}

/// At most once a minute: an endpoint may be away for long.
void warn(embedder_state& s, const std::string& why) {
  if (s.now_ms < s.next_warning_ms) return;
  s.next_warning_ms = s.now_ms + 60'000;
  spdlog::warn("embedding: values wait for their vectors: {}", why);
}

/// What the batch's values are annotated with. Values that were not embedded stay out, to be tried again.
transaction annotations(self_pointer self, const std::vector<key_value>& values,
                        const std::vector<std::optional<embedding_attempt>>& attempts) {
  auto& s = self->state;
  transaction out;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < values.size() && bytes < proposal_bytes; ++i) {
    auto a = attempts[i].value_or(embedding_attempt{fate::nothing, {}, {}, {}});
    std::pair name{values[i].mod_revision, values[i].key};
    if (a.what == fate::unavailable || a.what == fate::failed) {
      warn(s, a.why);
      if (!given_up(s, name)) continue;
      spdlog::error("embedding: a value of revision {} is given up: {}", name.first.value, a.why);
      a.what = fate::failed;
    }
    s.successes += a.what == fate::embedded;
    s.setbacks.erase(name);
    bytes += a.vectors.size() * sizeof(float);
    out.success.emplace_back(annotation_of(name.second, name.first, s.model, a));
  }
  return out;
}

void on_embedded(self_pointer self, const std::vector<key_value>& values,
                 const std::vector<std::optional<embedding_attempt>>& attempts, double seconds) {
  auto& s = self->state;
  auto t = annotations(self, values, attempts);
  std::uint64_t embedded = 0;
  std::uint64_t failed = 0;
  for (auto& op : t.success) {
    auto outcome = std::get<annotate_operation>(op).outcome;
    embedded += outcome == annotation_outcome::embedded;
    failed += outcome == annotation_outcome::failed;
  }
  s.options.report(embedded, failed, seconds);
  // What comes behind may fare better; what was passed over is tried again after it.
  bool stuck = t.success.empty();
  s.behind =
      stuck ? std::pair{values.back().mod_revision, values.back().key} : std::pair<revision_t, std::string>{};
  if (stuck) return pause(self);
  command c;
  c.body = std::move(t);
  propose(self, std::move(c));
}

/// A text that every model can embed. It goes first when some value could not be embedded lately, to tell a
/// maker that is away from a value that is the cause.
constexpr std::string_view probe_text = "hello";

void embed(self_pointer self, std::vector<key_value> values) {
  auto& s = self->state;
  if (values.size() > s.options.batch_values) values.resize(s.options.batch_values);
  std::vector<std::optional<embedding_attempt>> attempts(values.size());
  std::vector<std::size_t> places;
  embed_texts texts;
  bool probing = !s.setbacks.empty();
  if (probing) texts.texts.emplace_back(probe_text);
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto& v = values[i];
    if (auto text = text_to_embed(s.options.scope, v.key, v.value.view(), v.type)) {
      texts.texts.push_back(std::move(*text));
      places.push_back(i);
    }
  }
  if (places.empty()) return on_embedded(self, values, attempts, 0);
  auto reign = s.reign;
  auto began = std::chrono::steady_clock::now();
  // The worker answers sooner or later: each text has its own limits.
  self->request(s.background, caf::infinite, std::move(texts))
      .then(
          [=](embedded_texts& made) mutable {
            auto& s = self->state;
            if (s.reign != reign) return;
            if (probing && made.attempts.front().what == fate::embedded) ++s.successes;
            for (std::size_t i = 0; i < places.size(); ++i)
              attempts[places[i]] = std::move(made.attempts[i + probing]);
            std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
            on_embedded(self, values, attempts, took.count());
          },
          [=](const caf::error& e) {
            if (self->state.reign != reign) return;
            spdlog::error("embedding: the worker did not answer: {}", self->system().render(e));
            pause(self);
          });
}

/// Vectors of the model that the cluster has could not be made again, or would be dropped for none.
bool would_lose(const embedder_options& o, const embedding_model& now) {
  return !o.replace && now.maker != vector_maker::none &&
         (now.maker == vector_maker::client || o.model.maker == vector_maker::none);
}

/// The leader's cluster file decides which model the cluster has. False: it is that one.
bool set_model(self_pointer self, const storage::embedding_state& now) {
  auto& s = self->state;
  s.model = now.id;
  if (now.model == s.options.model) return false;
  if (would_lose(s.options, now.model)) {
    if (s.now_ms >= s.next_warning_ms)
      spdlog::error(
          "embedding: the cluster has vectors of \"{}\" and this node's cluster file names \"{}\"; they "
          "are kept and nothing is embedded, unless [embedding] says replace = true",
          now.model.name, s.options.model.name);
    s.next_warning_ms = std::max(s.next_warning_ms, s.now_ms + 60'000);
    pause(self);
    return true;
  }
  if (now.model.maker == vector_maker::none)
    spdlog::info("embedding: the cluster's model is to be \"{}\"", s.options.model.name);
  else
    spdlog::warn("embedding: the cluster's model becomes \"{}\" (was \"{}\"); all vectors are made anew",
                 s.options.model.name, now.model.name);
  command c;
  c.body = set_embedding{s.options.model};
  propose(self, std::move(c));
  return true;
}

void next_batch(self_pointer self) {
  auto& s = self->state;
  if (!s.leads || s.busy || s.now_ms < s.resume_ms) return;
  s.busy = true;
  auto reign = s.reign;
  // The model may have been seen under an earlier leadership: the first question is answered at once.
  bool wait = static_cast<bool>(s.model) || s.options.model.maker == vector_maker::none;
  self->request(s.storage, caf::infinite,
                pending_request{s.model, wait, s.options.batch_bytes, s.behind.first, s.behind.second})
      .then(
          [=](pending_values& p) {
            auto& s = self->state;
            if (s.reign != reign) return;
            if (set_model(self, p.embedding)) return;
            if (p.values.empty() || !s.background) {
              s.busy = false; // the tick asks again, from the beginning
              s.behind = {};
              return;
            }
            embed(self, std::move(p.values));
          },
          [=](const caf::error&) {
            if (self->state.reign == reign) pause(self);
          });
}

void on_answer(self_pointer self, const answer& a) {
  auto& s = self->state;
  if (a.id == 0 || a.id != s.proposed) return;
  s.proposed = 0;
  if (!s.leads) return;
  auto* r = std::get_if<command_result>(&a.body);
  if (!r || r->code != outcome::applied) return pause(self);
  s.busy = false;
  next_batch(self);
}

void on_leadership(self_pointer self, bool leads) {
  auto& s = self->state;
  if (s.leads == leads) return;
  s.leads = leads;
  ++s.reign;
  s.busy = false;
  s.proposed = 0;
  s.model = {};
  s.setbacks.clear();
  s.behind = {};
  s.resume_ms = 0;
  next_batch(self);
}

} // namespace

std::optional<std::string> text_to_embed(const search::index_scope& scope, std::string_view key,
                                         std::string_view value, media_type type) {
  auto kind = static_cast<search::value_kind>(type);
  if (!scope.covers(key, kind, value.size())) return std::nullopt;
  auto text = search::embeddable_text({key, value, kind, {}});
  if (text.empty()) return std::nullopt;
  return text;
}

annotate_operation annotation_of(std::string key, revision_t mod_revision, model_id model,
                                 const embedding_attempt& a) {
  annotate_operation out{std::move(key), mod_revision, model, annotation_outcome::skipped, {}};
  if (a.what == fate::failed) out.outcome = annotation_outcome::failed;
  if (a.what == fate::embedded) {
    out.outcome = annotation_outcome::embedded;
    out.vectors = encode_vectors({a.passages, a.vectors});
  }
  return out;
}

embedder_actor::behavior_type embedder(self_pointer self, embedder_options options,
                                       caf::strong_actor_ptr raft, storage_actor storage,
                                       embed_worker_actor foreground, embed_worker_actor background) {
  auto& s = self->state;
  s.options = std::move(options);
  s.raft = std::move(raft);
  s.storage = std::move(storage);
  s.foreground = std::move(foreground);
  s.background = std::move(background);
  return {
      [=](const answer_batch& batch) {
        for (auto& a : batch.answers)
          on_answer(self, a);
      },
      [=](embed_writes& batch, const answer_sink_actor& sink) { embed_and_write(self, batch, sink); },
      [=](const leadership& l) { on_leadership(self, l.leads); },
      [=](const tick& t) {
        self->state.now_ms = t.steady_ms;
        next_batch(self);
      },
  };
}

} // namespace troupe
