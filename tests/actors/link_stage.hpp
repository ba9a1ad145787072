#pragma once

// A link with a dialer, a remote node, a formation actor and a Raft actor that only record.

#include "actors/peer_link.hpp"
#include "raft/formation_archive.hpp"
#include "tests/actors/samples.hpp"
#include "tests/actors/stage.hpp"

namespace troupe::test {

class link_stage : public testing::Test {
protected:
  static constexpr std::uint64_t theirs = 99; ///< incarnation of the other side

  void start(bool dials) {
    peer_link_options o;
    o.self_address = "10.0.0.1:7000";
    o.peer_address = "10.0.0.2:7000";
    o.peer_host = "10.0.0.2";
    o.peer_port = 7000;
    o.dials = dials;
    o.incarnation = incarnation_t{11};
    o.backoff_min_ms = 50;
    o.backoff_max_ms = 500;
    o.window_bytes = 10'000;
    o.window_frames = 5;
    o.frame_bytes = 1'000;
    link = s.spawn(peer_link, o, dialer.as<dialer_actor>(), formation.as<formation_actor>(),
                   raft.as<raft_actor>());
  }
  void tick_to(std::int64_t ms) {
    now = ms;
    raft.tell(link, at_ms(ms));
    s.run();
  }
  link_hello hello(std::uint64_t connection) const {
    return {peer_protocol_version, "10.0.0.2:7000", "10.0.0.1:7000", theirs, connection};
  }
  /// The other side dials.
  void accept(link_hello h) {
    remote.tell(link, h, remote.pointer());
    s.run();
  }
  void accept_and_identify() {
    start(false);
    accept(hello(1));
    identify();
  }
  /// As the formation actor does for the nth connection.
  void identify(std::uint64_t serial = 1) {
    formation.tell(link,
                   link_identity{cluster_id{7, 8}, node_id{"n1"}, node_id{"n2"}, storage_id{5, 6}, serial});
    s.run();
  }
  link_frame frame(std::uint64_t number, std::uint64_t connection = 1) const {
    link_frame f{theirs, connection, number, 0, 7, 8, "n2", "n1", {}};
    f.payload = encode_peer_messages({raft::message{raft::vote_response{term_t{number}, true}}});
    return f;
  }
  void receive(link_frame f) {
    remote.tell(link, std::move(f));
    s.run();
  }
  void send(std::size_t bytes = 10) {
    forward_proposals p{term_t{1},
                        {{entry_kind::command, {incarnation_t{1}, 1}, blob{std::string(bytes, 'x')}}}};
    raft.tell(link, link_send{{p}});
    s.run();
  }
  void acknowledge(std::uint64_t number) {
    remote.tell(link, link_ack{theirs, 1, number});
    s.run();
  }
  void remote_down() {
    remote.tell(link, caf::down_msg{remote.pointer()->address(), caf::exit_reason::remote_link_unreachable});
    s.run();
  }
  /// Answers what the dialer was asked last, then the hello.
  void dial_answered() {
    dialer.reply(dialer.log().back(), remote.pointer());
    s.run();
  }
  std::vector<bool> states() {
    std::vector<bool> out;
    for (auto& l : formation.take<link_state>())
      out.push_back(l.up);
    return out;
  }
  using bools = std::vector<bool>;

  std::int64_t now = 0;
  stage s;
  probe dialer{s};
  probe formation{s};
  probe raft{s};
  probe remote{s};
  peer_link_actor link;
};

} // namespace troupe::test
