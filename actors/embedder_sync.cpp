// Writes that are embedded before they are proposed (?embed=sync): their answer comes when the value can be
// found by meaning.

#include "actors/embedder.hpp"
#include "command/codec.hpp"
#include "messages/raft.hpp"

#include <chrono>

namespace troupe {

namespace {

using self_pointer = embedder_actor::stateful_pointer<embedder_state>;
using fate = embedding_attempt::fate;

constexpr auto storage_timeout = std::chrono::seconds(10);

/// Everything of one request on its way through storage, worker and log.
struct open_write {
  request asked;
  answer_sink_actor sink;
  command what;
  std::int64_t deadline_ms = 0;
  std::size_t bytes = 0; ///< counted in sync_bytes
};
using shared_write = std::shared_ptr<open_write>;

/// Gives back what the write counted for.
void let_go(self_pointer self, const shared_write& w) {
  --self->state.sync_writes;
  self->state.sync_bytes -= w->bytes;
}

void refuse(self_pointer self, const shared_write& w, refusal_kind kind, std::string why) {
  auto& s = self->state;
  let_go(self, w);
  s.answers.refuse(w->sink, w->asked.id,
                   {kind, kind == refusal_kind::overloaded ? 1'000u : 0u, std::move(why)});
  s.answers.flush(static_cast<embedder_actor::base*>(self));
}

/// Calls use(put) on every put of both branches, in order.
template <class Use>
void each_put(transaction& t, Use use) {
  for (auto* branch : {&t.success, &t.failure})
    for (auto& op : *branch)
      if (auto* put = std::get_if<put_operation>(&op)) use(*put);
}

/// Adds the annotations at the end of each branch: only the last put of a key in it is one of the value that
/// stays, and what brings a vector of its own keeps that.
void add_annotations(std::vector<operation>& branch, model_id model,
                     const std::map<const put_operation*, embedding_attempt>& made) {
  std::map<std::string, const embedding_attempt*> last;
  for (auto& op : branch) {
    if (auto* put = std::get_if<put_operation>(&op)) {
      auto found = made.find(put);
      last[put->key] = found == made.end() ? nullptr : &found->second;
    } else if (auto* annotated = std::get_if<annotate_operation>(&op)) {
      last.erase(annotated->key);
    } else if (auto* erased = std::get_if<delete_operation>(&op)) {
      last.erase(erased->key);
    }
  }
  const embedding_attempt skipped{fate::nothing, {}, {}, {}};
  for (auto& [key, attempt] : last)
    branch.emplace_back(annotation_of(key, {}, model, attempt ? *attempt : skipped));
}

void propose(self_pointer self, const shared_write& w, model_id model,
             const std::map<const put_operation*, embedding_attempt>& made) {
  auto& s = self->state;
  // The asker has been told that nobody knows; applying it now would only surprise.
  if (s.now_ms >= w->deadline_ms)
    return refuse(self, w, refusal_kind::overloaded, "not applied: no vector was made in time");
  auto& t = std::get<transaction>(w->what.body);
  add_annotations(t.success, model, made);
  add_annotations(t.failure, model, made);
  if (encoded_size(w->what) > s.options.command_bytes_max)
    return refuse(self, w, refusal_kind::invalid, "with its vectors the command is too large; split it");
  request_batch batch;
  batch.requests.push_back({w->asked.id, w->asked.timeout_ms, write_request{encode_command(w->what)}});
  let_go(self, w);
  self->send(caf::actor_cast<raft_actor>(s.raft), std::move(batch), w->sink);
}

void embed(self_pointer self, const shared_write& w, model_id model) {
  auto& s = self->state;
  std::vector<const put_operation*> puts;
  embed_texts texts;
  each_put(std::get<transaction>(w->what.body), [&](const put_operation& put) {
    if (auto text = text_to_embed(s.options.scope, put.key, put.value.view(), put.type)) {
      puts.push_back(&put);
      texts.texts.push_back(std::move(*text));
    }
  });
  if (puts.empty()) return propose(self, w, model, {});
  if (puts.size() > s.options.sync_texts_max)
    return refuse(self, w, refusal_kind::invalid,
                  "at most " + std::to_string(s.options.sync_texts_max) +
                      " values are embedded before they are written; split it");
  texts.deadline_ms = w->deadline_ms;
  self->request(s.foreground, caf::infinite, std::move(texts))
      .then(
          [=](embedded_texts& answer) {
            std::map<const put_operation*, embedding_attempt> made;
            for (std::size_t i = 0; i < puts.size(); ++i) {
              auto& a = answer.attempts[i];
              if (a.what == fate::unavailable || a.what == fate::failed)
                return refuse(self, w, refusal_kind::overloaded,
                              "not applied: no vector could be made: " + a.why);
              made.emplace(puts[i], std::move(a));
            }
            propose(self, w, model, made);
          },
          [=](const caf::error&) {
            refuse(self, w, refusal_kind::overloaded, "not applied: the embedding worker ended");
          });
}

void begin(self_pointer self, const shared_write& w) {
  auto& s = self->state;
  self->request(s.storage, storage_timeout, pending_request{})
      .then(
          [=](const pending_values& p) {
            if (p.embedding.model != self->state.options.model)
              return refuse(self, w, refusal_kind::overloaded,
                            "not applied: the cluster does not have this node's embedding model yet");
            embed(self, w, p.embedding.id);
          },
          [=](const caf::error&) {
            refuse(self, w, refusal_kind::overloaded, "not applied: the node is busy");
          });
}

} // namespace

void embed_and_write(self_pointer self, embed_writes& batch, const answer_sink_actor& sink) {
  auto& s = self->state;
  for (auto& r : batch.requests) {
    auto w = std::make_shared<open_write>();
    w->asked = std::move(r);
    w->sink = sink;
    w->deadline_ms = s.now_ms + w->asked.timeout_ms;
    // The command and, at most as long, its texts.
    w->bytes = 2 * std::get<write_request>(w->asked.body).command.size();
    ++s.sync_writes;
    s.sync_bytes += w->bytes;
    bool full = s.sync_writes > s.options.sync_writes_max || s.sync_bytes > s.options.sync_bytes_max;
    if (full) {
      refuse(self, w, refusal_kind::overloaded, "too many writes wait for their vectors; not applied");
      continue;
    }
    if (!s.foreground) {
      refuse(self, w, refusal_kind::invalid, "this cluster makes no vectors ([embedding] maker)");
      continue;
    }
    auto decoded = decode_command(std::get<write_request>(w->asked.body).command.view());
    if (!decoded || !std::holds_alternative<transaction>(decoded->body)) {
      refuse(self, w, refusal_kind::invalid, "only a transaction can be embedded");
      continue;
    }
    w->what = std::move(*decoded);
    begin(self, w);
  }
}

} // namespace troupe
