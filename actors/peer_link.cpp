#include "actors/peer_link.hpp"

#include "base/archive.hpp"
#include "raft/formation_archive.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe {

namespace {

using self_pointer = peer_link_actor::stateful_pointer<peer_link_state>;

constexpr auto dial_timeout = std::chrono::seconds(4);
constexpr auto hello_timeout = std::chrono::seconds(2);
/// An acknowledgement travels alone when so many frames came and nothing went the other way.
constexpr std::uint64_t frames_per_acknowledgement = 64;
/// In the number of each connection that was dialed by the side that usually waits: the two sides count by
/// themselves, and a frame must not be taken for one of another connection.
constexpr std::uint64_t dialed_by_waiting_side = std::uint64_t{1} << 63;

bool is_of_waiting_side(std::uint64_t connection) {
  return (connection & dialed_by_waiting_side) != 0;
}

link_hello greeting(const peer_link_state& s, std::uint64_t connection) {
  return {peer_protocol_version, s.options.self_address, s.options.peer_address, s.options.incarnation.value,
          connection};
}

/// Empty when the hello is one that this end may answer.
std::string objection(const peer_link_state& s, const link_hello& h) {
  if (h.version != peer_protocol_version)
    return "it speaks version " + std::to_string(h.version) + " of the peer protocol, this node version " +
           std::to_string(peer_protocol_version);
  if (h.from != s.options.peer_address) return "it says it is " + h.from;
  if (h.to != s.options.self_address) return "it looks for " + h.to;
  return {};
}

/// Empty when a connection that the other side has dialed may be taken. Of two that meet, the one of the side
/// that dials first counts.
std::string why_not_taken(const peer_link_state& s, const link_hello& theirs) {
  if (auto why = objection(s, theirs); !why.empty()) return why;
  if (is_of_waiting_side(theirs.connection) != s.options.dials) return "both sides think that they dial";
  if (s.options.dials && s.greeting) return "this side's own connection is about to open";
  if (!s.up || s.up->remote_incarnation != theirs.incarnation) return {};
  bool same_dialer = is_of_waiting_side(s.up->number) == is_of_waiting_side(theirs.connection);
  if (same_dialer && theirs.connection <= s.up->number)
    return "a newer connection of the same process is open";
  if (!same_dialer && s.options.dials) return "this side's own connection is open";
  return {};
}

void schedule_dial(self_pointer self) {
  auto& s = self->state;
  s.backoff_ms = std::clamp(s.backoff_ms * 2, s.options.backoff_min_ms, s.options.backoff_max_ms);
  // Full jitter in the upper half, so that nodes that lost each other at once do not come back in step.
  s.dial_at_ms = s.now_ms + s.backoff_ms / 2 + static_cast<std::int64_t>(s.random() % (s.backoff_ms / 2 + 1));
  // Seldom, so that it hardly ever meets a dial of the other side.
  if (!s.options.dials) s.dial_at_ms += s.options.patience_ms;
}

/// Ends a dial that is under way: a late answer to it has an old generation.
void forget_dial(peer_link_state& s) {
  s.dialing = s.greeting = false;
  ++s.generation;
}

void go_down(self_pointer self, std::string_view why) {
  auto& s = self->state;
  if (!s.up) return;
  spdlog::warn("link: down peer={} reason=\"{}\" dropped={}", s.options.peer_address, why, s.up->dropped);
  self->demonitor(caf::actor_cast<caf::actor_addr>(s.up->remote));
  s.up.reset();
  s.identity.reset();
  s.backoff_ms = 0;
  schedule_dial(self);
  self->send(s.formation, link_state{s.options.peer_address, false});
}

void go_up(self_pointer self, const link_hello& theirs, caf::strong_actor_ptr remote) {
  auto& s = self->state;
  if (s.up) go_down(self, "replaced by a new connection");
  self->monitor(caf::actor_cast<caf::actor_addr>(remote));
  s.up.emplace();
  s.up->remote = std::move(remote);
  s.up->number = theirs.connection;
  s.up->serial = ++s.ups;
  s.up->remote_incarnation = theirs.incarnation;
  s.up->heard_ms = s.up->acknowledged_ms = s.now_ms;
  s.backoff_ms = 0;
  spdlog::info("link: up peer={} connection={} incarnation={:016x}", s.options.peer_address,
               theirs.connection, theirs.incarnation);
  self->send(s.formation, link_state{s.options.peer_address, true, s.up->serial});
}

void dial_failed(self_pointer self, const caf::error& e) {
  auto& s = self->state;
  s.dialing = s.greeting = false;
  schedule_dial(self);
  spdlog::debug("link: no connection peer={} reason=\"{}\"", s.options.peer_address,
                self->system().render(e));
}

void say_hello(self_pointer self, const caf::strong_actor_ptr& port, std::uint64_t generation) {
  auto& s = self->state;
  s.greeting = true;
  const auto number = generation | (s.options.dials ? 0 : dialed_by_waiting_side);
  self->request(caf::actor_cast<node_port_actor>(port), hello_timeout, greeting(s, number),
                caf::actor_cast<caf::strong_actor_ptr>(self))
      .then(
          [=](const link_hello& theirs, const caf::strong_actor_ptr& remote) {
            auto& s = self->state;
            if (generation != s.generation) return;
            s.dialing = s.greeting = false;
            auto why = objection(s, theirs);
            if (why.empty() && theirs.connection == number && remote) return go_up(self, theirs, remote);
            spdlog::warn("link: refused what answers at {}: {}", s.options.peer_address, why);
            schedule_dial(self);
          },
          [=](caf::error& e) {
            if (generation == self->state.generation) dial_failed(self, e);
          });
}

void dial(self_pointer self) {
  auto& s = self->state;
  s.dialing = true;
  auto generation = ++s.generation;
  self->request(s.dialer, dial_timeout, dial_request{s.options.peer_host, s.options.peer_port})
      .then(
          [=](const caf::strong_actor_ptr& port) {
            if (generation == self->state.generation) say_hello(self, port, generation);
          },
          [=](caf::error& e) {
            if (generation == self->state.generation) dial_failed(self, e);
          });
}

void acknowledged(peer_link_state::connection& c, std::uint64_t taken) {
  while (!c.unacknowledged.empty() && c.sent - c.unacknowledged.size() < taken) {
    c.window_used -= c.unacknowledged.front();
    c.unacknowledged.pop_front();
  }
}

/// False when the window is full: then nothing is sent.
bool send_frame(self_pointer self, link_frame frame) {
  auto& s = self->state;
  auto& c = *s.up;
  auto bytes = frame.payload.size() + 128;
  if (c.window_used + bytes > s.options.window_bytes || c.unacknowledged.size() >= s.options.window_frames) {
    if (c.dropped++ == 0)
      spdlog::warn("link: window full, dropping what is sent to peer={}", s.options.peer_address);
    return false;
  }
  frame.incarnation = s.options.incarnation.value;
  frame.connection = c.number;
  frame.number = ++c.sent;
  frame.taken = c.acknowledged_to = c.received;
  c.window_used += bytes;
  c.unacknowledged.push_back(bytes);
  self->send(caf::actor_cast<peer_link_actor>(c.remote), std::move(frame));
  return true;
}

/// Answers in the leader's place for proposals that were not sent: nobody repeats them, and the client would
/// wait for its whole time-out to hear that the outcome is unknown.
void refuse_proposals(self_pointer self, const std::vector<peer_message>& not_sent) {
  auto& s = self->state;
  peer_input in{s.identity->peer, s.identity->storage, {}};
  for (auto& m : not_sent) {
    auto* forward = std::get_if<forward_proposals>(&m);
    if (!forward || forward->proposals.empty()) continue;
    forward_refusal refusal{forward->proposals.front().from.incarnation, {}, raft::refusal::overloaded};
    for (auto& p : forward->proposals)
      refusal.numbers.push_back(p.from.number);
    in.messages.emplace_back(std::move(refusal));
  }
  if (!in.messages.empty()) self->send(s.raft, std::move(in));
}

std::size_t size_of(const peer_message& m) {
  std::size_t bytes = 64;
  if (auto* r = std::get_if<raft::message>(&m)) {
    if (auto* append = std::get_if<raft::append_request>(r))
      for (auto& e : append->entries)
        bytes += e.cost();
    if (auto* install = std::get_if<raft::install_snapshot>(r)) bytes += install->chunk.size();
  } else if (auto* forward = std::get_if<forward_proposals>(&m)) {
    for (auto& p : forward->proposals)
      bytes += p.payload.size() + 64;
  }
  return bytes;
}

void send_messages(self_pointer self, link_send& out) {
  auto& s = self->state;
  if (!s.up || !s.identity) return;
  std::vector<peer_message> pack;
  std::size_t bytes = 0;
  auto flush = [&] {
    if (pack.empty()) return;
    link_frame frame;
    frame.cluster_high = s.identity->cluster.high;
    frame.cluster_low = s.identity->cluster.low;
    frame.from = s.identity->self.name;
    frame.to = s.identity->peer.name;
    frame.payload = encode_peer_messages(pack);
    if (!send_frame(self, std::move(frame))) refuse_proposals(self, pack);
    pack.clear();
    bytes = 0;
  };
  for (auto& m : out.messages) {
    auto size = size_of(m);
    if (bytes + size > s.options.frame_bytes) flush();
    bytes += size;
    pack.push_back(std::move(m));
  }
  flush();
}

/// Counts a frame as taken; false when it is not of this connection.
bool take(peer_link_state& s, std::uint64_t incarnation, std::uint64_t connection, std::uint64_t taken) {
  if (!s.up || s.up->number != connection || s.up->remote_incarnation != incarnation) return false;
  acknowledged(*s.up, taken);
  s.up->heard_ms = s.now_ms;
  return true;
}

void receive_peer_messages(self_pointer self, const link_frame& f) {
  auto& s = self->state;
  auto& id = s.identity;
  if (!id) return; // not checked yet; the core repeats what matters
  if (cluster_id{f.cluster_high, f.cluster_low} != id->cluster || f.from != id->peer.name ||
      f.to != id->self.name) {
    spdlog::warn("link: dropped a frame from={} to={} that is not of this cluster", f.from, f.to);
    return;
  }
  auto messages = decode_peer_messages(f.payload);
  if (!messages) return go_down(self, messages.error().detail);
  self->send(s.raft, peer_input{id->peer, id->storage, std::move(*messages)});
}

void acknowledge(self_pointer self) {
  auto& c = *self->state.up;
  c.acknowledged_to = c.received;
  c.acknowledged_ms = self->state.now_ms;
  self->send(caf::actor_cast<peer_link_actor>(c.remote),
             link_ack{self->state.options.incarnation.value, c.number, c.received});
}

void receive(self_pointer self, const link_frame& f) {
  auto& s = self->state;
  if (!take(s, f.incarnation, f.connection, f.taken)) return;
  // What is refused was counted once: forwarded proposals that come twice would be refused after they were
  // taken.
  if (f.number <= s.up->received) return;
  s.up->received = f.number;
  if (f.cluster_high != 0 || f.cluster_low != 0) {
    receive_peer_messages(self, f);
  } else {
    auto message = decode<raft::formation_message>(f.payload, "formation message");
    if (!message) return go_down(self, message.error().detail);
    self->send(s.formation, formation_received{s.options.peer_address, std::move(*message)});
  }
  if (s.up && s.up->received - s.up->acknowledged_to >= frames_per_acknowledgement) acknowledge(self);
}

void on_tick(self_pointer self, const tick& t) {
  auto& s = self->state;
  s.now_ms = t.steady_ms;
  if (!std::exchange(s.started, true)) {
    if (!s.options.dials) s.dial_at_ms = s.now_ms + s.options.patience_ms;
    // A connection that was opened before there was a clock has been heard just now.
    if (s.up) s.up->heard_ms = s.up->acknowledged_ms = s.now_ms;
  }
  if (s.up && s.now_ms - s.up->acknowledged_ms >= s.options.acknowledge_ms) acknowledge(self);
  if (s.up && s.now_ms - s.up->heard_ms > s.options.silence_ms) go_down(self, "the other end is silent");
  if (!s.up && !s.dialing && s.now_ms >= s.dial_at_ms) dial(self);
}

} // namespace

peer_link_actor::behavior_type peer_link(self_pointer self, peer_link_options options, dialer_actor dialer,
                                         formation_actor formation, raft_actor raft) {
  auto& s = self->state;
  s.options = std::move(options);
  s.dialer = std::move(dialer);
  s.formation = std::move(formation);
  s.raft = std::move(raft);
  s.random.seed(s.options.seed);
  self->set_down_handler([=](caf::down_msg& down) {
    auto& up = self->state.up;
    if (up && caf::actor_cast<caf::actor_addr>(up->remote) == down.source)
      go_down(self, self->system().render(down.reason));
  });
  return {
      [=](const link_hello& theirs,
          const caf::strong_actor_ptr& remote) -> caf::result<link_hello, caf::strong_actor_ptr> {
        auto& s = self->state;
        auto why = why_not_taken(s, theirs);
        if (why.empty() && !remote) why = "it sent no handle";
        if (!why.empty()) {
          spdlog::warn("link: refused peer={}: {}", theirs.from, why);
          return caf::make_error(caf::sec::invalid_argument, why);
        }
        forget_dial(s);
        go_up(self, theirs, remote);
        return {greeting(s, theirs.connection), caf::actor_cast<caf::strong_actor_ptr>(self)};
      },
      [=](const link_frame& f) { receive(self, f); },
      [=](const link_ack& a) { take(self->state, a.incarnation, a.connection, a.number); },
      [=](link_send& out) { send_messages(self, out); },
      [=](const link_send_formation& out) {
        if (!self->state.up) return;
        link_frame frame;
        frame.payload = encode(out.message);
        send_frame(self, std::move(frame));
      },
      [=](const link_identity& id) {
        auto& s = self->state;
        if (!s.up || s.up->serial != id.serial) return;
        s.identity = id.peer ? std::optional{id} : std::nullopt;
      },
      [=](const tick& t) { on_tick(self, t); },
  };
}

} // namespace troupe
