#include "client/connection.hpp"

#include "client/exchange.hpp"
#include "command/codec.hpp"

#include <time.h>

#include <map>
#include <optional>
#include <utility>

namespace troupe::client {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(50);
/// While calls are open, the node is asked this often who leads and whether it is there at all.
constexpr std::int64_t status_interval_ms = 3'000;
/// After so many bytes of answers the node is told that they were taken, when there is nothing else to say.
constexpr std::size_t tell_taken_bytes = client_window_bytes / 8;
/// For closing the session.
constexpr auto close_within = std::chrono::milliseconds(500);
/// A dial ends by itself earlier; this only keeps a lost answer from blocking all further ones.
constexpr auto dial_within = std::chrono::seconds(10);
/// A dial that has not succeeded after so long is not waited for: the next one begins beside it.
constexpr std::int64_t next_dial_after_ms = 250;
constexpr std::size_t dials_max = 3;

/// Goes on while the machine sleeps, unlike std::chrono::steady_clock: the cluster's idea of a session's age
/// goes on as well.
std::int64_t now_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_BOOTTIME, &t);
  return std::int64_t{t.tv_sec} * 1'000 + t.tv_nsec / 1'000'000;
}

struct link {
  client_port_actor handle;
  caf::actor_addr remote;
  address where;
};

struct dial_under_way {
  address where;
  std::int64_t began_ms;
};

/// What came from one node, over whichever link.
struct taken_answers {
  std::uint64_t messages = 0;
  std::size_t untold_bytes = 0; ///< since the node was last told
};

struct connection_state {
  static inline const char* name = "client_connection";

  connection_options options;
  dialer_actor dialer;
  std::optional<address_book> book;
  exchange talk;
  std::map<exchange::link_id, link> links;        ///< at most one a node, and one a dial of the same node
  std::map<caf::actor_addr, taken_answers> taken; ///< by the remote side of links, until it is down
  exchange::link_id last_link = 0;
  std::vector<dial_under_way> dials; ///< oldest first; at most dials_max
  bool another_wanted = false;       ///< the node of the current link cannot serve
  std::int64_t wanted_since_ms = 0;
  bool flush_sent = false;
  bool tick_sent = false;
  std::int64_t status_asked_ms = 0;
  std::map<exchange::call_id, caf::typed_response_promise<call_outcome>> callers;
  std::optional<caf::typed_response_promise<caf::ok_atom>> closer;
  std::int64_t close_until_ms = 0;
};

using self_pointer = connection_actor::stateful_pointer<connection_state>;

void turn(self_pointer self);

/// The sentence that came with an error, without CAF's wrapping.
std::string sentence_of(self_pointer self, const caf::error& why) {
  const auto& context = why.context();
  if (context.size() == 1 && context.match_element<std::string>(0)) return context.get_as<std::string>(0);
  return self->system().render(why);
}

void ask_status(self_pointer self) {
  self->state.talk.ask_status();
  self->state.status_asked_ms = now_ms();
}

/// The node of the current link cannot serve, or takes too long.
bool wants_another(const connection_state& s) {
  return s.another_wanted || s.talk.impatient(now_ms());
}

bool is_better(const connection_state& s, const address& where) {
  return s.options.prefer_leader && s.book->leader() == where;
}

void connected(self_pointer self, const address& where, const caf::strong_actor_ptr& whom) {
  auto& s = self->state;
  s.book->succeeded(where);
  const auto old = s.talk.link();
  // Of two dials the other one was quicker.
  if (old && !wants_another(s) && !is_better(s, where)) return;
  const auto id = ++s.last_link;
  s.links[id] = {caf::actor_cast<client_port_actor>(whom), caf::actor_cast<caf::actor_addr>(whom), where};
  // A dead proxy answers with a down message at once.
  self->monitor(whom);
  const bool moves = old && s.talk.impatient(now_ms());
  s.talk.link_up(id, now_ms());
  if (old && std::exchange(s.another_wanted, false)) {
    // What the other node has not answered is repeated here.
    s.talk.link_down(old, std::string(s.talk.trouble()));
    s.links.erase(old);
  } else if (moves) {
    s.talk.move_calls(old);
    if (!s.talk.waits_on(old)) s.links.erase(old);
  }
  ask_status(self);
}

void dial(self_pointer self, const address& where) {
  self->state.dials.push_back({where, now_ms()});
  const auto ended = [=] { std::erase_if(self->state.dials, [&](auto& d) { return d.where == where; }); };
  self->request(self->state.dialer, caf::duration{dial_within}, dial_request{where.host, where.port})
      .then(
          [=](caf::strong_actor_ptr& whom) {
            ended();
            connected(self, where, whom);
            turn(self);
          },
          [=](caf::error& why) {
            auto& s = self->state;
            ended();
            s.book->failed(where, now_ms());
            if (!s.talk.link())
              s.talk.no_link("no node can be reached; the last try: " + sentence_of(self, why));
            turn(self);
          });
}

/// Dials when there is no link, or a better one to be had.
void seek(self_pointer self) {
  auto& s = self->state;
  if (s.closer || s.dials.size() >= dials_max) return;
  const auto now = now_ms();
  if (!s.dials.empty() && now - s.dials.back().began_ms < next_dial_after_ms) return;
  const auto current = s.talk.link();
  if (!current || wants_another(s)) {
    std::vector<address> except;
    for (auto& d : s.dials)
      except.push_back(d.where);
    if (current) except.push_back(s.links[current].where);
    if (auto next = s.book->next(now, except)) dial(self, *next);
    return;
  }
  const auto& leader = s.book->leader();
  if (s.dials.empty() && s.options.prefer_leader && leader && *leader != s.links[current].where &&
      s.book->usable(*leader, now))
    dial(self, *leader);
}

void learn(self_pointer self, const cluster_status& status) {
  auto& s = self->state;
  std::optional<address> leader;
  for (auto& m : status.members) {
    auto where = parse_address(m.peer_address);
    if (!where) continue;
    s.book->learn(*where);
    if (status.leader && m.id == status.leader) leader = *where;
  }
  // The node itself may be listed under a name that differs from the one that was dialled.
  const auto current = s.talk.link();
  if (current && leader && status.self == status.leader) leader = s.links[current].where;
  // It still knows who leads, so it can serve again, and is as good as any that cannot be reached.
  if (leader && s.status_asked_ms > s.wanted_since_ms) s.another_wanted = false;
  s.book->set_leader(std::move(leader));
}

void tell(self_pointer self, link& to, std::string&& requests) {
  auto& taken = self->state.taken[to.remote];
  taken.untold_bytes = 0;
  self->send(to.handle, client_requests{client_protocol_version, std::move(requests), taken.messages});
}

void note_taken(self_pointer self, const client_answers& batch) {
  const auto from = self->state.taken.find(caf::actor_cast<caf::actor_addr>(self->current_sender()));
  if (from == self->state.taken.end()) return; // nothing was ever asked there
  ++from->second.messages;
  from->second.untold_bytes += batch.payload.size();
}

void send_batches(self_pointer self) {
  auto& s = self->state;
  while (true) {
    const auto batch = s.talk.take_requests(now_ms());
    if (batch.empty()) break;
    tell(self, s.links[s.talk.link()], encode_requests(batch));
  }
  for (auto& [id, l] : s.links)
    if (s.taken[l.remote].untold_bytes >= tell_taken_bytes) tell(self, l, {});
}

void answer_callers(self_pointer self) {
  auto& s = self->state;
  for (auto& done : s.talk.take_finished()) {
    const auto caller = s.callers.find(done.id);
    if (caller == s.callers.end()) continue;
    caller->second.deliver(call_outcome{std::move(done.result)});
    s.callers.erase(caller);
  }
}

void end_if_closed(self_pointer self) {
  auto& s = self->state;
  if (!s.closer || !(s.talk.idle() || now_ms() >= s.close_until_ms)) return;
  s.closer->deliver(caf::ok_atom_v);
  self->quit();
}

void schedule_tick(self_pointer self) {
  auto& s = self->state;
  const bool wanted = s.talk.busy() || !s.talk.link() || s.another_wanted || s.closer;
  if (!wanted || s.tick_sent) return;
  s.tick_sent = true;
  self->delayed_send(self, tick_interval, caf::tick_atom_v);
}

/// After anything happened: carries out what the exchange wants.
void turn(self_pointer self) {
  auto& s = self->state;
  if (auto status = s.talk.take_status()) learn(self, *status);
  if (s.talk.take_distrust() && s.talk.link()) {
    s.book->failed(s.links[s.talk.link()].where, now_ms());
    s.another_wanted = true;
    s.wanted_since_ms = now_ms();
  }
  if (s.talk.impatient(now_ms())) s.book->too_slow(s.links[s.talk.link()].where, now_ms());
  seek(self);
  send_batches(self);
  answer_callers(self);
  schedule_tick(self);
  end_if_closed(self);
}

void lost(self_pointer self, const caf::down_msg& down) {
  auto& s = self->state;
  s.taken.erase(down.source);
  for (auto place = s.links.begin(); place != s.links.end();) {
    if (place->second.remote != down.source) {
      ++place;
      continue;
    }
    if (place->first == s.talk.link()) {
      s.book->failed(place->second.where, now_ms());
      s.another_wanted = false;
    }
    s.talk.link_down(place->first, "the connection to " + place->second.where.to_string() + " was lost");
    place = s.links.erase(place);
  }
  turn(self);
}

void tick(self_pointer self) {
  auto& s = self->state;
  s.tick_sent = false;
  const auto now = now_ms();
  s.talk.expire(now);
  if (s.talk.link() && (s.talk.busy() || s.another_wanted) && now - s.status_asked_ms >= status_interval_ms)
    ask_status(self);
  turn(self);
}

connection_actor::behavior_type connection(self_pointer self, connection_options options,
                                           dialer_actor dialer) {
  auto& s = self->state;
  s.dialer = std::move(dialer);
  s.book.emplace(options.seeds, options.first_seed);
  s.options = std::move(options);
  self->set_down_handler([=](caf::down_msg& down) { lost(self, down); });
  self->send(self, caf::flush_atom_v);
  s.flush_sent = true;
  return {
      [=](const client_answers& batch) {
        note_taken(self, batch);
        // What cannot be read is as good as lost; the deadlines of the calls take care of them.
        if (auto answers = decode_answers(batch.payload))
          self->state.talk.receive(std::move(*answers), now_ms());
        turn(self);
      },
      [=](call& c) -> caf::result<call_outcome> {
        auto& s = self->state;
        auto promise = self->make_response_promise<call_outcome>();
        if (s.closer) {
          promise.deliver(call_outcome{failure{failure_kind::unavailable, "the client was closed"}});
          return promise;
        }
        s.callers.emplace(s.talk.submit(std::move(c), now_ms()), promise);
        if (!std::exchange(s.flush_sent, true)) self->send(self, caf::flush_atom_v);
        return promise;
      },
      [=](caf::close_atom) -> caf::result<caf::ok_atom> {
        auto& s = self->state;
        s.closer = self->make_response_promise<caf::ok_atom>();
        auto promise = *s.closer;
        s.talk.close(now_ms());
        s.close_until_ms = now_ms() + close_within.count();
        turn(self);
        return promise;
      },
      [=](caf::flush_atom) {
        self->state.flush_sent = false;
        turn(self);
      },
      [=](caf::tick_atom) { tick(self); },
  };
}

} // namespace

connection_actor spawn_connection(caf::actor_system& system, connection_options options,
                                  dialer_actor dialer) {
  return system.spawn(connection, std::move(options), std::move(dialer));
}

} // namespace troupe::client
