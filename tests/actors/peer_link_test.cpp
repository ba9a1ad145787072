// A link that is up: who is let in, what passes, and what is bounded.

#include "tests/actors/link_stage.hpp"

namespace troupe::test {
namespace {

class peer_link_test : public link_stage {};

TEST_F(peer_link_test, answers_a_hello_with_its_own_and_is_up) {
  start(false);
  accept(hello(4));
  ASSERT_EQ(remote.count<link_hello>(), 1u);
  auto mine = remote.last<link_hello>();
  EXPECT_EQ(mine.from, "10.0.0.1:7000");
  EXPECT_EQ(mine.to, "10.0.0.2:7000");
  EXPECT_EQ(mine.incarnation, 11u);
  EXPECT_EQ(mine.connection, 4u);
  EXPECT_EQ(states(), bools{true});
}

TEST_F(peer_link_test, refuses_what_is_not_its_peer) {
  start(false);
  auto stranger = hello(1);
  stranger.from = "10.0.0.9:7000";
  auto newer = hello(1);
  newer.version = peer_protocol_version + 1;
  auto lost = hello(1);
  lost.to = "10.0.0.3:7000";
  for (auto& h : {stranger, newer, lost})
    accept(h);
  remote.tell(link, hello(1), caf::strong_actor_ptr{});
  s.run();
  EXPECT_EQ(remote.count<link_hello>(), 0u);
  EXPECT_EQ(remote.count<caf::error>(), 4u);
  EXPECT_TRUE(states().empty());
}

TEST_F(peer_link_test, the_side_that_dials_accepts_no_dial) {
  start(true);
  accept(hello(1));
  EXPECT_EQ(remote.count<link_hello>(), 0u);
  EXPECT_TRUE(states().empty());
}

TEST_F(peer_link_test, a_new_hello_replaces_the_connection) {
  accept_and_identify();
  states();
  accept(hello(2));
  EXPECT_EQ(states(), (bools{false, true}));
  receive(frame(1, 1));
  EXPECT_EQ(raft.count<peer_input>(), 0u) << "a frame of the old connection";
  receive(frame(1, 2));
  EXPECT_EQ(raft.count<peer_input>(), 0u) << "nobody knows yet who is there now";
  identify(1);
  receive(frame(2, 2));
  EXPECT_EQ(raft.count<peer_input>(), 0u) << "that was found out of the old connection";
  identify(2);
  receive(frame(3, 2));
  EXPECT_EQ(raft.count<peer_input>(), 1u);
}

TEST_F(peer_link_test, a_connection_from_before_the_first_tick_is_not_silent) {
  accept_and_identify();
  states();
  tick_to(1'000'000);
  EXPECT_TRUE(states().empty());
  tick_to(1'005'000);
  EXPECT_TRUE(states().empty());
  tick_to(1'005'001);
  EXPECT_EQ(states(), (bools{false}));
}

TEST_F(peer_link_test, passes_on_what_its_peer_says) {
  accept_and_identify();
  receive(frame(1));
  ASSERT_EQ(raft.count<peer_input>(), 1u);
  auto in = raft.last<peer_input>();
  EXPECT_EQ(in.from, node_id{"n2"});
  ASSERT_EQ(in.messages.size(), 1u);
  EXPECT_EQ(std::get<raft::message>(in.messages[0]), (raft::message{raft::vote_response{term_t{1}, true}}));
}

TEST_F(peer_link_test, drops_frames_of_others) {
  accept_and_identify();
  auto cluster = frame(1);
  cluster.cluster_low = 9;
  auto sender = frame(1);
  sender.from = "n3";
  auto receiver = frame(1);
  receiver.to = "n3";
  auto incarnation = frame(1);
  incarnation.incarnation = 98;
  auto connection = frame(1, 2);
  for (auto& f : {cluster, sender, receiver, incarnation, connection})
    receive(f);
  EXPECT_EQ(raft.count<peer_input>(), 0u);
  receive(frame(2));
  EXPECT_EQ(raft.count<peer_input>(), 1u);
}

TEST_F(peer_link_test, drops_frames_that_come_again) {
  accept_and_identify();
  receive(frame(1));
  receive(frame(2));
  receive(frame(2));
  receive(frame(1));
  EXPECT_EQ(raft.count<peer_input>(), 2u) << "a refusal of proposals has to mean that nobody took them";
  receive(frame(3));
  EXPECT_EQ(raft.count<peer_input>(), 3u);
}

TEST_F(peer_link_test, drops_frames_before_the_peer_was_checked) {
  start(false);
  accept(hello(1));
  receive(frame(1));
  EXPECT_EQ(raft.count<peer_input>(), 0u);
  send();
  EXPECT_EQ(remote.count<link_frame>(), 0u);
}

TEST_F(peer_link_test, bytes_that_are_no_messages_end_the_connection) {
  accept_and_identify();
  states();
  auto f = frame(1);
  f.payload += "x";
  receive(f);
  EXPECT_EQ(raft.count<peer_input>(), 0u);
  EXPECT_EQ(states(), bools{false});
  accept(hello(2));
  f = frame(1, 2);
  f.cluster_high = f.cluster_low = 0;
  receive(f);
  EXPECT_EQ(formation.count<formation_received>(), 0u);
  EXPECT_EQ(states(), (bools{true, false}));
}

TEST_F(peer_link_test, carries_formation_messages_before_names_are_known) {
  start(false);
  accept(hello(1));
  raft::formation_message m = raft::accepted_membership{members_of({"n1", "n2"})};
  formation.tell(link, link_send_formation{m});
  s.run();
  auto f = remote.last<link_frame>();
  EXPECT_EQ(f.cluster_high, 0u);
  EXPECT_EQ(f.cluster_low, 0u);
  EXPECT_EQ(f.incarnation, 11u);
  EXPECT_EQ(f.number, 1u);
  f.incarnation = theirs;
  receive(f);
  ASSERT_EQ(formation.count<formation_received>(), 1u);
  EXPECT_EQ(formation.last<formation_received>().address, "10.0.0.2:7000");
  EXPECT_EQ(formation.last<formation_received>().message, m);
}

TEST_F(peer_link_test, frames_are_addressed_numbered_and_split) {
  accept_and_identify();
  link_send out;
  for (int i = 0; i < 3; ++i)
    out.messages.push_back(forward_proposals{
        term_t{1}, {{entry_kind::command, {incarnation_t{1}, 1}, blob{std::string(600, 'x')}}}});
  raft.tell(link, out);
  s.run();
  auto frames = remote.all<link_frame>();
  ASSERT_EQ(frames.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(frames[i].number, i + 1);
    EXPECT_EQ(frames[i].connection, 1u);
    EXPECT_EQ(frames[i].from, "n1");
    EXPECT_EQ(frames[i].to, "n2");
    EXPECT_EQ((cluster_id{frames[i].cluster_high, frames[i].cluster_low}), (cluster_id{7, 8}));
  }
}

TEST_F(peer_link_test, a_full_window_of_frames_drops_until_acknowledged) {
  accept_and_identify();
  for (int i = 0; i < 9; ++i)
    send();
  EXPECT_EQ(remote.take<link_frame>().size(), 5u);
  acknowledge(2);
  for (int i = 0; i < 9; ++i)
    send();
  auto more = remote.take<link_frame>();
  ASSERT_EQ(more.size(), 2u);
  EXPECT_EQ(more[0].number, 6u) << "dropped frames take no number";
}

TEST_F(peer_link_test, a_full_window_of_bytes_drops_until_acknowledged) {
  accept_and_identify();
  send(6'000);
  send(6'000);
  EXPECT_EQ(remote.take<link_frame>().size(), 1u);
  acknowledge(1);
  send(6'000);
  EXPECT_EQ(remote.take<link_frame>().size(), 1u);
}

TEST_F(peer_link_test, proposals_without_room_are_refused_in_the_leaders_place) {
  accept_and_identify();
  for (int i = 0; i < 5; ++i)
    send();
  EXPECT_EQ(raft.count<peer_input>(), 0u);
  forward_proposals two{term_t{1},
                        {{entry_kind::command, {incarnation_t{11}, 21}, blob{"a"}},
                         {entry_kind::command, {incarnation_t{11}, 22}, blob{"b"}}}};
  raft.tell(link, link_send{{peer_message{two}, peer_message{raft::message{raft::vote_response{}}}}});
  s.run();
  EXPECT_EQ(remote.take<link_frame>().size(), 5u);
  ASSERT_EQ(raft.count<peer_input>(), 1u);
  const auto& told = raft.last<peer_input>();
  EXPECT_EQ(told.from, node_id{"n2"});
  ASSERT_EQ(told.messages.size(), 1u) << "the core repeats the other one";
  const auto& refusal = std::get<forward_refusal>(told.messages.front());
  EXPECT_EQ(refusal.asker, incarnation_t{11});
  EXPECT_EQ(refusal.numbers, (std::vector<std::uint64_t>{21, 22}));
  EXPECT_EQ(refusal.why, raft::refusal::overloaded);
}

TEST_F(peer_link_test, frames_that_come_back_acknowledge_too) {
  accept_and_identify();
  for (int i = 0; i < 9; ++i)
    send();
  auto f = frame(1);
  f.taken = 4;
  receive(f);
  remote.clear();
  for (int i = 0; i < 9; ++i)
    send();
  auto more = remote.take<link_frame>();
  ASSERT_EQ(more.size(), 4u);
  EXPECT_EQ(more[0].taken, 1u) << "and carry acknowledgements themselves";
}

TEST_F(peer_link_test, acknowledgements_of_others_count_for_nothing) {
  accept_and_identify();
  for (int i = 0; i < 5; ++i)
    send();
  remote.clear();
  remote.tell(link, link_ack{98, 1, 5});
  remote.tell(link, link_ack{theirs, 2, 5});
  s.run();
  send();
  EXPECT_EQ(remote.count<link_frame>(), 0u);
  acknowledge(UINT64_MAX); // claims more than was sent
  send();
  EXPECT_EQ(remote.count<link_frame>(), 1u);
}

TEST_F(peer_link_test, a_silent_receiver_still_acknowledges_now_and_then) {
  accept_and_identify();
  for (std::uint64_t n = 1; n <= 200; ++n)
    receive(frame(n));
  auto acks = remote.all<link_ack>();
  EXPECT_GE(acks.size(), 3u);
  EXPECT_LE(acks.size(), 20u);
  EXPECT_GE(acks.back().number, 136u);
  EXPECT_EQ(acks.back().incarnation, 11u);
}

TEST_F(peer_link_test, when_the_other_side_dies_the_link_is_down_and_drops) {
  accept_and_identify();
  states();
  remote_down();
  EXPECT_EQ(states(), bools{false});
  send();
  EXPECT_EQ(remote.count<link_frame>(), 0u);
  tick_to(100'000);
  EXPECT_EQ(dialer.log().size(), 0u) << "this side does not dial at once";
  accept(hello(2));
  EXPECT_EQ(states(), bools{true});
}

} // namespace
} // namespace troupe::test
