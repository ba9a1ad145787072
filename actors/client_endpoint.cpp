#include "actors/client_endpoint.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace troupe {

namespace {

using self_pointer = client_endpoint_actor::stateful_pointer<client_endpoint_state>;

/// Empty when the request may go on to the node.
std::optional<refusal> check(const client_endpoint_options& o, const request& r) {
  auto* write = std::get_if<write_request>(&r.body);
  if (!write) return std::nullopt;
  auto decoded = decode_command(write->command.view());
  if (!decoded) return refusal{refusal_kind::invalid, 0, decoded.error().detail};
  if (auto valid = validate(*decoded, o.bounds); !valid)
    return refusal{refusal_kind::invalid, 0, valid.error().detail};
  return std::nullopt;
}

void reply(self_pointer self, const client_actor& to, const std::vector<answer>& answers) {
  self->send(to, client_answers{encode_answers(answers)});
}

client_endpoint_state::client* find_or_admit(self_pointer self, const caf::strong_actor_ptr& sender) {
  auto& s = self->state;
  auto address = caf::actor_cast<caf::actor_addr>(sender);
  if (auto known = s.clients.find(address); known != s.clients.end()) return &known->second;
  if (s.clients.size() >= s.options.clients_max) return nullptr;
  self->monitor(address);
  return &s.clients.emplace(address, client_endpoint_state::client{caf::actor_cast<client_actor>(sender), 0})
              .first->second;
}

void take_requests(self_pointer self, const client_requests& batch) {
  auto& s = self->state;
  auto sender = self->current_sender();
  if (!sender) return;
  auto* client = find_or_admit(self, sender);
  if (!client) return spdlog::warn("client: refused, {} clients are connected", s.clients.size());
  if (batch.version != client_protocol_version || batch.payload.size() > client_batch_bytes_max)
    return spdlog::warn("client: dropped a batch of version {} and {} bytes", batch.version,
                        batch.payload.size());
  auto requests = decode_requests(batch.payload);
  if (!requests) return spdlog::warn("client: dropped a batch: {}", requests.error().detail);

  request_batch out;
  std::vector<answer> refused;
  for (auto& r : *requests) {
    auto why = check(s.options, r);
    if (!why && client->open >= s.options.client_requests_max)
      why = refusal{refusal_kind::overloaded, 100, "too many requests of this client are open"};
    if (why) {
      refused.push_back({r.id, std::move(*why)});
      continue;
    }
    r.timeout_ms = std::min(r.timeout_ms, s.options.timeout_ms_max);
    auto id = ++s.last_id;
    s.open.emplace(id, client_endpoint_state::open_request{caf::actor_cast<caf::actor_addr>(sender), r.id});
    ++client->open;
    r.id = id;
    out.requests.push_back(std::move(r));
  }
  if (!refused.empty()) reply(self, client->handle, refused);
  if (!out.requests.empty())
    self->send(
        s.raft, std::move(out),
        answer_sink_actor{caf::actor_cast<answer_sink_actor>(caf::actor_cast<caf::strong_actor_ptr>(self))});
}

void pass_answers(self_pointer self, answer_batch& batch) {
  auto& s = self->state;
  std::map<caf::actor_addr, std::vector<answer>> by_client;
  for (auto& a : batch.answers) {
    auto open = s.open.find(a.id);
    if (open == s.open.end()) continue;
    a.id = open->second.id;
    by_client[open->second.client].push_back(std::move(a));
    s.open.erase(open);
  }
  for (auto& [address, answers] : by_client) {
    auto client = s.clients.find(address);
    if (client == s.clients.end()) continue;
    client->second.open -= std::min(client->second.open, answers.size());
    reply(self, client->second.handle, answers);
  }
}

} // namespace

client_endpoint_actor::behavior_type client_endpoint(self_pointer self, client_endpoint_options options,
                                                     raft_actor raft) {
  auto& s = self->state;
  s.options = options;
  s.raft = std::move(raft);
  // The node answers each request in bounded time, so what a lost client left open empties itself.
  self->set_down_handler([=](caf::down_msg& down) { self->state.clients.erase(down.source); });
  return {
      [=](const client_requests& batch) { take_requests(self, batch); },
      [=](const link_hello& hello,
          const caf::strong_actor_ptr& remote) -> caf::result<link_hello, caf::strong_actor_ptr> {
        auto& keeper = self->state.keeper;
        if (!keeper) return caf::make_error(caf::sec::invalid_argument, "this node is starting");
        return self->delegate(keeper, hello, remote);
      },
      [=](links_ready& ready) { self->state.keeper = ready.keeper; },
      [=](answer_batch& batch) { pass_answers(self, batch); },
  };
}

} // namespace troupe
