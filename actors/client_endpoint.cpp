#include "actors/client_endpoint.hpp"

#include "config/member.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>
#include <utility>

namespace troupe {

namespace {

using self_pointer = client_endpoint_actor::stateful_pointer<client_endpoint_state>;

std::optional<refusal> wrong(const error& why) {
  return refusal{refusal_kind::invalid, 0, why.detail};
}

/// Such as no node can have.
std::optional<refusal> check_names(const request& r) {
  if (auto* transfer = std::get_if<transfer_request>(&r.body); transfer && transfer->target)
    if (auto id = config::parse_node_id(transfer->target.name); !id) return wrong(id.error());
  auto* wish = std::get_if<member_request>(&r.body);
  if (!wish) return std::nullopt;
  if (auto id = config::parse_node_id(wish->id.name); !id) return wrong(id.error());
  if (wish->peer_address.empty()) return std::nullopt;
  if (auto peer = config::parse_peer_address(wish->peer_address); !peer) return wrong(peer.error());
  return std::nullopt;
}

/// Empty when the request may go on to the node.
std::optional<refusal> check(const client_endpoint_options& o, const request& r) {
  if (auto bad = check_names(r)) return bad;
  auto* write = std::get_if<write_request>(&r.body);
  if (!write) return std::nullopt;
  auto decoded = decode_command(write->command.view());
  if (!decoded) return wrong(decoded.error());
  if (auto valid = validate(*decoded, o.bounds); !valid) return wrong(valid.error());
  return std::nullopt;
}

using client = client_endpoint_state::client;

/// Answers travel in messages of about this size.
constexpr std::size_t message_bytes = 1u << 20;

std::size_t bytes_of(const answer& a) {
  std::size_t bytes = 128;
  if (auto* written = std::get_if<command_result>(&a.body)) {
    bytes += encoded_size(*written);
  } else if (auto* read = std::get_if<query_result>(&a.body)) {
    for (auto& item : read->items)
      bytes += item.key.size() + item.value.size() + 64;
  } else if (auto* found = std::get_if<search_result>(&a.body)) {
    for (auto& hit : found->hits) {
      bytes += hit.key.size() + hit.value.size() + 64;
      for (auto& snippet : hit.highlights)
        bytes += snippet.text.size() + 8 * snippet.marks.size() + 64;
    }
  }
  return bytes;
}

void hold(client& c, answer a, bool open) {
  auto bytes = bytes_of(a);
  c.held_bytes += bytes;
  c.held.push_back({std::move(a), bytes, open});
}

/// Sends what fits into the client's window; one message always does.
void send_held(self_pointer self, client& c) {
  auto window = self->state.options.window_bytes;
  while (!c.held.empty() && (c.untaken.empty() || c.untaken_bytes + c.held.front().bytes <= window)) {
    std::vector<answer> out;
    std::size_t bytes = 0;
    while (!c.held.empty() && (out.empty() || bytes + c.held.front().bytes <= message_bytes)) {
      auto& next = c.held.front();
      bytes += next.bytes;
      if (next.open) --c.open;
      out.push_back(std::move(next.what));
      c.held.pop_front();
    }
    c.held_bytes -= bytes;
    ++c.sent;
    c.untaken.push_back(bytes);
    c.untaken_bytes += bytes;
    self->send(c.handle, client_answers{encode_answers(out)});
  }
}

void note_taken(client& c, std::uint64_t taken) {
  while (!c.untaken.empty() && c.sent - c.untaken.size() < taken) {
    c.untaken_bytes -= c.untaken.front();
    c.untaken.pop_front();
  }
}

/// Nobody gets more in one page than the node's limits say, whatever was asked for; `more` says so.
void bound(const client_endpoint_options& o, request& r) {
  auto* read = std::get_if<read_request>(&r.body);
  auto* range = read ? std::get_if<range_query>(&read->what) : nullptr;
  if (!range) return;
  range->limit = std::min(range->limit, o.range_items_max);
  range->bytes_max = std::min(range->bytes_max, o.range_bytes_max);
}

client* find_or_admit(self_pointer self, const caf::strong_actor_ptr& sender) {
  auto& s = self->state;
  auto address = caf::actor_cast<caf::actor_addr>(sender);
  if (auto known = s.clients.find(address); known != s.clients.end()) return &known->second;
  if (s.clients.size() >= s.options.clients_max) return nullptr;
  self->monitor(address);
  auto& admitted = s.clients[address];
  admitted.handle = caf::actor_cast<client_actor>(sender);
  return &admitted;
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
  note_taken(*client, batch.taken);
  send_held(self, *client);
  if (batch.payload.empty()) return;
  bool stuck = client->held_bytes >= s.options.held_bytes_max;
  if (std::exchange(client->dropping, stuck) != stuck && stuck)
    spdlog::warn("client: it takes no answers, dropping what it asks");
  if (stuck) return;
  auto requests = decode_requests(batch.payload);
  if (!requests) return spdlog::warn("client: dropped a batch: {}", requests.error().detail);

  request_batch out;
  for (auto& r : *requests) {
    auto why = check(s.options, r);
    if (!why && client->open >= s.options.client_requests_max)
      why = refusal{refusal_kind::overloaded, 100, "too many requests of this client are open"};
    if (why) {
      hold(*client, {r.id, std::move(*why)}, false);
      continue;
    }
    bound(s.options, r);
    r.timeout_ms = std::min(r.timeout_ms, s.options.timeout_ms_max);
    auto id = ++s.last_id;
    s.open.emplace(id, client_endpoint_state::open_request{caf::actor_cast<caf::actor_addr>(sender), r.id});
    ++client->open;
    r.id = id;
    out.requests.push_back(std::move(r));
  }
  send_held(self, *client);
  if (!out.requests.empty())
    self->send(
        s.raft, std::move(out),
        answer_sink_actor{caf::actor_cast<answer_sink_actor>(caf::actor_cast<caf::strong_actor_ptr>(self))});
}

void pass_answers(self_pointer self, answer_batch& batch) {
  auto& s = self->state;
  std::set<caf::actor_addr> answered;
  for (auto& a : batch.answers) {
    auto open = s.open.find(a.id);
    if (open == s.open.end()) continue;
    a.id = open->second.id;
    if (auto client = s.clients.find(open->second.client); client != s.clients.end()) {
      hold(client->second, std::move(a), true);
      answered.insert(open->second.client);
    }
    s.open.erase(open);
  }
  for (auto& address : answered)
    send_held(self, s.clients.at(address));
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
