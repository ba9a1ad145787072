#include "tests/sim/network.hpp"

#include "base/archive.hpp"
#include "raft/formation_archive.hpp"

#include <stdexcept>

namespace troupe::simulation {

namespace {

/// As the middleman's heartbeats have it (net/middleman.cpp).
constexpr std::int64_t silence_ms = 2'000;

} // namespace

unsigned network::add(station s) {
  stations_.push_back(std::move(s));
  views_.assign(stations_.size() * stations_.size(), {});
  return static_cast<unsigned>(stations_.size() - 1);
}

void network::change(unsigned who, unsigned peer, bool up) {
  auto& v = at(who, peer);
  if (v.up == up) return;
  v.up = up;
  v.identified = false;
  if (stations_[who].runs()) stations_[who].link_changed(peer, up, v.connection);
}

void network::connect(unsigned a, unsigned b) {
  ++connections_;
  for (auto [who, peer] : {std::pair{a, b}, std::pair{b, a}}) {
    change(who, peer, false);
    auto& v = at(who, peer);
    v.connection = connections_;
    v.heard_ms = v.busy_until_ms = time_.now();
    change(who, peer, true);
  }
}

/// An end that no longer hears the other one, or hears that the connection is no more, goes down.
void network::notice_silence(unsigned who, unsigned peer) {
  auto& v = at(who, peer);
  if (!v.up || stations_[who].paused()) return;
  bool hears = !is_cut(peer, who) && !is_cut(who, peer);
  bool there = stations_[peer].runs();
  if (hears && there && !stations_[peer].paused()) {
    auto& other = at(peer, who);
    if (!other.up || other.connection != v.connection) return change(who, peer, false);
    v.heard_ms = time_.now();
    return;
  }
  if (hears && !there) return change(who, peer, false);
  if (time_.now() - v.heard_ms > silence_ms) change(who, peer, false);
}

void network::maintain() {
  for (unsigned a = 0; a < stations_.size(); ++a)
    for (unsigned b = 0; b < stations_.size(); ++b)
      if (a != b && stations_[a].runs()) notice_silence(a, b);
  for (unsigned a = 0; a < stations_.size(); ++a)
    for (unsigned b = a + 1; b < stations_.size(); ++b) {
      bool reachable = stations_[a].runs() && stations_[b].runs() && !stations_[a].paused() &&
                       !stations_[b].paused() && !is_cut(a, b) && !is_cut(b, a);
      if (reachable && (!at(a, b).up || !at(b, a).up) && random_.one_in(2)) connect(a, b);
    }
}

void network::gone(unsigned who) {
  for (unsigned peer = 0; peer < stations_.size(); ++peer)
    at(who, peer) = {};
}

bool network::usable(unsigned from, unsigned to, std::uint64_t life) {
  return stations_[from].runs() && stations_[from].life() == life && at(from, to).up;
}

void network::send(unsigned from, unsigned to, std::uint64_t life, const link_send& out) {
  if (!usable(from, to, life) || !at(from, to).identified) return;
  for (auto& m : out.messages)
    if (auto* body = std::get_if<raft::message>(&m)) watch(from, to, *body);
  launch({from, to, at(from, to).connection, false, encode_peer_messages(out.messages)});
}

void network::send_formation(unsigned from, unsigned to, std::uint64_t life, raft::formation_message m) {
  if (!usable(from, to, life)) return;
  launch({from, to, at(from, to).connection, true, encode(m)});
}

void network::identified(unsigned from, unsigned to, std::uint64_t life, const link_identity& who) {
  auto& v = at(from, to);
  if (!usable(from, to, life) || v.connection != who.serial) return;
  v.identified = static_cast<bool>(who.peer);
  v.storage = who.storage;
}

void network::closed(unsigned from, unsigned to, std::uint64_t life) {
  if (usable(from, to, life)) at(from, to) = {};
}

std::string network::describe() {
  std::string out;
  for (unsigned a = 0; a < stations_.size(); ++a)
    for (unsigned b = 0; b < stations_.size(); ++b) {
      if (a == b || !stations_[a].runs()) continue;
      auto& v = at(a, b);
      out += std::to_string(a + 1) + "-" + std::to_string(b + 1) + (v.up ? " up" : " down") +
             (v.identified ? ", identified; " : "; ");
    }
  return out;
}

void network::launch(frame f) {
  if (is_cut(f.from, f.to)) return seen_.reached("frame lost in a partition");
  if (loses()) return seen_.reached("frame lost");
  auto time = time_.now() + delay();
  auto& v = at(f.from, f.to);
  if (!weather_.reorders) time = std::max(time, v.busy_until_ms);
  if (time < v.busy_until_ms) seen_.reached("frame overtaken");
  v.busy_until_ms = std::max(v.busy_until_ms, time);
  if (random_.permille(weather_.repeated_permille)) {
    seen_.reached("frame repeated");
    time_.at(time + random_.between(0, 3 * weather_.delay_max_ms), [this, f] { arrive(f, true); });
  }
  time_.at(time, [this, f = std::move(f)] { arrive(f, false); });
}

void network::arrive(const frame& f, bool repeated) {
  auto& v = at(f.to, f.from);
  if (is_cut(f.from, f.to) || !stations_[f.to].runs() || !v.up || v.connection != f.connection) return;
  v.heard_ms = time_.now();
  if (f.formation) {
    auto message = decode<raft::formation_message>(f.payload, "formation message");
    if (!message) throw std::logic_error("a formation message does not survive its encoding");
    stations_[f.to].receive_formation(f.from, std::move(*message));
    return;
  }
  if (!v.identified) return;
  auto messages = decode_peer_messages(f.payload);
  if (!messages) throw std::logic_error("peer messages do not survive their encoding");
  // Links drop what is repeated (actors/peer_link.hpp), but the core claims to bear it.
  if (repeated) std::erase_if(*messages, [](auto& m) { return !std::holds_alternative<raft::message>(m); });
  if (!messages->empty()) stations_[f.to].receive(f.from, v.storage, std::move(*messages));
}

} // namespace troupe::simulation
