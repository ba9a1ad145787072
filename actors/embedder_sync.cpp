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
constexpr auto sync_timeout = std::chrono::seconds(60);

/// Everything of one request on its way through storage, worker and log.
struct open_write {
  request asked;
  answer_sink_actor sink;
  command what;
};
using shared_write = std::shared_ptr<open_write>;

void refuse(self_pointer self, const shared_write& w, refusal_kind kind, std::string why) {
  auto& s = self->state;
  --s.sync_writes;
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
  auto& t = std::get<transaction>(w->what.body);
  add_annotations(t.success, model, made);
  add_annotations(t.failure, model, made);
  if (encoded_size(w->what) > s.options.command_bytes_max)
    return refuse(self, w, refusal_kind::invalid, "with its vectors the command is too large; split it");
  request_batch batch;
  batch.requests.push_back({w->asked.id, w->asked.timeout_ms, write_request{encode_command(w->what)}});
  --s.sync_writes;
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
  self->request(s.foreground, sync_timeout, std::move(texts))
      .then(
          [=](embedded_texts& answer) {
            std::map<const put_operation*, embedding_attempt> made;
            for (std::size_t i = 0; i < puts.size(); ++i) {
              auto& a = answer.attempts[i];
              if (a.what == fate::unavailable)
                return refuse(self, w, refusal_kind::overloaded,
                              "not applied: no vector could be made: " + a.why);
              made.emplace(puts[i], std::move(a));
            }
            propose(self, w, model, made);
          },
          [=](const caf::error&) {
            refuse(self, w, refusal_kind::overloaded, "not applied: no vector was made in time");
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
    auto w = std::make_shared<open_write>(open_write{std::move(r), sink, {}});
    bool full = s.sync_writes >= s.options.sync_writes_max;
    ++s.sync_writes;
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
